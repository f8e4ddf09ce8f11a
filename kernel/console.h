/*
 * The console: the serial port and the screen as one device, which printk() writes to as it is and
 * which is the terminal console_tty for everybody else (kernel/tty.h).
 */
#ifndef KERNEL_CONSOLE_H
#define KERNEL_CONSOLE_H

#include "arch/i386/types.h"

/* Sets up serial port, screen and terminal. Once, before anything is written. */
void console_init(void);

/* Writes bytes; a newline also returns the carriage. Any context. */
void console_write(const char *bytes, size_t length);

/* One character as it was typed. From input interrupts, interrupts off. */
void console_input(char c);

/*
 * True while a device that can hold its input back is to do so: the buffer is full, and what a
 * reader takes will make room. The serial port is asked again then. Interrupts off.
 */
bool console_full(void);

#endif
