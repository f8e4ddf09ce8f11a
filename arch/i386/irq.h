/* Interrupt lines: the PICs' sixteen, each with its driver's handler. */
#ifndef ARCH_I386_IRQ_H
#define ARCH_I386_IRQ_H

#include "arch/i386/types.h"

/* Sets up PICs, timer, serial and keyboard input. Interrupts stay off. */
void irq_init(void);

#define NR_IRQS 16

/* How often each line has interrupted; what its device is called, NULL if it has none. */
extern uint32_t irq_counts[NR_IRQS];
const char *irq_name(unsigned irq);

/* Runs the handler of the vector of an interrupt from user mode or the kernel; interrupts off. */
void irq_dispatch(uint32_t vector, bool from_user);

#endif
