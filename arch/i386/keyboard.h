/*
 * The PS/2 keyboard behind an 8042 controller: scan code set 1, United States layout (IBM PS/2
 * technical reference, "Keyboard and Auxiliary Device Controller").
 */
#ifndef ARCH_I386_KEYBOARD_H
#define ARCH_I386_KEYBOARD_H

#include "arch/i386/types.h"

/*
 * Empties the controller, and has it translate to set 1 and interrupt for each key. Where there is
 * no controller, nothing. Once, after pic_init(), interrupts off.
 */
void keyboard_init(void);

/*
 * From line 1: gives what was typed to the console. Enter is a return, Backspace DEL (0x7f), a
 * letter with Ctrl its control code, keys that move the cursor what an xterm sends. Interrupts off.
 */
void keyboard_interrupt(void);

#endif
