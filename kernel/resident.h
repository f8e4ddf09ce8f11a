/*
 * Calls that the gate page answers itself, without a CR3 write (resident=on).
 *
 * The answers of the running thread lie in the CPU's page of the gate region (CPU_RESIDENT), which
 * every directory maps anyway: what resident=on exposes more is the words in it, and they are what
 * the running program may know by asking. Calls that would have to write to user memory are not
 * among them: ring 0 must not follow a user's pointer on the user's own directory.
 */
#ifndef KERNEL_RESIDENT_H
#define KERNEL_RESIDENT_H

#include "trampoline/gate.h"

struct process;
struct thread;

/* All answers unknown. Once, at boot. */
void resident_init(void);

/* Puts the answers for thread, which runs or is about to, in their place: at a switch to it, and
 * when one of them has changed. Interrupts off. */
void resident_update(const struct thread *thread);

/* An id of process, or whether it is watched, is another one now. Thread context. */
void resident_changed(const struct process *process);

/* Until resident_update() every call goes to the kernel. Any context. */
static inline void resident_stop(void)
{
    gate_words(0)->resident_limit = 0;
}

/* Another thread became runnable: sched_yield is no longer nothing. Any context. */
void resident_not_alone(void);

#endif
