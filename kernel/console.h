/*
 * The console: output to the serial port and the screen, input from the serial port and the
 * keyboard through a terminal's line discipline (termios(3), "Canonical and noncanonical mode").
 *
 * In canonical mode a line can be edited until its newline: Backspace (8 or 0x7f) erases a
 * character, Ctrl-U the line, Ctrl-D ends it without a newline, and at a line's start is the end of
 * the input. A line has at most 4095 characters and its end; what is typed beyond that rings the
 * bell. Other control characters are input like any other, and echo as ^X.
 */
#ifndef KERNEL_CONSOLE_H
#define KERNEL_CONSOLE_H

#include "arch/i386/types.h"

struct console_modes {
    bool canonical; /* ICANON: input becomes ready line by line, not byte by byte */
    bool echo;      /* ECHO */
    bool map_cr;    /* ICRNL: a return that is typed becomes a newline */
};

/* Sets up serial port and screen, all modes on. Once, before anything is written. */
void console_init(void);

/* Writes bytes; a newline also returns the carriage. Any context. */
void console_write(const char *bytes, size_t length);

/* One character as it was typed. From input interrupts, interrupts off. */
void console_input(char c);

/*
 * True while a device that can hold its input back is to do so: the buffer is full, and what a
 * reader takes will make room. console_take() then asks the serial port again. Interrupts off.
 */
bool console_full(void);

/* Has wake() run, interrupts off, whenever input has become ready. Once. */
void console_on_input(void (*wake)(void));

/* How input is treated from now on; a line that is being typed becomes ready if canonical goes. Any
 * context. */
struct console_modes console_get_modes(void);
void console_set_modes(struct console_modes modes);

/* True if console_take() would give something, or an end of the input. Any context. */
bool console_ready(void);

/*
 * Takes up to size > 0 bytes of the input that is ready, in canonical mode of its first line; the
 * rest stays. How many; 0 at an end of the input; -EAGAIN if nothing is ready. Any context.
 */
ssize_t console_take(char *bytes, size_t size);

#endif
