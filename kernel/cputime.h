/*
 * What CPU time threads and processes have used, in ticks of the timer: each tick is charged to the
 * thread that it interrupted, as user or as system time.
 */
#ifndef KERNEL_CPUTIME_H
#define KERNEL_CPUTIME_H

#include "kernel/abi.h"

struct cputime {
    uint32_t user, system; /* ticks */
};

struct process;

/* All ticks since boot: in which no thread ran, and in which one did. */
extern uint32_t cputime_idle;
extern struct cputime cputime_all;

/* From the timer interrupt: from_user tells what the running thread was doing. */
void cputime_tick(bool from_user);

/* Adds what child and its own reaped children have used to parent's account; when parent waits for
 * it. */
void cputime_reap(struct process *parent, const struct process *child);

/* As getrusage(2) and wait4(2) give it. What is not counted is 0. */
struct rusage cputime_usage(struct cputime time);

/* What a process that is reaped has used, with its own reaped children. */
struct cputime cputime_total(const struct process *process);

/* Nanoseconds. */
uint64_t cputime_sum(struct cputime time);

#endif
