/*
 * The scheduler: round robin, one queue, a time slice of one tick. A thread gives up the CPU when
 * it sleeps, when it yields, and on its way back to user mode after its slice; never elsewhere in
 * the kernel.
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include "kernel/process.h"

/* Makes the calling context the boot CPU's idle thread. */
void sched_init(struct thread *idle);

/* Any context. Puts a thread that is not queued at the end of the run queue. */
void sched_wake(struct thread *thread);

/* True if nothing else could run. Any context. */
bool sched_is_alone(void);

/* Thread context. Runs the next thread; returns when the caller runs again, at once if it is
 * runnable and alone. Keeps the caller's interrupt flag. */
void sched_switch(void);

/* Thread context, in the midst of long work that can bear others in between: runs them if the
 * caller's time slice is over. False if the caller is to end, and the work with it. */
bool sched_pause(void);

/* A new thread's first step, interrupts off: what sched_switch() does when it comes back. */
void sched_begin(void);

/* From the timer interrupt: runs timers, ends slices. */
void sched_tick(void);

/* The idle loop: halts while nothing is runnable. */
_Noreturn void sched_idle(void);

/* Thread context: the caller never runs again; its thread is freed by whoever runs next. */
_Noreturn void sched_die(void);

#endif
