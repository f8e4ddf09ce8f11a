/* Interrupt lines: the PICs' sixteen, each with its driver's handler. */
#ifndef ARCH_I386_IRQ_H
#define ARCH_I386_IRQ_H

#include "arch/i386/types.h"

/* Sets up PICs, timer, serial and keyboard input. Interrupts stay off. */
void irq_init(void);

/* Runs the handler of the vector of an interrupt from user mode or the kernel; interrupts off. */
void irq_dispatch(uint32_t vector, bool from_user);

#endif
