/* The last C before user mode, on every way out. */
#ifndef KERNEL_RETURN_H
#define KERNEL_RETURN_H

#include "kernel/process.h"

/* Does the pending work until there is none. Interrupts off before and after; returns only if tf is
 * as the entry pushed it but for eax, and leaves to user mode itself otherwise. */
void return_work(struct thread *thread, struct trapframe *tf);

/*
 * Leaves interrupts off for the gate, with no work pending for the running thread. Returns only if
 * tf is as the entry pushed it but for eax, so that a door's own exit may be taken.
 */
static inline void return_to_user(struct thread *thread, struct trapframe *tf)
{
    interrupts_disable();
    if (unlikely(thread->work))
        return_work(thread, tf);
}

#endif
