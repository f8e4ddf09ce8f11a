/*
 * Stopping and continuing: what stops, who hears of it, and that a call which sleeps does not
 * notice.
 *
 * Rule: signal(7), waitpid(2), POSIX 2.4.3 (orphaned groups). A broken kernel lets a stopped
 * process run on, ends its sleep with EINTR, tells of a stop twice, or stops a process that nobody
 * could continue.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/signals.h"
#include "user/lib/spawn.h"

#define SECONDS_TO_HANG 60
#define ROUNDS          4
#define PAUSE           3000  /* microseconds, in which a process that runs would be seen to */
#define SLEEP           60000 /* microseconds, longer than a few stops */

static volatile unsigned *counter; /* shared with children */

static pid_t counting_child(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        alarm(SECONDS_TO_HANG);
        for (;;)
            ++*counter;
    }
    setpgid(pid, 0);
    return pid;
}

static bool counts(void)
{
    unsigned before = *counter;

    usleep(PAUSE);
    return *counter != before;
}

static void await_counting(void)
{
    unsigned before = *counter;

    while (*counter == before)
        usleep(PAUSE);
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void check_stop(int signal, const char *name)
{
    int status = -1;
    siginfo_t info;
    pid_t child = counting_child();

    await_counting();
    kill(child, signal);
    ktap_ok(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) &&
                WSTOPSIG(status) == signal,
            "%s: waitpid with WUNTRACED tells the signal", name);
    ktap_ok(!counts(), "%s: the child has stopped", name);
    ktap_equal(waitpid(child, &status, WUNTRACED | WNOHANG), 0, "%s: it is told once", name);
    kill(child, SIGCONT);
    ktap_ok(waitid(P_PID, child, &info, WCONTINUED | WNOWAIT) == 0 &&
                info.si_code == CLD_CONTINUED && info.si_status == SIGCONT,
            "%s: waitid sees that it goes on", name);
    ktap_ok(waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status),
            "%s: so does waitpid with WCONTINUED", name);
    await_counting();
    ktap_equal(waitpid(child, &status, WUNTRACED | WCONTINUED | WNOHANG), 0,
               "%s: it is told once, and the child counts on", name);
    end(child);
}

static void check_stopped_signals(void)
{
    int status = -1;
    siginfo_t info;
    pid_t child = counting_child();

    kill(child, SIGSTOP);
    ktap_ok(waitid(P_PID, child, &info, WSTOPPED | WNOWAIT) == 0 && info.si_code == CLD_STOPPED &&
                info.si_status == SIGSTOP,
            "waitid with WSTOPPED and WNOWAIT");
    ktap_ok(waitid(P_PID, child, &info, WSTOPPED) == 0 && info.si_pid == child,
            "leaves it to be told again");
    kill(child, SIGTERM);
    usleep(PAUSE);
    ktap_equal(waitpid(child, &status, WNOHANG), 0, "SIGTERM waits while a process is stopped");
    kill(child, SIGCONT);
    ktap_ok(waitpid(child, &status, 0) == child && status == SIGTERM, "until it goes on");
    child = counting_child();
    kill(child, SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    kill(child, SIGKILL);
    ktap_ok(waitpid(child, &status, 0) == child && status == SIGKILL, "SIGKILL does not wait");
}

/* What sleeps while it is stopped and continued, and must not notice. */
static int ends[2];

static int reads(void *unused)
{
    char byte;

    (void)unused;
    return read(ends[0], &byte, 1) != 1;
}

static int polls(void *unused)
{
    struct pollfd row = {.fd = ends[0], .events = POLLIN};

    (void)unused;
    return poll(&row, 1, 100000) != 1;
}

static int polls_for_ever(void *unused)
{
    struct pollfd row = {.fd = ends[0], .events = POLLIN};

    (void)unused;
    return poll(&row, 1, -1) != 1;
}

static int sleeps(void *unused)
{
    struct timespec before, after, length = {0, SLEEP * 1000};

    (void)unused;
    clock_gettime(CLOCK_MONOTONIC, &before);
    if (nanosleep(&length, NULL))
        return 1;
    clock_gettime(CLOCK_MONOTONIC, &after);
    int64_t passed = (after.tv_sec - before.tv_sec) * 1000000000LL + after.tv_nsec - before.tv_nsec;
    return passed < SLEEP * 1000 ? 2 : 0;
}

static int waits(void *unused)
{
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(reads(unused));
    return waitpid(child, &status, 0) != child || status;
}

static int waits_for_futex(void *unused)
{
    static int word;
    int32_t timeout[2] = {0, SLEEP * 1000};

    (void)unused;
    return syscall_via(DOOR_INT80, SYS_futex, (long)&word, 0, 0, (long)timeout, 0, 0) != -ETIMEDOUT;
}

static const struct {
    const char *name;
    int (*body)(void *);
} sleepers[] = {
    {"read", reads},          {"poll with a timeout", polls},
    {"poll", polls_for_ever}, {"nanosleep", sleeps},
    {"waitpid", waits},       {"futex with a timeout", waits_for_futex},
};

static void check_sleeper(unsigned i)
{
    int status;

    if (pipe(ends))
        return;
    pid_t child = fork();
    if (child == 0) {
        alarm(SECONDS_TO_HANG);
        _exit(sleepers[i].body(NULL));
    }
    for (int round = 0; round < ROUNDS; round++) {
        usleep(PAUSE);
        kill(child, SIGSTOP);
        waitpid(child, &status, WUNTRACED);
        kill(child, SIGCONT);
    }
    usleep(PAUSE);
    write(ends[1], "x", 1);
    waitpid(child, &status, 0);
    ktap_equal(status, 0, "%s does not notice that it was stopped", sleepers[i].name);
    close(ends[0]);
    close(ends[1]);
}

static volatile int calls, last_signal;

static void count(int signal)
{
    calls++;
    last_signal = signal;
}

/* A handler for SIGCONT runs when the process goes on, and ends what it slept in. */
static int continues_with_handler(void *unused)
{
    struct timespec hour = {3600, 0};

    (void)unused;
    signal(SIGCONT, count);
    write(ends[1], "x", 1);
    return nanosleep(&hour, NULL) != -1 || errno != EINTR || calls != 1 || last_signal != SIGCONT;
}

static int continues_blocked(void *unused)
{
    (void)unused;
    signal_mask(SIG_BLOCK, SIGCONT);
    raise(SIGSTOP);
    return !signal_pending(SIGCONT);
}

static int continues_ignored(void *unused)
{
    (void)unused;
    signal_dispose(SIGCONT, SIG_IGN);
    raise(SIGSTOP);
    return 0;
}

static int catches_stop(void *unused)
{
    (void)unused;
    signal(SIGTSTP, count);
    raise(SIGTSTP);
    signal(SIGTTIN, SIG_IGN);
    raise(SIGTTIN);
    return calls != 1 || last_signal != SIGTSTP;
}

/* A session of its own: nobody could continue it, so the terminal's stops do nothing. */
static int stops_orphaned(void *unused)
{
    (void)unused;
    setsid();
    raise(SIGTSTP);
    raise(SIGTTIN);
    raise(SIGTTOU);
    return 7;
}

static int status_after_stop(int (*body)(void *))
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        alarm(SECONDS_TO_HANG);
        _exit(body(NULL));
    }
    waitpid(child, &status, WUNTRACED);
    if (WIFSTOPPED(status)) {
        kill(child, SIGCONT);
        waitpid(child, &status, 0);
    }
    return status;
}

static void check_continue(void)
{
    char byte;
    int status;

    if (pipe(ends))
        return;
    pid_t child = fork();
    if (child == 0)
        _exit(continues_with_handler(NULL));
    read(ends[0], &byte, 1);
    usleep(PAUSE);
    kill(child, SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    kill(child, SIGCONT);
    waitpid(child, &status, 0);
    ktap_equal(status, 0, "SIGCONT's handler runs, and the sleep ends");
    ktap_equal(status_after_stop(continues_blocked), 0, "SIGCONT continues although it is blocked");
    ktap_equal(status_after_stop(continues_ignored), 0, "and although it is ignored");
    ktap_equal(status_after_stop(catches_stop), 0, "SIGTSTP has a handler, SIGTTIN is ignored");
    ktap_equal(spawn_body(stops_orphaned, NULL), 7 << 8,
               "an orphaned group is not stopped by SIGTSTP, SIGTTIN, SIGTTOU");
    close(ends[0]);
    close(ends[1]);
}

static void tell(int signal)
{
    write(ends[1], signal == SIGHUP ? "h" : "c", 1);
}

/* Stops a member of a group of its own, and is gone: the group is orphaned. */
static int leave_stopped(void *unused)
{
    int status;

    (void)unused;
    setsid();
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        signal(SIGHUP, tell);
        signal(SIGCONT, tell);
        raise(SIGSTOP);
        _exit(0);
    }
    waitpid(child, &status, WUNTRACED);
    return 0;
}

static void check_newly_orphaned(void)
{
    char bytes[2] = "";

    if (pipe(ends))
        return;
    spawn_body(leave_stopped, NULL);
    close(ends[1]);
    ktap_ok(read(ends[0], bytes, 1) == 1 && read(ends[0], bytes + 1, 1) == 1 &&
                bytes[0] + bytes[1] == 'h' + 'c',
            "a stopped group that becomes orphaned gets SIGHUP and SIGCONT");
    close(ends[0]);
}

static void check_no_child_stop(void)
{
    struct sigaction action = {.sa_handler = count, .sa_flags = SA_NOCLDSTOP | SA_RESTART};
    int status;

    sigemptyset(&action.sa_mask);
    sigaction(SIGCHLD, &action, NULL);
    calls = 0;
    pid_t child = counting_child();
    kill(child, SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    kill(child, SIGCONT);
    waitpid(child, &status, WCONTINUED);
    ktap_equal(calls, 0, "SA_NOCLDSTOP: no SIGCHLD for a stop or a continue");
    end(child);
    ktap_equal(calls, 1, "SA_NOCLDSTOP: one for the end");
    signal_dispose(SIGCHLD, SIG_DFL);
}

int main(void)
{
    counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    alarm(SECONDS_TO_HANG);
    ktap_begin();
    check_stop(SIGSTOP, "SIGSTOP");
    check_stop(SIGTSTP, "SIGTSTP");
    check_stop(SIGTTIN, "SIGTTIN");
    check_stopped_signals();
    for (unsigned i = 0; i < sizeof(sleepers) / sizeof(sleepers[0]); i++)
        check_sleeper(i);
    check_continue();
    check_newly_orphaned();
    check_no_child_stop();
    return ktap_end();
}
