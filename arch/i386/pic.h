/* The pair of 8259A interrupt controllers (Intel 8259A data sheet). Interrupts off. */
#ifndef ARCH_I386_PIC_H
#define ARCH_I386_PIC_H

#include "arch/i386/types.h"

/* Puts lines 0-15 at VECTOR_IRQ and masks them all. */
void pic_init(void);

/* Unmasks a line. */
void pic_enable(unsigned irq);

/* At the start of a line's interrupt: false if it was spurious, and nothing else is to be done. */
bool pic_begin(unsigned irq);

/* At its end: lets the line interrupt again. */
void pic_end(unsigned irq);

/* True if a line has asked for an interrupt that was not taken yet. */
bool pic_pending(unsigned irq);

#endif
