/*
 * Signals as a process sees them: masks, what is pending, what is lost, what waits for them, and
 * what fork and exec keep. The other halves: signal_info.c, signal_handler.c, signal_stack.c,
 * signal_frame.c, signal_restart.c, signal_errors.c.
 *
 * Rule: signal(7) and the calls' manual pages. A broken kernel queues standard signals or loses
 * real-time ones, delivers in the wrong order, forgets to put the mask back after sigsuspend, or
 * gives a child what was pending for its parent.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/signals.h"
#include "user/lib/spawn.h"

#define SECONDS_TO_HANG 60

static volatile int calls, order[16], values[16];
static siginfo_t last;
static sigset_t mask_within, mask_saved;

static void record(int signal, siginfo_t *info, void *context)
{
    order[calls & 15] = signal;
    values[calls & 15] = info->si_value.sival_int;
    calls++;
    last = *info;
    mask_saved = ((ucontext_t *)context)->uc_sigmask;
    sigprocmask(SIG_SETMASK, NULL, &mask_within);
}

static void catch_with_full_mask(int signal)
{
    struct sigaction action = {.sa_sigaction = record, .sa_flags = SA_SIGINFO};

    sigfillset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

static void queue(int signal, int value)
{
    sigqueue(getpid(), signal, (union sigval){.sival_int = value});
}

static void check_pending(void)
{
    signal_catch(SIGUSR1, 0, record);
    signal_mask(SIG_BLOCK, SIGUSR1);
    calls = 0;
    raise(SIGUSR1);
    raise(SIGUSR1);
    ktap_ok(calls == 0 && signal_pending(SIGUSR1), "a blocked signal is pending");
    signal_mask(SIG_UNBLOCK, SIGUSR1);
    ktap_equal(calls, 1, "a standard signal that came twice is delivered once, at once");
    ktap_ok(!signal_pending(SIGUSR1), "and then pends no more");

    signal_mask(SIG_BLOCK, SIGUSR1);
    raise(SIGUSR1);
    signal_dispose(SIGUSR1, SIG_IGN);
    ktap_ok(!signal_pending(SIGUSR1), "what is pending is lost when it becomes ignored");
    raise(SIGUSR1);
    ktap_ok(signal_pending(SIGUSR1), "an ignored signal pends while it is blocked");
    signal_catch(SIGUSR1, 0, record);
    signal_mask(SIG_UNBLOCK, SIGUSR1);
    ktap_equal(calls, 2, "and a handler that comes in time gets it");
    signal_dispose(SIGUSR1, SIG_IGN);
    ktap_equal(raise(SIGUSR1), 0, "an ignored signal does nothing");

    signal_catch(SIGWINCH, 0, record);
    signal_mask(SIG_BLOCK, SIGWINCH);
    raise(SIGWINCH);
    signal_dispose(SIGWINCH, SIG_DFL);
    ktap_ok(!signal_pending(SIGWINCH), "so is what is ignored by default");
    signal_mask(SIG_UNBLOCK, SIGWINCH);
}

/* A stop and a continue cancel each other, whoever comes later wins; blocked or not. */
static void check_stop_and_continue(void)
{
    signal_mask(SIG_BLOCK, SIGTSTP);
    signal_mask(SIG_BLOCK, SIGCONT);
    raise(SIGTSTP);
    ktap_ok(signal_pending(SIGTSTP), "a blocked SIGTSTP is pending");
    raise(SIGCONT);
    ktap_ok(!signal_pending(SIGTSTP) && signal_pending(SIGCONT), "SIGCONT takes it away");
    raise(SIGTSTP);
    ktap_ok(signal_pending(SIGTSTP) && !signal_pending(SIGCONT), "SIGTSTP takes SIGCONT away");
    signal_dispose(SIGTSTP, SIG_IGN);
    signal_mask(SIG_UNBLOCK, SIGTSTP);
    signal_mask(SIG_UNBLOCK, SIGCONT);
    signal_dispose(SIGTSTP, SIG_DFL);
}

static void check_queues(void)
{
    static const int sent[] = {3, 1, 2};
    int low = SIGRTMIN, high = SIGRTMIN + 3;

    for (int i = 0; i < 3; i++) {
        int signal = (int[]){SIGUSR2, low, high}[i];
        catch_with_full_mask(signal);
        signal_mask(SIG_BLOCK, signal);
    }
    calls = 0;
    for (int i = 0; i < 3; i++)
        queue(high, sent[i]);
    queue(low, 9);
    raise(SIGUSR2);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    ktap_equal(calls, 5, "real-time signals queue");
    ktap_ok(order[0] == SIGUSR2 && order[1] == low && order[2] == high, "the lowest number first");
    ktap_ok(values[2] == 3 && values[3] == 1 && values[4] == 2, "each in the order of its sending");

    signal_catch(SIGUSR1, 0, record);
    signal_catch(SIGUSR2, 0, record);
    signal_mask(SIG_BLOCK, SIGUSR1);
    signal_mask(SIG_BLOCK, SIGUSR2);
    raise(SIGUSR2);
    raise(SIGUSR1);
    calls = 0;
    sigprocmask(SIG_SETMASK, &none, NULL);
    ktap_ok(calls == 2 && order[0] == SIGUSR2 && order[1] == SIGUSR1,
            "without masks the second frame lies on the first and runs before it");
}

static void check_sigsuspend(void)
{
    sigset_t set;

    signal_catch(SIGUSR1, 0, record);
    signal_catch(SIGUSR2, 0, record);
    signal_mask(SIG_BLOCK, SIGUSR1);
    raise(SIGUSR1);
    calls = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    ktap_ok(sigsuspend(&set) == -1 && errno == EINTR && calls == 1,
            "sigsuspend lets a pending signal in and gives EINTR");
    ktap_ok(sigismember(&mask_within, SIGHUP) && sigismember(&mask_within, SIGUSR1),
            "its mask holds in the handler, with the signal itself");
    ktap_ok(sigismember(&mask_saved, SIGUSR1) && !sigismember(&mask_saved, SIGHUP),
            "the frame has the mask from before the call");
    ktap_ok(signal_blocked(SIGUSR1) && !signal_blocked(SIGHUP), "and that one is back afterwards");
    signal_mask(SIG_UNBLOCK, SIGUSR1);

    pid_t nudger = nudge_start(SIGUSR2);
    ktap_ok(pause() == -1 && errno == EINTR, "pause ends with EINTR");
    nudge_stop(nudger);
}

/* The C library's calls begin anew after EINTR. */
static long raw_timedwait(const sigset_t *set, siginfo_t *info, int32_t seconds)
{
    int32_t timeout[2] = {seconds, 0};

    return syscall_via(DOOR_INT80, SYS_rt_sigtimedwait, (long)set, (long)info, (long)timeout,
                       SIGSET_SIZE, 0, 0);
}

static void check_waits(void)
{
    struct timespec zero = {0, 0}, instant = {0, 1000000}, wrong = {0, 1000000000};
    sigset_t set = signal_set(SIGRTMIN);
    siginfo_t info;

    signal_mask(SIG_BLOCK, SIGRTMIN);
    sigaddset(&set, SIGUSR1);
    ktap_ok(sigtimedwait(&set, &info, &zero) == -1 && errno == EAGAIN, "nothing: EAGAIN at once");
    ktap_ok(sigtimedwait(&set, &info, &instant) == -1 && errno == EAGAIN, "EAGAIN after a while");
    ktap_ok(sigtimedwait(&set, &info, &wrong) == -1 && errno == EINVAL, "EINVAL: a bad timeout");
    queue(SIGRTMIN, 41);
    queue(SIGRTMIN, 42);
    memset(&info, 0xff, sizeof(info));
    ktap_equal(sigwaitinfo(&set, &info), SIGRTMIN, "sigwaitinfo gives a pending signal");
    ktap_ok(info.si_signo == SIGRTMIN && info.si_code == SI_QUEUE && info.si_pid == getpid() &&
                info.si_uid == getuid() && info.si_value.sival_int == 41 && info.si_errno == 0,
            "with what it was sent with");
    ktap_ok(sigtimedwait(&set, &info, &zero) == SIGRTMIN && info.si_value.sival_int == 42,
            "then the next of the queue");
    ktap_ok(!signal_pending(SIGRTMIN), "and takes them away");

    pid_t nudger = nudge_start(SIGUSR2);
    ktap_equal(raw_timedwait(&set, &info, 3600), -EINTR, "another's handler: EINTR");
    nudge_stop(nudger);
    signal_mask(SIG_BLOCK, SIGUSR1);
    nudger = nudge_start(SIGUSR1);
    ktap_ok(raw_timedwait(&set, &info, 3600) == SIGUSR1 && info.si_pid == nudger &&
                info.si_code == SI_USER,
            "a signal that comes while it sleeps");
    nudge_stop(nudger);
    signal_dispose(SIGUSR1, SIG_IGN);
    signal_mask(SIG_UNBLOCK, SIGUSR1);
    signal_mask(SIG_UNBLOCK, SIGRTMIN);
}

static void check_never(void)
{
    static const int uncatchable[] = {SIGKILL, SIGSTOP, 0, 65};
    struct sigaction action = {.sa_handler = SIG_IGN}, old;
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    ktap_ok(!signal_blocked(SIGKILL) && !signal_blocked(SIGSTOP) && signal_blocked(SIGTERM),
            "all can be blocked but SIGKILL and SIGSTOP");
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (unsigned i = 0; i < sizeof(uncatchable) / sizeof(uncatchable[0]); i++)
        ktap_ok(sigaction(uncatchable[i], &action, NULL) == -1 && errno == EINVAL,
                "signal %d has no handler", uncatchable[i]);
    ktap_ok(kill(getpid(), 65) == -1 && errno == EINVAL, "there is no signal 65 to send");
    ktap_equal(kill(getpid(), 0), 0, "signal 0 asks only");
    ktap_ok(sigaction(SIGKILL, NULL, &old) == 0 && old.sa_handler == SIG_DFL,
            "but its action can be read");
}

/* What a new process has; each bit of the result is something that is wrong. */
enum {
    WRONG_PENDING = 1,
    WRONG_MASK = 2,
    WRONG_HANDLER = 4,
    WRONG_IGNORED = 8,
    WRONG_STACK = 16,
};

static int state(bool pending, bool handled)
{
    struct sigaction caught, ignored;
    stack_t stack;

    sigaction(SIGUSR1, NULL, &caught);
    sigaction(SIGUSR2, NULL, &ignored);
    sigaltstack(NULL, &stack);
    return (signal_pending(SIGTERM) != pending ? WRONG_PENDING : 0) |
           (!signal_blocked(SIGTERM) || signal_blocked(SIGINT) ? WRONG_MASK : 0) |
           ((caught.sa_handler != SIG_DFL) != handled ? WRONG_HANDLER : 0) |
           (ignored.sa_handler != SIG_IGN ? WRONG_IGNORED : 0) |
           (!(stack.ss_flags & SS_DISABLE) != handled ? WRONG_STACK : 0);
}

static int forked(void *unused)
{
    (void)unused;
    return state(false, true);
}

static int executed(void *self)
{
    char *argv[] = {self, "state", NULL};

    raise(SIGTERM);
    execv(self, argv);
    return 127;
}

static void check_inheritance(const char *self)
{
    static char memory[SIGSTKSZ];
    stack_t stack = {.ss_sp = memory, .ss_size = sizeof(memory)}, none = {.ss_flags = SS_DISABLE};
    sigset_t zero;

    signal_catch(SIGUSR1, 0, record);
    signal_dispose(SIGUSR2, SIG_IGN);
    signal_mask(SIG_BLOCK, SIGTERM);
    sigaltstack(&stack, NULL);
    raise(SIGTERM);
    int status = spawn_body(forked, NULL);
    ktap_ok(WIFEXITED(status), "a child that looks at its signals");
    ktap_ok(!(WEXITSTATUS(status) & WRONG_PENDING), "fork: nothing is pending in the child");
    ktap_ok(!(WEXITSTATUS(status) & WRONG_MASK), "fork: the mask is the parent's");
    ktap_ok(!(WEXITSTATUS(status) & (WRONG_HANDLER | WRONG_IGNORED)), "fork: so are the handlers");
    ktap_ok(!(WEXITSTATUS(status) & WRONG_STACK), "fork: so is the alternate stack");
    ktap_ok(signal_pending(SIGTERM), "fork: the parent's signal pends on");
    status = spawn_body(executed, (void *)self);
    ktap_ok(WIFEXITED(status) && WEXITSTATUS(status) != 127, "exec of a program that looks");
    ktap_ok(!(WEXITSTATUS(status) & WRONG_PENDING), "exec: what was pending pends");
    ktap_ok(!(WEXITSTATUS(status) & WRONG_MASK), "exec: the mask stays");
    ktap_ok(!(WEXITSTATUS(status) & WRONG_HANDLER), "exec: a handler becomes the default");
    ktap_ok(!(WEXITSTATUS(status) & WRONG_IGNORED), "exec: an ignored signal stays ignored");
    ktap_ok(!(WEXITSTATUS(status) & WRONG_STACK), "exec: the alternate stack is gone");
    zero = signal_set(SIGTERM);
    sigwaitinfo(&zero, NULL);
    signal_mask(SIG_UNBLOCK, SIGTERM);
    sigaltstack(&none, NULL);
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "state"))
        return state(true, false);
    alarm(SECONDS_TO_HANG);
    ktap_begin();
    check_pending();
    check_stop_and_continue();
    check_queues();
    check_sigsuspend();
    check_waits();
    check_never();
    check_inheritance(argv[0]);
    return ktap_end();
}
