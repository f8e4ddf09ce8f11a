/*
 * poll(2), select(2), and their relatives with signal masks.
 *
 * Rule: the manual pages. A broken kernel sleeps through what it waits for, wakes for nothing,
 * forgets a hang-up, or leaves a signal mask behind.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "test/guest/check.h"

static int empty[2], full[2], no_writer, no_reader;

static void make_pipes(void)
{
    int ends[2];
    char bytes[4096] = "";

    if (pipe(empty) || pipe2(full, O_NONBLOCK))
        return;
    while (write(full[1], bytes, sizeof(bytes)) > 0)
        ;
    pipe(ends);
    close(ends[1]);
    no_writer = ends[0];
    pipe(ends);
    close(ends[0]);
    no_reader = ends[1];
}

static void check_events(void)
{
    int file = open("file", O_RDWR | O_CREAT, 0644), null = open("/dev/null", O_RDWR);
    int zero = open("/dev/zero", O_RDONLY), directory = open(".", O_RDONLY);
    const struct {
        int fd;
        short events, revents;
        const char *name;
    } rows[] = {
        {empty[0], POLLIN, 0, "an empty pipe"},
        {empty[1], POLLOUT, POLLOUT, "its other end"},
        {empty[1], POLLIN, 0, "its other end, for reading"},
        {full[0], POLLIN, POLLIN, "a full pipe"},
        {full[0], 0, 0, "a full pipe, not asked"},
        {full[0], POLLIN | POLLRDNORM, POLLIN | POLLRDNORM, "POLLRDNORM"},
        {full[1], POLLOUT, 0, "its other end"},
        {no_writer, POLLIN, POLLHUP, "no writer"},
        {no_writer, 0, POLLHUP, "no writer, not asked"},
        {no_reader, POLLOUT, POLLOUT | POLLERR, "no reader"},
        {no_reader, 0, POLLERR, "no reader, not asked"},
        {file, POLLIN | POLLOUT, POLLIN | POLLOUT, "a file"},
        {directory, POLLIN, POLLIN, "a directory"},
        {null, POLLIN | POLLOUT, POLLIN | POLLOUT, "/dev/null"},
        {zero, POLLIN, POLLIN, "/dev/zero"},
        {99, POLLIN, POLLNVAL, "no descriptor"},
        {99, 0, POLLNVAL, "no descriptor, not asked"},
        {-1, POLLIN, 0, "a negative one"},
        {-99, POLLIN, 0, "another"},
    };

    for (unsigned i = 0; i < COUNT(rows); i++) {
        struct pollfd fd = {rows[i].fd, rows[i].events, 0x55};
        int ready = poll(&fd, 1, 0);
        ktap_ok(ready == (rows[i].revents != 0) && fd.revents == rows[i].revents, "poll: %s",
                rows[i].name);
        if (ready < 0 || fd.revents != rows[i].revents)
            ktap_note("%d, revents %#x, not %#x", ready, fd.revents, rows[i].revents);
    }
    struct pollfd three[] = {{full[0], POLLIN, 0}, {empty[0], POLLIN, 0}, {99, POLLIN, 0}};
    ktap_equal(poll(three, 3, -1), 2, "poll counts what is ready");
    ktap_ok(three[0].revents == POLLIN && !three[1].revents && three[2].revents == POLLNVAL,
            "and says which");
    close(file);
    close(null);
    close(zero);
    close(directory);
}

static void check_poll_errors(void)
{
    struct pollfd fd = {empty[0], POLLIN, 0};
    const struct timespec bad = {0, 1000000000}, negative = {-1, 0};

    check_error(poll(&fd, 0x7fffffff, 0), EINVAL, "poll: more than there may be");
    check_error(poll(&fd, -1, 0), EINVAL, "poll: 2^32 - 1");
    check_error(poll((void *)8, 1, 0), EFAULT, "poll: a bad address");
    check_error(poll(NULL, 0, 0), 0, "poll: nothing");
    check_error(ppoll(&fd, 1, &bad, NULL), EINVAL, "ppoll: too many nanoseconds");
    check_error(ppoll(&fd, 1, &negative, NULL), EINVAL, "ppoll: a negative time");
    check_error(syscall(SYS_ppoll, &fd, 1, NULL, &fd, 4), EINVAL, "ppoll: the size of the mask");
}

static int milliseconds_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

static void check_timeouts(void)
{
    struct pollfd fd = {empty[0], POLLIN, 0x55};
    struct timespec start, wait = {0, 30000000};
    struct timeval left = {0, 30000};

    clock_gettime(CLOCK_MONOTONIC, &start);
    ktap_equal(poll(&fd, 1, 30), 0, "poll with 30 ms");
    ktap_ok(milliseconds_since(&start) >= 29 && !fd.revents, "waits for them");
    clock_gettime(CLOCK_MONOTONIC, &start);
    ktap_equal(ppoll(&fd, 1, &wait, NULL), 0, "ppoll with 30 ms");
    ktap_ok(milliseconds_since(&start) >= 29, "waits for them");
    clock_gettime(CLOCK_MONOTONIC, &start);
    ktap_equal(select(0, NULL, NULL, NULL, &left), 0, "select of nothing with 30 ms");
    ktap_ok(milliseconds_since(&start) >= 29, "waits for them");
    clock_gettime(CLOCK_MONOTONIC, &start);
    ktap_equal(poll(NULL, 0, 30), 0, "poll of nothing");
    ktap_ok(milliseconds_since(&start) >= 29, "sleeps");
}

/* In a child, after a moment. */
static pid_t later(void (*what)(void))
{
    pid_t pid = fork();

    if (pid == 0) {
        usleep(20000);
        what();
        _exit(0);
    }
    return pid;
}

static void write_byte(void)
{
    write(empty[1], "x", 1);
}

static void drain(void)
{
    char bytes[4096];

    for (int i = 0; i < 4; i++)
        read(full[0], bytes, sizeof(bytes));
}

static pid_t parent;

/* Again and again: the first may come before the parent sleeps. */
static void signal_parent(void)
{
    while (kill(parent, SIGUSR1) == 0)
        usleep(20000);
}

static void stop(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void check_waking(void)
{
    struct pollfd in = {empty[0], POLLIN, 0}, out = {full[1], POLLOUT, 0};
    int ends[2];
    char byte;

    later(write_byte);
    ktap_ok(poll(&in, 1, 20000) == 1 && in.revents == POLLIN, "poll wakes when there is a byte");
    read(empty[0], &byte, 1);
    wait(NULL);
    later(drain);
    ktap_ok(poll(&out, 1, 20000) == 1 && out.revents == POLLOUT, "and when there is room");
    wait(NULL);
    if (pipe(ends) == 0) {
        pid_t pid = fork();
        if (pid == 0) {
            usleep(20000);
            _exit(0); /* the last writer but the parent, who closes its own at once */
        }
        close(ends[1]);
        struct pollfd hup = {ends[0], POLLIN, 0};
        ktap_ok(poll(&hup, 1, 20000) == 1 && hup.revents == POLLHUP, "and when the writer is gone");
        close(ends[0]);
        waitpid(pid, NULL, 0);
    }
}

static volatile sig_atomic_t signals;

static void on_signal(int signal)
{
    (void)signal;
    signals++;
}

static void check_signals(void)
{
    struct pollfd fd = {empty[0], POLLIN, 0};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigset_t none, usr1, now;
    const struct timespec long_time = {20, 0};

    sigaction(SIGUSR1, &action, NULL);
    sigemptyset(&none);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    parent = getpid();
    pid_t child = later(signal_parent);
    check_error(poll(&fd, 1, 20000), EINTR, "a signal ends poll, SA_RESTART or not");
    ktap_ok(signals > 0, "its handler has run");
    check_error(select(0, NULL, NULL, NULL, &(struct timeval){20, 0}), EINTR, "and select");
    stop(child);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    signals = 0;
    raise(SIGUSR1);
    ktap_equal(poll(&fd, 1, 10), 0, "a blocked signal does not end poll");
    ktap_equal(signals, 0, "nor is it handled");
    check_error(ppoll(&fd, 1, &long_time, &none), EINTR, "ppoll with a mask lets it through");
    ktap_equal(signals, 1, "once");
    sigprocmask(SIG_SETMASK, NULL, &now);
    ktap_ok(sigismember(&now, SIGUSR1), "after it the mask is the old one");
    raise(SIGUSR1);
    check_error(pselect(0, NULL, NULL, NULL, &long_time, &none), EINTR, "pselect does as well");
    ktap_equal(signals, 2, "once");
    sigprocmask(SIG_SETMASK, NULL, &now);
    ktap_ok(sigismember(&now, SIGUSR1), "and the mask is the old one");
    fd.fd = full[0];
    raise(SIGUSR1);
    ktap_equal(ppoll(&fd, 1, &long_time, &none), 1, "what is ready goes before a signal");
    sigprocmask(SIG_SETMASK, &none, NULL);
    ktap_equal(signals, 3, "which is handled in the end");
}

/* --- select ------------------------------------------------------------------------------------
 */

static int select_one(int fd, fd_set *in, fd_set *out, fd_set *except)
{
    struct timeval now = {0, 0};

    FD_ZERO(in);
    FD_ZERO(out);
    FD_ZERO(except);
    FD_SET(fd, in);
    FD_SET(fd, out);
    FD_SET(fd, except);
    return select(fd + 1, in, out, except, &now);
}

static void check_select(void)
{
    fd_set in, out, except;
    const struct {
        int fd, ready;
        bool in, out;
        const char *name;
    } rows[] = {
        {empty[0], 0, false, false, "an empty pipe"}, {empty[1], 1, false, true, "its other end"},
        {full[0], 1, true, false, "a full pipe"},     {no_writer, 1, true, false, "no writer"},
        {no_reader, 2, true, true, "no reader"},
    };

    for (unsigned i = 0; i < COUNT(rows); i++) {
        int fd = rows[i].fd, ready = select_one(fd, &in, &out, &except);
        ktap_ok(ready == rows[i].ready && !!FD_ISSET(fd, &in) == rows[i].in &&
                    !!FD_ISSET(fd, &out) == rows[i].out && !FD_ISSET(fd, &except),
                "select: %s", rows[i].name);
    }
    /* Linux looks at no number past its table of descriptors, so a high one is no error there. */
    const int closed = dup(empty[0]);

    close(closed);
    check_error(select_one(closed, &in, &out, &except), EBADF, "select: no descriptor");
    check_error(select(-1, &in, NULL, NULL, &(struct timeval){0, 0}), EINVAL, "select: -1");
    check_error(syscall(SYS__newselect, 1, 8, 0, 0, 0), EFAULT, "select: a bad set");
    check_error(syscall(SYS__newselect, 0, 0, 0, 0, 8), EFAULT, "select: a bad time");
    check_error(select(0, NULL, NULL, NULL, &(struct timeval){-1, 0}), EINVAL,
                "select: a negative time");
    FD_ZERO(&in);
    FD_SET(full[0], &in);
    FD_SET(empty[0], &in);
    ktap_equal(select(100, &in, NULL, NULL, NULL), 1, "select of two");
    ktap_ok(FD_ISSET(full[0], &in) && !FD_ISSET(empty[0], &in), "says which");
    FD_ZERO(&in);
    FD_SET(full[0], &in);
    FD_SET(99, &in);
    ktap_equal(select(full[0] + 1, &in, NULL, NULL, NULL), 1, "what lies behind nfds is not seen");
}

/* The kernel's sets are bits of long words; a set for 8 descriptors is one word, not a page. */
static void check_small_set(void)
{
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned long *set = (void *)(pages + 4096 - sizeof(long));

    munmap(pages + 4096, 4096);
    dup2(full[0], 9);
    *set = 1 << 9;
    ktap_equal(syscall(SYS__newselect, 10, set, 0, 0, 0), 1, "a set right before a hole");
    ktap_equal(*set, 1 << 9, "is read and written");
    check_error(syscall(SYS__newselect, 40, set, 0, 0, 0), EFAULT, "a set across it");
    close(9);
    munmap(pages, 4096);
}

int main(void)
{
    ktap_begin();
    scratch_enter("poll");
    make_pipes();
    check_events();
    check_poll_errors();
    check_timeouts();
    check_select();
    check_small_set();
    check_waking();
    check_signals();
    scratch_leave();
    return ktap_end();
}
