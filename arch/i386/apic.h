/*
 * The local APIC as an instrument: interrupts and NMIs at an exact instruction of an icount run.
 * The kernel itself needs none of it, so it stays off unless the knob sweep= asks for it.
 */
#ifndef ARCH_I386_APIC_H
#define ARCH_I386_APIC_H

#include "arch/i386/types.h"

/*
 * Maps the registers at LOCAL_APIC and turns the APIC on, with the PICs' interrupts passed through.
 * False if this CPU has none. Between memory_init() and memory_seal().
 */
bool apic_init(void);

/*
 * One event in count bus cycles, which are instructions in an icount run: an interrupt of that
 * vector, or VECTOR_NMI. A count of 0 takes back what has not come yet.
 */
void apic_arm(uint32_t vector, uint32_t count);

/* Asks for an interrupt of that vector now; it comes when interrupts are on. */
void apic_send(uint32_t vector);

/* True if the interrupt of vector is the APIC's and not a PIC's; then it is acknowledged. */
bool apic_take(uint32_t vector);

#endif
