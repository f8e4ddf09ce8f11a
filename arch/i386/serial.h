/* The first serial port, COM1: a 16550 at 115200 8n1 (TI PC16550D data sheet). */
#ifndef ARCH_I386_SERIAL_H
#define ARCH_I386_SERIAL_H

#include "arch/i386/types.h"

/*
 * Sets the port up, with its receive interrupt on. A byte that has already arrived is kept. Where
 * there is no port, everything else here does nothing. Once, interrupts off.
 */
void serial_init(void);

/* Sends one byte as it is, after waiting for room: at most about a second. Any context. */
void serial_write(char c);

/* The next byte that has arrived, 0 to 255, or -1 if there is none. Interrupts off. */
int serial_read(void);

/*
 * From line 4: gives what has arrived to the console, as far as there is room. Also once after
 * pic_init(), interrupts off: the PIC waits for the line to rise, and a byte that came earlier
 * holds it high until it is read.
 */
void serial_interrupt(void);

#endif
