/*
 * Handlers at work: masks and flags of sigaction, nesting, jumps out of handlers, and the state of
 * FPU and flags around them. Alternate stacks are in signal_stack.c.
 *
 * Rule: sigaction(2), sigaltstack(2), signal(7). A broken kernel lets a signal into its own
 * handler, forgets that a process is on its alternate stack and starts at its top again, lets a
 * handler's registers leak into the program, or loops for ever on a fault that nobody can handle.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "user/lib/cpuid.h"
#include "user/lib/ktap.h"
#include "user/lib/signals.h"
#include "user/lib/spawn.h"

#define SECONDS_TO_HANG 60
#define FLAG_TF         0x100
#define FLAG_DF         0x400

/* An address that faults; volatile, lest the compiler see it. */
static char *volatile nowhere = (char *)16;

static volatile int calls, depth, deepest;
static char log_text[16];

static void mark(char c)
{
    log_text[strlen(log_text)] = c;
}

static void forget(void)
{
    memset(log_text, 0, sizeof(log_text));
    calls = depth = deepest = 0;
}

/* Raises its own signal once. */
static void again(int signal, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    if (++depth > deepest)
        deepest = depth;
    if (++calls == 1)
        raise(signal);
    depth--;
}

static void check_defer(void)
{
    forget();
    signal_catch(SIGUSR1, 0, again);
    raise(SIGUSR1);
    ktap_ok(calls == 2 && deepest == 1, "a handler is not interrupted by its own signal");
    forget();
    signal_catch(SIGUSR1, SA_NODEFER, again);
    raise(SIGUSR1);
    ktap_ok(calls == 2 && deepest == 2, "SA_NODEFER: it is");
}

static void look_at_action(int signal, siginfo_t *info, void *context)
{
    struct sigaction action;

    (void)info;
    (void)context;
    sigaction(signal, NULL, &action);
    calls += action.sa_handler == SIG_DFL;
}

static void check_reset(void)
{
    struct sigaction action;

    forget();
    signal_catch(SIGURG, SA_RESETHAND, look_at_action);
    raise(SIGURG);
    ktap_equal(calls, 1, "SA_RESETHAND: the action is the default while the handler runs");
    sigaction(SIGURG, NULL, &action);
    ktap_ok(action.sa_handler == SIG_DFL, "and after it");
}

static void mark_outer(int signal)
{
    (void)signal;
    mark('(');
    raise(SIGUSR2);
    raise(SIGHUP);
    mark(signal_blocked(SIGUSR2) && signal_blocked(SIGUSR1) && !signal_blocked(SIGHUP) ? 'm' : '-');
    mark(')');
}

static void mark_inner(int signal, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    mark(signal == SIGUSR2 ? '2' : 'h');
}

static void keep_blocked(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    sigaddset(&((ucontext_t *)context)->uc_sigmask, SIGHUP);
}

static void check_masks(void)
{
    struct sigaction action = {.sa_handler = mark_outer};

    forget();
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    signal_catch(SIGUSR2, 0, mark_inner);
    signal_catch(SIGHUP, 0, mark_inner);
    raise(SIGUSR1);
    ktap_ok(!strcmp(log_text, "(hm)2"), "sa_mask holds for the handler, others nest: \"%s\"",
            log_text);
    ktap_ok(!signal_blocked(SIGUSR1) && !signal_blocked(SIGUSR2), "the mask is back after it");

    signal_catch(SIGUSR1, 0, keep_blocked);
    raise(SIGUSR1);
    ktap_ok(signal_blocked(SIGHUP), "the mask afterwards is what the handler left in its context");
    signal_mask(SIG_UNBLOCK, SIGHUP);
}

static sigjmp_buf escape;

static void jump_out(int signal, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    calls++;
    siglongjmp(escape, signal);
}

static void check_jumps(void)
{
    volatile int rounds = 0;

    forget();
    signal_catch(SIGUSR1, 0, jump_out);
    signal_catch(SIGSEGV, 0, jump_out);
    int got = sigsetjmp(escape, 1);
    if (!got)
        raise(SIGUSR1);
    ktap_equal(got, SIGUSR1, "siglongjmp out of a handler");
    ktap_ok(!signal_blocked(SIGUSR1), "it restores the mask");
    if (sigsetjmp(escape, 1) < 0 || rounds++ < 1000)
        *nowhere = 1;
    ktap_equal(rounds, 1001, "out of a thousand faults");
    signal_dispose(SIGSEGV, SIG_DFL);
}

/* Nobody can handle these: the process ends. */
static int fault_blocked(void *unused)
{
    (void)unused;
    signal_catch(SIGSEGV, 0, jump_out);
    signal_mask(SIG_BLOCK, SIGSEGV);
    if (!sigsetjmp(escape, 1))
        *nowhere = 1;
    return 1;
}

static int fault_ignored(void *unused)
{
    (void)unused;
    signal_dispose(SIGSEGV, SIG_IGN);
    raise(SIGSEGV);
    *nowhere = 1;
    return 1;
}

static void fault_again(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
    *nowhere = 1;
}

static int fault_in_handler(void *unused)
{
    signal_catch(SIGSEGV, 0, fault_again);
    fault_again(0, NULL, unused);
    return 1;
}

static void check_fatal(void)
{
    static const struct {
        int (*body)(void *);
        const char *name;
    } rows[] = {
        {fault_blocked, "a fault whose signal is blocked ends the process"},
        {fault_ignored, "so does one whose signal is ignored, though raise() of it does nothing"},
        {fault_in_handler, "and a fault in the handler of faults"},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status = spawn_body(rows[i].body, NULL);
        ktap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "%s", rows[i].name);
    }
}

#define FCW_INITIAL   0x37f
#define MXCSR_INITIAL 0x1f80

static uint32_t handler_control, handler_mxcsr, handler_flags;
static bool sse;

static void clobber(int signal, siginfo_t *info, void *context)
{
    uint32_t control = 0x77f, mxcsr = 0x7f80;
    uint32_t ones[4] = {-1u, -1u, -1u, -1u};

    (void)signal;
    (void)info;
    (void)context;
    handler_control = 0;
    __asm__ volatile("pushfl; popl %0; fnstcw %1" : "=r"(handler_flags), "=m"(handler_control));
    __asm__ volatile("fninit; fldcw %0; fldpi; fldpi; fldpi; fldpi" : : "m"(control));
    if (sse)
        __asm__ volatile("stmxcsr %0; ldmxcsr %1; movups %2, %%xmm0; movups %2, %%xmm7"
                         : "=m"(handler_mxcsr)
                         : "m"(mxcsr), "m"(ones));
}

static void check_fpu(void)
{
    uint32_t control = 0x27f, mxcsr = 0x3f80, control_after = 0, mxcsr_after = 0;
    uint32_t in[4] = {1, 2, 3, 4}, first[4], last[4];
    double two = 0, three = 0;

    sse = cpuid_features() & CPUID_SSE;
    signal_catch(SIGUSR1, 0, clobber);
    pid_t pid = getpid();
    if (sse)
        __asm__ volatile("ldmxcsr %0; movups %1, %%xmm0; movups %1, %%xmm7"
                         :
                         : "m"(mxcsr), "m"(in));
    __asm__ volatile("fninit; fldcw %4; fld1; fld1; fadd %%st(1), %%st; fldl2e; fstp %%st(0);"
                     "int $0x80; fnstcw %2; fstpl %0; fstpl %1; fninit"
                     : "=m"(two), "=m"(three), "=m"(control_after), "+a"((long){SYS_kill})
                     : "m"(control), "b"(pid), "c"(SIGUSR1)
                     : "memory");
    if (sse)
        __asm__ volatile("stmxcsr %0; movups %%xmm0, %1; movups %%xmm7, %2"
                         : "=m"(mxcsr_after), "=m"(first), "=m"(last));
    ktap_equal(handler_control, FCW_INITIAL, "a handler starts with a fresh FPU");
    ktap_ok(two == 2.0 && three == 1.0, "x87 registers survive a handler that clobbers them");
    ktap_equal(control_after, control, "so does the control word");
    if (!sse) {
        ktap_skip("no SSE on this CPU", "xmm registers and MXCSR survive");
        return;
    }
    ktap_equal(handler_mxcsr, MXCSR_INITIAL, "a handler starts with a fresh MXCSR");
    ktap_ok(!memcmp(in, first, 16) && !memcmp(in, last, 16), "xmm registers survive");
    ktap_equal(mxcsr_after, mxcsr, "MXCSR survives");
    mxcsr = MXCSR_INITIAL;
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

static void check_flags(void)
{
    uint32_t after;

    signal_catch(SIGUSR1, 0, clobber);
    pid_t pid = getpid();
    __asm__ volatile("std; int $0x80; pushfl; cld; popl %0"
                     : "=r"(after), "+a"((long){SYS_kill})
                     : "b"(pid), "c"(SIGUSR1)
                     : "memory", "cc");
    ktap_ok(!(handler_flags & FLAG_DF), "DF is clear in a handler");
    ktap_ok(after & FLAG_DF, "and set again after it");
}

/* A handler of a traced program runs at full speed; the steps go on behind it. */
static void count_step(int signal, siginfo_t *info, void *context)
{
    uint32_t flags;

    (void)signal;
    (void)info;
    __asm__ volatile("pushfl; popl %0" : "=r"(flags));
    calls++;
    deepest += (flags & FLAG_TF) != 0;
    if (calls == 3)
        ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~FLAG_TF;
}

static void check_steps(void)
{
    forget();
    signal_catch(SIGTRAP, 0, count_step);
    __asm__ volatile("pushfl; orl $0x100, (%%esp); popfl; nop; nop; nop; nop" : : : "memory", "cc");
    ktap_equal(calls, 3, "each of three steps is a SIGTRAP, then the handler clears TF");
    ktap_equal(deepest, 0, "TF is clear in the handler");
}

int main(void)
{
    alarm(SECONDS_TO_HANG);
    ktap_begin();
    check_defer();
    check_reset();
    check_masks();
    check_jumps();
    check_fatal();
    check_fpu();
    check_flags();
    check_steps();
    return ktap_end();
}
