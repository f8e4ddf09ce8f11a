/*
 * ipc=direct, the kernel's side: which threads the gate page may switch between on its own, and
 * what the kernel makes of it afterwards (kernel/ipc_direct.c).
 */
#ifndef KERNEL_IPC_DIRECT_H
#define KERNEL_IPC_DIRECT_H

#include "arch/i386/types.h"

struct endpoint;
struct thread;

/* The running thread, about to sleep in a call that server has received, or as the only receiver of
 * its endpoint: lets the gate page end that sleep, if both sides are fit for it. */
void direct_arm_caller(struct thread *self, struct thread *server);
void direct_arm_server(struct thread *self);

/* Somebody waits in a queue of endpoint now: its servers must ask the kernel who is next. */
void direct_crowd(const struct endpoint *endpoint);

/* A thread with a slot no longer sleeps in a message: its trapframe is brought up to date. */
void direct_disarm(struct thread *thread);

/* A thread with a slot was woken by something else than a message, perhaps. Interrupts off. */
void direct_suspend(struct thread *thread);

/* What thread was allowed must be asked for again: its settings have changed. */
void direct_forget(struct thread *thread);

/* A descriptor of an endpoint was closed or replaced: so for every thread. */
void direct_forget_all(void);

/* thread, the running one, ends, runs a new program or wants no direct messages any more. Its slot
 * is free again. */
void direct_leave(struct thread *thread);

/*
 * At an entry from user mode or from the gate page, by a thread that the kernel believes asleep:
 * the gate page has switched since the kernel ran last. Makes the kernel believe what is so.
 * Interrupts off, or in thread context.
 */
void direct_settle(struct thread *running);

#endif
