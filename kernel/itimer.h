/* Interval timers (setitimer(2)). */
#ifndef KERNEL_ITIMER_H
#define KERNEL_ITIMER_H

#include "kernel/timer.h"

struct process;

/* Counts a process's CPU time down: nanoseconds until the signal, 0 disarmed. */
struct cpu_itimer {
    uint64_t left, interval;
};

/* What a process's real_timer fires. */
void itimer_ring(struct timer *timer);

/* From the timer interrupt: the running process used a tick, in user mode or in the kernel. */
void itimer_tick(struct process *process, bool from_user);

#endif
