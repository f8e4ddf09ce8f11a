/* The PS/2 keyboard: scan code set 1, United States layout. */
#ifndef ARCH_I386_KEYBOARD_H
#define ARCH_I386_KEYBOARD_H

/* Empties the controller's buffer. */
void keyboard_init(void);

/* From line 1: gives what was typed to the console. */
void keyboard_interrupt(void);

#endif
