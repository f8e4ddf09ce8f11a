/* The first serial port, COM1: a 16550 at 115200 8n1 (TI PC16550D data sheet). */
#ifndef ARCH_I386_SERIAL_H
#define ARCH_I386_SERIAL_H

#include "arch/i386/types.h"

/* Sets the port up. Where there is none, everything else here does nothing. */
void serial_init(void);

/* Sends one byte, after waiting for room. Any context. */
void serial_write(char c);

/* From line 4: gives what has arrived to the console. */
void serial_interrupt(void);

#endif
