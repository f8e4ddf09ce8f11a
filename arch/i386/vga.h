/* The VGA text screen, 80 by 25. Any context, interrupts off. */
#ifndef ARCH_I386_VGA_H
#define ARCH_I386_VGA_H

void vga_init(void);

/* One character: printable, or newline, return, backspace, tab. Escape sequences are swallowed. */
void vga_write(char c);

#endif
