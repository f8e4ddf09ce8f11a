/* The pair of 8259A interrupt controllers (Intel 8259A data sheet). Interrupts off throughout. */
#ifndef ARCH_I386_PIC_H
#define ARCH_I386_PIC_H

#include "arch/i386/types.h"

/*
 * Puts lines 0-15 at VECTOR_IRQ and masks them all. A line that is high now has to fall and rise
 * again before it interrupts: the controllers forget edges. Once.
 */
void pic_init(void);

/* Unmasks a line, 0 to 15. */
void pic_enable(unsigned irq);

/* At the start of a line's interrupt: false if it was spurious, and nothing else is to be done. */
bool pic_begin(unsigned irq);

/* At the end of one that was not: lets the line interrupt again. */
void pic_end(unsigned irq);

/* True if a line has asked for an interrupt that was not taken yet, masked or not. */
bool pic_pending(unsigned irq);

#endif
