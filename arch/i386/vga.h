/* The VGA text screen, 80 by 25 (IBM VGA technical reference: CRT controller, text memory). */
#ifndef ARCH_I386_VGA_H
#define ARCH_I386_VGA_H

/* Clears the screen and shows the cursor. Once, when the direct map reaches 1 MiB. */
void vga_init(void);

/*
 * One character: printable (code page 437), newline, return, backspace or tab. Other control
 * characters and whole escape sequences (ECMA-48 CSI) are swallowed. A full line wraps when the
 * next character comes, not before. Interrupts off.
 */
void vga_write(char c);

#endif
