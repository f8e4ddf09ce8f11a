/*
 * Alternate signal stacks, and the stack overflow that they are for.
 *
 * Rule: sigaltstack(2). A broken kernel forgets that a process is on its alternate stack and starts
 * at its top again, over the frames that are there; lets it be replaced meanwhile; or pushes a
 * frame onto the stack that has just overflowed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/signals.h"
#include "user/lib/spawn.h"

#define SECONDS_TO_HANG 60
#define STACK_SIZE      65536

static volatile int calls;
static sigjmp_buf escape;
static char *alternate;
static stack_t within, in_frame;
static char *frames[4];
static long change_result;

static bool on_alternate(const char *address)
{
    return address >= alternate && address < alternate + STACK_SIZE;
}

static void look_at_stack(int signal, siginfo_t *info, void *context)
{
    char here;
    stack_t other = {.ss_sp = alternate, .ss_size = STACK_SIZE};

    (void)info;
    frames[calls++ & 3] = &here;
    if (signal == SIGUSR1)
        raise(SIGUSR2);
    in_frame = ((ucontext_t *)context)->uc_stack;
    change_result = syscall_raw(SYS_sigaltstack, (long)&other, 0, 0);
    sigaltstack(NULL, &within);
}

static long set_stack(int flags, size_t size)
{
    stack_t stack = {.ss_sp = alternate, .ss_flags = flags, .ss_size = size};

    return syscall_raw(SYS_sigaltstack, (long)&stack, 0, 0);
}

#define AUTODISARM (1u << 31)

static void check_alternate_stack(void)
{
    stack_t now;

    alternate = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaltstack(NULL, &now);
    ktap_equal(now.ss_flags, SS_DISABLE, "at first there is no alternate stack");
    ktap_equal(set_stack(0, 2047), -ENOMEM, "one of 2047 bytes is too small");
    ktap_equal(set_stack(4, STACK_SIZE), -EINVAL, "flags that do not exist");
    ktap_equal(set_stack(0, STACK_SIZE), 0, "64 KiB will do");
    sigaltstack(NULL, &now);
    ktap_ok(now.ss_sp == alternate && now.ss_size == STACK_SIZE && now.ss_flags == 0,
            "it can be asked for");

    calls = 0;
    signal_catch(SIGUSR1, SA_ONSTACK, look_at_stack);
    signal_catch(SIGUSR2, SA_ONSTACK, look_at_stack);
    raise(SIGUSR1);
    ktap_ok(on_alternate(frames[0]), "SA_ONSTACK: the handler runs on the alternate stack");
    ktap_ok(on_alternate(frames[1]) && frames[1] < frames[0], "one within it goes below, not over");
    ktap_equal(within.ss_flags, SS_ONSTACK, "SS_ONSTACK while a handler is there");
    ktap_equal(change_result, -EPERM, "and EPERM for a change");
    ktap_ok(in_frame.ss_sp == alternate && in_frame.ss_size == STACK_SIZE, "uc_stack names it");
    sigaltstack(NULL, &now);
    ktap_equal(now.ss_flags, 0, "afterwards it is free");
    calls = 0;
    signal_catch(SIGUSR2, 0, look_at_stack);
    raise(SIGUSR2);
    ktap_ok(!on_alternate(frames[0]), "without SA_ONSTACK the handler stays where it was");

    ktap_equal(set_stack(AUTODISARM, STACK_SIZE), 0, "SS_AUTODISARM");
    calls = 0;
    signal_catch(SIGUSR2, SA_ONSTACK, look_at_stack);
    raise(SIGUSR2);
    ktap_ok(on_alternate(frames[0]) && change_result == 0,
            "with it a handler may change the stack");
    sigaltstack(NULL, &now);
    ktap_ok(now.ss_sp == alternate && (unsigned)now.ss_flags == AUTODISARM,
            "and what was in force comes back after the handler");
    stack_t none = {.ss_flags = SS_DISABLE};
    ktap_ok(sigaltstack(&none, &now) == 0 && now.ss_sp == alternate,
            "SS_DISABLE, and what was there until then");
    calls = 0;
    raise(SIGUSR2);
    ktap_ok(!on_alternate(frames[0]), "and then SA_ONSTACK means nothing");
}

static int overflow_stack(void *start)
{
    volatile char room[1024];

    room[0] = 1;
    return (uintptr_t)room > (uintptr_t)start ? 0 : overflow_stack(start) + room[0];
}

static siginfo_t overflow_info;
static char *overflow_esp;

static void leave_overflow(int signal, siginfo_t *info, void *context)
{
    overflow_info = *info;
    overflow_esp = (char *)((ucontext_t *)context)->uc_mcontext.gregs[REG_ESP];
    siglongjmp(escape, signal);
}

static int overflow_with_handler(void *unused)
{
    signal_catch(SIGSEGV, 0, leave_overflow);
    if (sigsetjmp(escape, 1))
        return 1;
    return overflow_stack(&unused);
}

static void check_overflow(void)
{
    set_stack(0, STACK_SIZE);
    signal_catch(SIGSEGV, SA_ONSTACK, leave_overflow);
    int got = sigsetjmp(escape, 1);
    if (!got)
        overflow_stack(&got);
    ktap_equal(got, SIGSEGV, "a stack that is full: the handler runs on the alternate one");
    intptr_t distance = (char *)overflow_info.si_addr - overflow_esp;
    ktap_ok(distance > -4096 && distance < 4096 && overflow_info.si_code == SEGV_MAPERR,
            "the fault is near the program's ESP, with SEGV_MAPERR");
    set_stack(SS_DISABLE, 0);
    signal_dispose(SIGSEGV, SIG_DFL);
    int status = spawn_body(overflow_with_handler, NULL);
    ktap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV,
            "without an alternate stack it ends the process");
}

int main(void)
{
    alarm(SECONDS_TO_HANG);
    ktap_begin();
    check_alternate_stack();
    check_overflow();
    return ktap_end();
}
