/*
 * A session and its controlling terminal: how it gets and loses one, and who hears of the end.
 *
 * Rule: ioctl_tty(2), credentials(7), POSIX 11.1.3. A broken kernel gives one terminal to two
 * sessions, lets a process give the foreground to a group of another session, or leaves the jobs of
 * a session that is gone without a hang-up.
 *
 * All checks run in a child that leads a session of its own, as a shell does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/pty.h"
#include "user/lib/signals.h"
#include "user/lib/spawn.h"

#define SECONDS_TO_HANG 60
#define NO_PROCESS      0x3ffffff

static struct pty pty;
static volatile int calls;

static void count(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
    calls++;
}

static void check_no_terminal(void)
{
    ktap_ok(open("/dev/tty", O_RDWR) == -1 && errno == ENXIO, "a new session: /dev/tty is ENXIO");
    ktap_ok(tcgetpgrp(pty.slave) == -1 && errno == ENOTTY, "a terminal that is not ours: ENOTTY");
    ktap_ok(tcsetpgrp(pty.slave, getpgrp()) == -1 && errno == ENOTTY, "tcsetpgrp as well");
}

static void check_terminal(void)
{
    ktap_equal(syscall_raw(SYS_ioctl, pty.slave, TIOCSPGRP, (long)&(int){-1}), -EINVAL,
               "tcsetpgrp of another's terminal: EINVAL");
    ktap_equal(ioctl(pty.slave, TIOCSCTTY, 0), 0, "TIOCSCTTY");
    int tty = open("/dev/tty", O_RDWR);
    ktap_ok(tty >= 0 && isatty(tty) && write(tty, "t", 1) == 1 && pty_expect(pty.master, "t", 1),
            "now /dev/tty is this terminal");
    close(tty);
    ktap_equal(tcgetpgrp(pty.slave), getpgrp(), "the leader's group is in the foreground");
    ktap_equal(tcgetsid(pty.slave), getpid(), "tcgetsid");
    ktap_ok(tcsetpgrp(pty.slave, NO_PROCESS) == -1 && errno == ESRCH, "tcsetpgrp: ESRCH");
    ktap_ok(tcsetpgrp(pty.slave, -1) == -1 && errno == EINVAL, "tcsetpgrp: EINVAL");
    ktap_ok(tcsetpgrp(pty.slave, 1) == -1 && (errno == EPERM || errno == ESRCH),
            "tcsetpgrp: another session's group");
    ktap_equal(syscall_raw(SYS_ioctl, pty.slave, TIOCSPGRP, 64), -EFAULT, "TIOCSPGRP: EFAULT");
    ktap_equal(syscall_raw(SYS_ioctl, pty.slave, TIOCGPGRP, 64), -EFAULT, "TIOCGPGRP: EFAULT");
}

static void check_size(void)
{
    struct winsize size = {30, 90, 0, 0};

    calls = 0;
    signal_catch(SIGWINCH, SA_RESTART, count);
    ioctl(pty.master, TIOCSWINSZ, &size);
    while (!calls)
        usleep(1000);
    ktap_equal(calls, 1, "a new size: SIGWINCH in the foreground");
    ioctl(pty.master, TIOCSWINSZ, &size);
    usleep(3000);
    ktap_equal(calls, 1, "the same size: none");
    signal_dispose(SIGWINCH, SIG_DFL);
}

static int give_up_terminal(void *unused)
{
    (void)unused;
    if (ioctl(pty.slave, TIOCNOTTY))
        return 1;
    return open("/dev/tty", O_RDWR) != -1 || errno != ENXIO ? 2 : 0;
}

static int steal_terminal(void *unused)
{
    (void)unused;
    setsid();
    return ioctl(pty.slave, TIOCSCTTY, 0) == -1 && errno == EPERM ? 0 : 1;
}

static int open_terminal(void *unused)
{
    struct pty other;

    (void)unused;
    setsid();
    if (!pty_open(&other) || open("/dev/tty", O_RDWR) != -1)
        return 1;
    int slave = open(other.name, O_RDWR);
    return slave >= 0 && open("/dev/tty", O_RDWR) >= 0 && tcgetsid(slave) == getpid() ? 0 : 2;
}

static void check_ownership(void)
{
    ktap_equal(spawn_body(give_up_terminal, NULL), 0, "TIOCNOTTY: a child has no terminal then");
    int tty = open("/dev/tty", O_RDWR);
    ktap_ok(tty >= 0, "its parent has");
    close(tty);
    ktap_equal(spawn_body(steal_terminal, NULL), 0, "another session's terminal: EPERM");
    ktap_equal(spawn_body(open_terminal, NULL), 0,
               "a leader's first terminal is the one that it opens without O_NOCTTY");
}

/* The master goes: the session's leader and the foreground hear of it. */
static int hang_up(void *unused)
{
    struct pty own;
    int continued = 0;

    (void)unused;
    setsid();
    if (!pty_open(&own) || ioctl(own.slave, TIOCSCTTY, 0))
        return 1;
    signal_mask(SIG_BLOCK, SIGHUP);
    signal_mask(SIG_BLOCK, SIGCONT);
    close(own.master);
    continued = signal_pending(SIGCONT);
    if (!signal_pending(SIGHUP) || !continued)
        return 2;
    return open("/dev/tty", O_RDWR) != -1 ? 3 : 0;
}

/* The leader ends: the foreground group hears of it. */
static int leave(void *ready_end)
{
    struct pty own;

    setsid();
    if (!pty_open(&own) || ioctl(own.slave, TIOCSCTTY, 0))
        return 1;
    pid_t job = fork();
    if (job == 0) {
        alarm(SECONDS_TO_HANG);
        setpgid(0, 0);
        signal_dispose(SIGTTOU, SIG_IGN);
        signal_mask(SIG_BLOCK, SIGHUP);
        tcsetpgrp(own.slave, getpgrp());
        raise(SIGSTOP);
        sigset_t set = signal_set(SIGHUP);
        write((intptr_t)ready_end, sigwaitinfo(&set, NULL) == SIGHUP ? "h" : "?", 1);
        _exit(0);
    }
    waitpid(job, NULL, WUNTRACED);
    return 0;
}

static void check_hangup(void)
{
    int ends[2];
    char byte = 0;

    ktap_equal(spawn_body(hang_up, NULL), 0, "the master's end: SIGHUP and SIGCONT for the leader");
    if (pipe(ends))
        return;
    ktap_equal(spawn_body(leave, (void *)(intptr_t)ends[1]), 0,
               "a leader that leaves a stopped job");
    close(ends[1]);
    ktap_ok(read(ends[0], &byte, 1) == 1 && byte == 'h', "SIGHUP, and the job goes on to see it");
    close(ends[0]);
}

static int lead(void *unused)
{
    (void)unused;
    alarm(SECONDS_TO_HANG);
    setsid();
    signal_dispose(SIGTTOU, SIG_IGN);
    check_no_terminal();
    check_terminal();
    check_size();
    check_ownership();
    check_hangup();
    return ktap_end();
}

int main(void)
{
    ktap_begin();
    if (!pty_open_or_skip(&pty))
        return ktap_end();
    return spawn_status(spawn_body(lead, NULL));
}
