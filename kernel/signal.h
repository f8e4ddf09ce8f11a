/*
 * Signals: who may be sent one, what is pending, and what a thread does about it on its way back to
 * user mode (signal(7)).
 *
 * A signal is pending for a thread or for its process; any thread of the process that does not
 * block it may take the latter. Thread context, but for the functions that say otherwise.
 */
#ifndef KERNEL_SIGNAL_H
#define KERNEL_SIGNAL_H

#include "kernel/signal_pending.h"

struct process;
struct thread;
struct trapframe;

/* The handlers, shared by the threads of a process and by what CLONE_SIGHAND made. */
struct sighand {
    unsigned references;
    struct sigaction actions[NSIG];
};

struct sighand *sighand_create(void);
struct sighand *sighand_clone(const struct sighand *sighand);
void sighand_get(struct sighand *sighand);
void sighand_put(struct sighand *sighand);

/* For exec: handlers become the default, what is ignored stays so. */
void sighand_reset(struct sighand *sighand);

/* Sends info->signo to a process or to one thread. 0; -EAGAIN if a real-time signal cannot be
 * queued. */
int signal_send(struct process *process, const struct siginfo *info);
int signal_send_thread(struct thread *thread, const struct siginfo *info);

/* For sigaction: what is pending and ignored from now on is gone. */
void signal_forget_ignored(struct process *process, int signal);

/* For rt_sigreturn: the alternate stack as it was before the handler. */
void signal_restore_altstack(const struct sigaltstack *stack);

/* From the kernel, about nothing in particular (SI_KERNEL); a group is every process in it. Any
 * context. */
void signal_raise(struct process *process, int signal);
void signal_raise_thread(struct thread *thread, int signal);
void signal_raise_group(int32_t group, int signal);

/* For the calling thread: a fault of its own. If the signal is blocked or ignored, it is fatal. */
void signal_force(const struct siginfo *info);

/* The calling thread's set of blocked signals. */
void signal_set_blocked(sigset_t blocked);

/* Until the thread is back in user mode or a handler runs, after which the present set returns: for
 * calls that take a mask (sigsuspend, ppoll, pselect). */
void signal_set_temporary_mask(sigset_t blocked);

/* True if the calling thread ignores or blocks signal: what the terminal asks (SIGTTOU, SIGTTIN).
 */
bool signal_is_ignored_or_blocked(int signal);

/* The calling thread takes a pending signal of set, blocked or not: its number, or 0. */
int signal_take(sigset_t set, struct siginfo *info);

/* Pending signals, restarts of interrupted calls, stops: on the way to user mode, interrupts on.
 * Returns only if the thread is to live on. */
void signal_deliver(struct thread *thread, struct trapframe *tf);

/* Makes every thread of process look for signals; any context. */
void signal_wake_all(struct process *process);

/* A thread has left process: what it was woken for is for the others to take. */
void signal_thread_left(struct process *process);

/* --- the frame, arch/i386/signal_frame.c ----------------------------------------------------- */

/* Makes tf run the handler of action for info, with mask to be restored after. -EFAULT if the
 * user's stack cannot hold the frame. */
int signal_frame_push(struct trapframe *tf, const struct sigaction *action,
                      const struct siginfo *info, sigset_t mask);

/* Moves tf back to the instruction that made the call; false if there is no telling where it is. */
bool signal_frame_rewind(struct trapframe *tf);

#endif
