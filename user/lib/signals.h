/*
 * Signals for tests: handlers and masks in one line, and the kernel's own structures where the C
 * library would stand between.
 */
#ifndef USER_LIB_SIGNALS_H
#define USER_LIB_SIGNALS_H

#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include "user/lib/syscall.h"

/* What rt_sigaction(2) takes; the C library's has another order and always a restorer. */
struct kernel_sigaction {
    void *handler;
    uint32_t flags;
    void *restorer;
    uint32_t mask[2];
};

/* What the old sigaction(2), number 67, takes. */
struct old_sigaction {
    void *handler;
    uint32_t mask;
    uint32_t flags;
    void *restorer;
};

#define SIGSET_SIZE 8u /* of the kernel's set in bytes */

/* A bit of the kernel's set, for signals 1 to 32. */
#define SIGNAL_BIT(signal) (1u << ((signal)-1))

typedef void signal_handler(int signal, siginfo_t *info, void *context);

/* Installs handler with SA_SIGINFO, flags and an empty mask. */
void signal_catch(int signal, int flags, signal_handler *handler);

/* SIG_DFL or SIG_IGN. */
void signal_dispose(int signal, void (*disposition)(int));

/* The set with this one signal. */
sigset_t signal_set(int signal);

/* Changes the mask by one signal: SIG_BLOCK or SIG_UNBLOCK. */
void signal_mask(int how, int signal);

/* Whether signal is blocked, or pending. */
int signal_blocked(int signal);
int signal_pending(int signal);

/*
 * A child that sends this process signal every few milliseconds until nudge_stop(), so that one of
 * them comes while a call sleeps, however slow the machine.
 */
pid_t nudge_start(int signal);
void nudge_stop(pid_t nudger);

#endif
