/*
 * The sweep: interrupts and NMIs at chosen instructions (postern_strike), and the record of where
 * in the gate page any has ever struck, from which coverage is proved. Off unless sweep=on.
 */
#ifndef KERNEL_SWEEP_H
#define KERNEL_SWEEP_H

#include "kernel/fs/text.h"
#include "trampoline/gate.h"

/* True once sweep_init() found an APIC. */
extern bool sweep_on;

/* Between memory_init() and memory_seal(). */
void sweep_init(void);

/* An interrupt or NMI struck eip. Interrupts off. */
void sweep_record(uint32_t vector, uint32_t eip, uint32_t cs);

/* One line for each instruction that was struck: gate variant, "nmi" or "irq", offset in the page.
 */
void sweep_show(struct text *text);

#endif
