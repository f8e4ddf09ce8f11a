/*
 * Every call about signals with every kind of bad pointer, size and number: Linux's errno.
 *
 * Rule: the calls' manual pages. A broken kernel reads a set of another size than it was told,
 * changes an action or a mask although it could not tell the old one, or follows a pointer into
 * itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/signals.h"

#define SECONDS_TO_HANG 60
#define PAGE            4096
#define POINTER         0x50494f4e /* stands for the pointer under test */

static char *read_only;

/* What a call may do with a bad address; the good ones are tested elsewhere. */
enum access { READS, WRITES };

static const struct call {
    const char *name;
    long number;
    enum access access;
    long arguments[4];
} calls[] = {
    {"rt_sigaction: new", SYS_rt_sigaction, READS, {SIGUSR1, POINTER, 0, 8}},
    {"rt_sigaction: old", SYS_rt_sigaction, WRITES, {SIGUSR1, 0, POINTER, 8}},
    {"sigaction: new", SYS_sigaction, READS, {SIGUSR1, POINTER, 0, 0}},
    {"sigaction: old", SYS_sigaction, WRITES, {SIGUSR1, 0, POINTER, 0}},
    {"rt_sigprocmask: new", SYS_rt_sigprocmask, READS, {SIG_BLOCK, POINTER, 0, 8}},
    {"rt_sigprocmask: old", SYS_rt_sigprocmask, WRITES, {SIG_BLOCK, 0, POINTER, 8}},
    {"sigprocmask: new", SYS_sigprocmask, READS, {SIG_BLOCK, POINTER, 0, 0}},
    {"sigprocmask: old", SYS_sigprocmask, WRITES, {SIG_BLOCK, 0, POINTER, 0}},
    {"rt_sigpending", SYS_rt_sigpending, WRITES, {POINTER, 8, 0, 0}},
    {"sigpending", SYS_sigpending, WRITES, {POINTER, 0, 0, 0}},
    {"rt_sigsuspend", SYS_rt_sigsuspend, READS, {POINTER, 8, 0, 0}},
    {"rt_sigtimedwait: set", SYS_rt_sigtimedwait, READS, {POINTER, 0, 0, 8}},
    {"rt_sigqueueinfo", SYS_rt_sigqueueinfo, READS, {0, SIGUSR1, POINTER, 0}},
    {"sigaltstack: new", SYS_sigaltstack, READS, {POINTER, 0, 0, 0}},
    {"sigaltstack: old", SYS_sigaltstack, WRITES, {0, POINTER, 0, 0}},
};

static long call_with(const struct call *call, long address)
{
    long a[4];

    memcpy(a, call->arguments, sizeof(a));
    for (int i = 0; i < 4; i++) {
        if (a[i] == POINTER)
            a[i] = address;
    }
    if (call->number == SYS_rt_sigqueueinfo)
        a[0] = getpid();
    return syscall_via(DOOR_INT80, call->number, a[0], a[1], a[2], a[3], 0, 0);
}

static void check_pointers(void)
{
    char *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const struct {
        const char *name;
        char *address;
        bool readable;
    } places[] = {
        {"the null page", (char *)64, false},          {"no access", none, false},
        {"a page that ends", pages + PAGE - 2, false}, {"the kernel", (char *)0xfffff000, false},
        {"the last byte", (char *)0xffffffff, false},  {"a read-only page", read_only, true},
    };

    munmap(pages + PAGE, PAGE);
    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        for (unsigned j = 0; j < sizeof(places) / sizeof(places[0]); j++) {
            if (calls[i].access == WRITES || !places[j].readable)
                ktap_equal(call_with(&calls[i], (long)places[j].address), -EFAULT, "%s: %s",
                           calls[i].name, places[j].name);
        }
    }
}

/* The old value cannot be told, but the new one counts: the calls do the one before the other. */
static void check_halves(void)
{
    struct kernel_sigaction ignore = {.handler = SIG_IGN}, now;
    uint32_t set[2] = {SIGNAL_BIT(SIGUSR1), 0};

    ktap_equal(syscall_via(DOOR_INT80, SYS_rt_sigaction, SIGUSR1, (long)&ignore, 64, 8, 0, 0),
               -EFAULT, "rt_sigaction whose old action has no place");
    syscall_via(DOOR_INT80, SYS_rt_sigaction, SIGUSR1, 0, (long)&now, 8, 0, 0);
    ktap_ok(now.handler == (void *)SIG_IGN, "has set the new one");
    ktap_equal(syscall_via(DOOR_INT80, SYS_rt_sigprocmask, SIG_BLOCK, (long)set, 64, 8, 0, 0),
               -EFAULT, "rt_sigprocmask whose old mask has no place");
    ktap_ok(signal_blocked(SIGUSR1), "has set the new one as well");
    signal_dispose(SIGUSR1, SIG_DFL);
    raise(SIGUSR1);
    ktap_equal(syscall_via(DOOR_INT80, SYS_rt_sigtimedwait, (long)set, 64, 0, 8, 0, 0), -EFAULT,
               "rt_sigtimedwait whose siginfo has no place");
    ktap_ok(!signal_pending(SIGUSR1), "has taken the signal");
    ktap_equal(syscall_via(DOOR_INT80, SYS_rt_sigtimedwait, (long)set, 0, 64, 8, 0, 0), -EFAULT,
               "rt_sigtimedwait: a bad timeout's address");
    signal_mask(SIG_UNBLOCK, SIGUSR1);
}

static void check_numbers(void)
{
    static uint32_t set[4];
    static struct kernel_sigaction action = {.handler = SIG_IGN};
    static int32_t timeout[2], wrong[2] = {0, 1000000000}, negative[2] = {-1, 0};
    static char info[128];
    const struct {
        const char *name;
        long number, a, b, c, d, result;
    } rows[] = {
        {"rt_sigaction: signal 0", SYS_rt_sigaction, 0, (long)&action, 0, 8, -EINVAL},
        {"rt_sigaction: signal 65", SYS_rt_sigaction, 65, (long)&action, 0, 8, -EINVAL},
        {"rt_sigaction: signal -1", SYS_rt_sigaction, -1, (long)&action, 0, 8, -EINVAL},
        {"rt_sigaction: SIGKILL", SYS_rt_sigaction, SIGKILL, (long)&action, 0, 8, -EINVAL},
        {"rt_sigaction: SIGKILL, to ask", SYS_rt_sigaction, SIGKILL, 0, (long)info, 8, 0},
        {"rt_sigaction: signal 64", SYS_rt_sigaction, 64, (long)&action, 0, 8, 0},
        {"rt_sigaction: a set of 4 bytes", SYS_rt_sigaction, SIGUSR1, (long)&action, 0, 4, -EINVAL},
        {"rt_sigaction: of 16", SYS_rt_sigaction, SIGUSR1, (long)&action, 0, 16, -EINVAL},
        {"sigaction: signal 0", SYS_sigaction, 0, (long)&action, 0, 0, -EINVAL},
        {"sigaction: SIGSTOP", SYS_sigaction, SIGSTOP, (long)&action, 0, 0, -EINVAL},
        {"signal: signal 65", SYS_signal, 65, 0, 0, 0, -EINVAL},
        {"signal: SIGKILL", SYS_signal, SIGKILL, 1, 0, 0, -EINVAL},
        {"rt_sigprocmask: no such operation", SYS_rt_sigprocmask, 77, (long)set, 0, 8, -EINVAL},
        {"rt_sigprocmask: none, but nothing to set", SYS_rt_sigprocmask, 77, 0, (long)set, 8, 0},
        {"rt_sigprocmask: a set of 4 bytes", SYS_rt_sigprocmask, 0, (long)set, 0, 4, -EINVAL},
        {"rt_sigprocmask: of 128", SYS_rt_sigprocmask, 0, (long)set, 0, 128, -EINVAL},
        {"sigprocmask: no such operation", SYS_sigprocmask, 77, (long)set, 0, 0, -EINVAL},
        {"rt_sigpending: a set of 4 bytes", SYS_rt_sigpending, (long)set, 4, 0, 0, 0},
        {"rt_sigpending: of 16", SYS_rt_sigpending, (long)set, 16, 0, 0, -EINVAL},
        {"rt_sigsuspend: a set of 4 bytes", SYS_rt_sigsuspend, (long)set, 4, 0, 0, -EINVAL},
        {"rt_sigtimedwait: nothing", SYS_rt_sigtimedwait, (long)set, 0, (long)timeout, 8, -EAGAIN},
        {"rt_sigtimedwait: too many nanoseconds", SYS_rt_sigtimedwait, (long)set, 0, (long)wrong, 8,
         -EINVAL},
        {"rt_sigtimedwait: negative", SYS_rt_sigtimedwait, (long)set, 0, (long)negative, 8,
         -EINVAL},
        {"rt_sigtimedwait: a set of 4 bytes", SYS_rt_sigtimedwait, (long)set, 0, 0, 4, -EINVAL},
        {"rt_sigqueueinfo: signal 65", SYS_rt_sigqueueinfo, getpid(), 65, (long)info, 0, -EINVAL},
        {"rt_sigqueueinfo: nobody", SYS_rt_sigqueueinfo, 0x3ffffff, 0, (long)info, 0, -EPERM},
        {"kill: signal 65", SYS_kill, getpid(), 65, 0, 0, -EINVAL},
        {"tgkill: pid 0", SYS_tgkill, 0, getpid(), 0, 0, -EINVAL},
        {"tgkill: thread 0", SYS_tgkill, getpid(), 0, 0, 0, -EINVAL},
        {"tgkill: signal 65", SYS_tgkill, getpid(), getpid(), 65, 0, -EINVAL},
        {"tgkill: signal 0", SYS_tgkill, getpid(), getpid(), 0, 0, 0},
        {"tkill: nobody", SYS_tkill, 0x3ffffff, 0, 0, 0, -ESRCH},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ktap_equal(syscall_via(DOOR_INT80, rows[i].number, rows[i].a, rows[i].b, rows[i].c,
                               rows[i].d, 0, 0),
                   rows[i].result, "%s", rows[i].name);
}

/* Only the kernel sends with a code that is not negative; SI_TKILL has a call of its own. */
static void check_false_senders(void)
{
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    pid_t child = fork();
    if (child == 0)
        _exit(pause());
    for (int i = 0; i < 3; i++) {
        info.si_code = (int[]){SI_USER, SI_KERNEL, SI_TKILL}[i];
        ktap_equal(syscall_raw(SYS_rt_sigqueueinfo, child, 0, (long)&info), -EPERM,
                   "rt_sigqueueinfo to another with code %d", info.si_code);
    }
    info.si_code = SI_QUEUE;
    ktap_equal(syscall_raw(SYS_rt_sigqueueinfo, child, 0, (long)&info), 0,
               "rt_sigqueueinfo to another with SI_QUEUE");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

int main(void)
{
    alarm(SECONDS_TO_HANG);
    ktap_begin();
    read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check_pointers();
    check_halves();
    check_numbers();
    check_false_senders();
    return ktap_end();
}
