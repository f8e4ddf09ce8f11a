/*
 * Signals that wait for a thread or for its process: standard signals once, real-time signals as
 * often as they were sent, each with what it says (kernel/signal_pending.c).
 */
#ifndef KERNEL_SIGNAL_PENDING_H
#define KERNEL_SIGNAL_PENDING_H

#include "kernel/abi_signal.h"
#include "kernel/list.h"

struct queued_signal {
    struct list link;
    struct siginfo info;
};

struct signal_pending {
    sigset_t set;
    struct list infos;
    struct queued_signal first; /* in infos unless its signo is 0; the others are the heap's */
};

void signal_pending_init(struct signal_pending *pending);
void signal_pending_flush(struct signal_pending *pending);

/* info may be NULL: the signal comes from the kernel and has nothing to say; any context then. 0,
 * or -EAGAIN: there is no room for what a real-time signal says. */
int signal_pending_add(struct signal_pending *pending, int signal, const struct siginfo *info);

/* Takes signal, which is in the set, out of pending, with what it says. */
void signal_pending_take(struct signal_pending *pending, int signal, struct siginfo *info);

/* Forgets the signals of set. Any context. */
void signal_pending_remove(struct signal_pending *pending, sigset_t set);

/* How many of them say something. */
uint32_t signal_pending_count(const struct signal_pending *pending);

#endif
