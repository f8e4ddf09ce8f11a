/*
 * A handler that runs while a call sleeps: the call begins anew with SA_RESTART, or ends with
 * EINTR.
 *
 * Rule: signal(7), "Interruption of system calls". A broken kernel restarts what must not be (a
 * sleep that never ends), forgets what was asked (the number is in the register that the result
 * needs), or tells a caller EINTR that asked not to hear of it. Each signal comes again and again
 * from a child, so no check depends on which instruction the first one met.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/signals.h"

#define SECONDS_TO_HANG 100
#define RESTARTS        4  /* handlers that a restarted call must survive before it is let go */
#define PATIENCE        40 /* handlers after which a call is let go that should have ended */
#define FOREVER         1000
#define TIMER_SLACK     1000000 /* nanoseconds by which a timer may be late */
#define FUTEX_WAIT      0
#define FUTEX_WAKE      1

static int ends[2]; /* an empty pipe */
static int full[2]; /* a full one */
static volatile int futex_word;
static volatile int calls, let_go;
static pid_t child; /* sleeps until it reads from its pipe */
static int child_pipe[2];

/* What makes the call of the running row end by itself. */
static void (*release)(void);

static void handle(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
    if (++calls == let_go && release)
        release();
}

static void fill_pipe(void)
{
    write(ends[1], "x", 1);
}

static void drain_pipe(void)
{
    static char bytes[65536];

    read(full[0], bytes, sizeof(bytes));
}

static void wake_futex(void)
{
    futex_word = 1;
    syscall_raw(SYS_futex, (long)&futex_word, FUTEX_WAKE, 1);
}

static void end_child(void)
{
    write(child_pipe[1], "x", 1);
}

/* The calls; each returns its value or -errno. */
static long result_of(long value)
{
    return value < 0 ? -errno : value;
}

static long do_read(void)
{
    char byte;

    return result_of(read(ends[0], &byte, 1));
}

static long do_write(void)
{
    return result_of(write(full[1], "x", 1));
}

static long do_wait(void)
{
    return result_of(waitpid(child, NULL, 0)) == child ? 1 : -errno;
}

static long do_waitid(void)
{
    siginfo_t info;

    return result_of(waitid(P_PID, child, &info, WEXITED)) ? -errno : 1;
}

/* 1 when the word is no longer 0: a wake-up, or what a restart finds after one. */
static long futex_sleep(void *timeout)
{
    long result =
        syscall_via(DOOR_INT80, SYS_futex, (long)&futex_word, FUTEX_WAIT, 0, (long)timeout, 0, 0);

    return (result == 0 || result == -EAGAIN) && futex_word ? 1 : result;
}

static long do_futex(void)
{
    return futex_sleep(NULL);
}

static long do_futex_timeout(void)
{
    int32_t timeout[2] = {FOREVER, 0};

    return futex_sleep(timeout);
}

static long do_poll(void)
{
    struct pollfd row = {.fd = ends[0], .events = POLLIN};

    return result_of(poll(&row, 1, FOREVER * 1000));
}

static long do_poll_endless(void)
{
    struct pollfd row = {.fd = ends[0], .events = POLLIN};

    return result_of(poll(&row, 1, -1));
}

static long do_ppoll(void)
{
    struct pollfd row = {.fd = ends[0], .events = POLLIN};

    return result_of(ppoll(&row, 1, NULL, NULL));
}

static long do_select(void)
{
    struct timeval timeout = {FOREVER, 0};
    fd_set set;

    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    return result_of(select(ends[0] + 1, &set, NULL, NULL, &timeout));
}

static long do_nanosleep(void)
{
    struct timespec length = {FOREVER, 0};

    return result_of(nanosleep(&length, NULL));
}

static long do_sigsuspend(void)
{
    sigset_t none;

    sigemptyset(&none);
    return result_of(sigsuspend(&none));
}

static long do_pause(void)
{
    return result_of(pause());
}

static long do_sigwait(void)
{
    uint32_t set[2] = {SIGNAL_BIT(SIGHUP), 0};

    return syscall_via(DOOR_INT80, SYS_rt_sigtimedwait, (long)set, 0, 0, SIGSET_SIZE, 0, 0);
}

static const struct {
    const char *name;
    long (*call)(void);
    void (*release)(void);
    bool restarts; /* with SA_RESTART; without it none does */
} rows[] = {
    {"read of a pipe", do_read, fill_pipe, true},
    {"write to a pipe", do_write, drain_pipe, true},
    {"waitpid", do_wait, end_child, true},
    {"waitid", do_waitid, end_child, true},
    {"futex", do_futex, wake_futex, true},
    {"futex with a timeout", do_futex_timeout, wake_futex, false},
    {"poll with a timeout", do_poll, fill_pipe, false},
    {"poll", do_poll_endless, fill_pipe, false},
    {"ppoll", do_ppoll, fill_pipe, false},
    {"select", do_select, fill_pipe, false},
    {"nanosleep", do_nanosleep, NULL, false},
    {"sigsuspend", do_sigsuspend, NULL, false},
    {"pause", do_pause, NULL, false},
    {"sigtimedwait", do_sigwait, NULL, false},
};

/* An empty pipe, a full one, a futex of 0, a child that sleeps. */
static void prepare(void)
{
    static char bytes[4096];

    pipe(ends);
    pipe2(full, O_NONBLOCK);
    while (write(full[1], bytes, sizeof(bytes)) > 0)
        ;
    fcntl(full[1], F_SETFL, 0);
    pipe(child_pipe);
    futex_word = calls = 0;
    child = fork();
    if (child == 0) {
        close(child_pipe[1]);
        read(child_pipe[0], bytes, 1);
        _exit(0);
    }
}

static void clean_up(void)
{
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    for (int i = 0; i < 2; i++) {
        close(ends[i]);
        close(full[i]);
        close(child_pipe[i]);
    }
}

static void check(unsigned i, int flags)
{
    bool restarts = rows[i].restarts && flags;

    prepare();
    release = rows[i].release;
    let_go = restarts ? RESTARTS : PATIENCE;
    signal_catch(SIGUSR1, flags, handle);
    pid_t nudger = nudge_start(SIGUSR1);
    long result = rows[i].call();
    int called = calls;
    nudge_stop(nudger);
    if (!ktap_ok(restarts ? result == 1 && called >= RESTARTS : result == -EINTR && called,
                 "%s%s: %s", rows[i].name, flags ? " with SA_RESTART" : "",
                 restarts ? "goes on" : "EINTR"))
        ktap_note("result %ld after %d handlers", result, called);
    clean_up();
}

static int64_t nanoseconds(const struct timespec *t)
{
    return t->tv_sec * 1000000000LL + t->tv_nsec;
}

/* What is left of a sleep: the whole less what has passed between two looks at the clock. */
static void check_rest(void)
{
    struct timespec before, after, length = {FOREVER, 0}, rest = {-1, -1};

    signal_catch(SIGUSR1, SA_RESTART, handle);
    release = NULL;
    clock_gettime(CLOCK_MONOTONIC, &before);
    pid_t nudger = nudge_start(SIGUSR1);
    int result = nanosleep(&length, &rest);
    int error = errno;
    clock_gettime(CLOCK_MONOTONIC, &after);
    nudge_stop(nudger);
    ktap_ok(result == -1 && error == EINTR, "nanosleep: EINTR");
    ktap_ok(nanoseconds(&rest) <= nanoseconds(&length) + TIMER_SLACK &&
                nanoseconds(&rest) >=
                    nanoseconds(&length) - (nanoseconds(&after) - nanoseconds(&before)),
            "and the rest that there is to sleep");

    struct timespec until = after;
    until.tv_sec += FOREVER;
    rest.tv_sec = rest.tv_nsec = 77;
    nudger = nudge_start(SIGUSR1);
    error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, &rest);
    nudge_stop(nudger);
    ktap_ok(error == EINTR && rest.tv_sec == 77 && rest.tv_nsec == 77,
            "clock_nanosleep until a time: EINTR, and no rest");
}

/* Signals that nobody hears of do not end a call. */
static void check_ignored(void)
{
    prepare();
    signal_dispose(SIGUSR1, SIG_IGN);
    let_go = RESTARTS;
    release = fill_pipe;
    signal_catch(SIGUSR2, SA_RESTART, handle);
    pid_t ignored = nudge_start(SIGUSR1), heard = nudge_start(SIGUSR2);
    ktap_equal(do_read(), 1, "an ignored signal does not end a read");
    nudge_stop(heard);
    nudge_stop(ignored);
    clean_up();
}

int main(void)
{
    alarm(SECONDS_TO_HANG);
    signal_dispose(SIGPIPE, SIG_IGN);
    ktap_begin();
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check(i, 0);
        check(i, SA_RESTART);
    }
    check_rest();
    check_ignored();
    return ktap_end();
}
