/* The last C before user mode, on every way out. */
#ifndef KERNEL_RETURN_H
#define KERNEL_RETURN_H

#include "kernel/process.h"

/* Does the pending work until there is none. Interrupts off before and after. */
bool return_work(struct thread *thread, struct trapframe *tf);

/*
 * Leaves interrupts off for the gate, with no work pending for the running thread. Returns true if
 * tf is as the entry pushed it but for eax, so that a door's own exit may be taken.
 */
static inline bool return_to_user(struct thread *thread, struct trapframe *tf)
{
    interrupts_disable();
    return likely(!thread->work) ? true : return_work(thread, tf);
}

#endif
