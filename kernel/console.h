/*
 * The console: output to the serial port and the screen, input from the serial port and the keyboard
 * through a terminal's line discipline.
 */
#ifndef KERNEL_CONSOLE_H
#define KERNEL_CONSOLE_H

#include "arch/i386/types.h"

void console_init(void);

/* Writes bytes; a newline also returns. Any context. */
void console_write(const char *bytes, size_t length);

/* From input interrupts: one character as it was typed. */
void console_input(char c);

/* Runs wake() whenever a line, or the end of the input, has become ready. */
void console_on_input(void (*wake)(void));

/* True if console_take() would give something. Any context. */
bool console_ready(void);

/* Up to size bytes of the first line that is ready; 0 at an end of input; -EAGAIN if none is. */
ssize_t console_take(char *bytes, size_t size);

#endif
