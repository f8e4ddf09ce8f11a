/*
 * Process groups, sessions, and waiting: who may join which group, whom a signal reaches, what wait
 * tells of whom. stop.c has stopping and continuing, tty.c and tty_jobs.c the terminal.
 *
 * Rule: setpgid(2), setsid(2), kill(2), waitpid(2), waitid(2). A broken kernel lets a process into
 * another session's group, reaches too many or too few, reaps what was only to be looked at, or
 * keeps zombies that nobody wants.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/signals.h"
#include "user/lib/spawn.h"

#define SECONDS_TO_HANG 60
#define NO_PROCESS      0x3ffffff

/* A child that sleeps until it is killed; in a group of its own if group is 0, else in that one. */
static pid_t sleeping_child(pid_t group)
{
    pid_t pid = fork();

    if (pid == 0) {
        alarm(SECONDS_TO_HANG);
        for (;;)
            pause();
    }
    setpgid(pid, group);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static int error_of(int result)
{
    return result < 0 ? errno : result;
}

/* In a child that leads a session; each bit of the result is something that is wrong. */
static int lead_session(void *unused)
{
    pid_t me = getpid();
    int wrong = 0;

    (void)unused;
    wrong |= setsid() != me;
    wrong |= (getsid(0) != me || getpgrp() != me || getpgid(0) != me) << 1;
    wrong |= (error_of(setsid()) != EPERM) << 2;
    wrong |= (error_of(setpgid(0, 0)) != EPERM) << 3;
    pid_t child = sleeping_child(me);
    wrong |= (getsid(child) != me || getpgid(child) != me) << 4;
    wrong |= (error_of(setpgid(child, getppid())) != EPERM) << 5;
    end(child);
    return wrong;
}

static int lead_group(void *unused)
{
    (void)unused;
    if (setpgid(0, 0) || getpgrp() != getpid())
        return 1;
    return error_of(setsid()) != EPERM;
}

static int reads_group(void *group)
{
    return getpgrp() != (intptr_t)group;
}

static void check_groups(void)
{
    pid_t mine = getpgrp();

    ktap_ok(getpgid(0) == mine && getpgid(getpid()) == mine, "getpgid of 0 is one's own");
    ktap_equal(spawn_body(reads_group, (void *)(intptr_t)mine), 0, "a child is in its parent's");
    ktap_equal(error_of(getpgid(NO_PROCESS)), ESRCH, "getpgid of nobody");
    ktap_equal(error_of(getsid(NO_PROCESS)), ESRCH, "getsid of nobody");
    ktap_equal(error_of(setpgid(0, -1)), EINVAL, "a negative group");
    ktap_equal(error_of(setpgid(NO_PROCESS, 0)), ESRCH, "setpgid of nobody");
    ktap_equal(error_of(setpgid(0, NO_PROCESS)), EPERM, "into a group that does not exist");
    ktap_equal(error_of(setpgid(getppid(), 0)), ESRCH, "of one's parent");

    pid_t leader = sleeping_child(0), other = sleeping_child(leader);
    ktap_ok(getpgid(leader) == leader && getpgid(other) == leader,
            "a child may get a group, and another join it");
    ktap_equal(setpgid(other, mine), 0, "and come back");
    ktap_ok(getpgid(other) == mine && getsid(other) == getsid(0), "the session stays");
    end(leader);
    end(other);

    ktap_equal(spawn_body(lead_session, NULL), 0, "setsid and what it forbids");
    ktap_equal(spawn_body(lead_group, NULL), 0, "a group's leader cannot call setsid");
}

static int executed_child(void *self)
{
    char *argv[] = {self, "sleep", NULL};
    int ends[2];
    char byte;

    if (pipe2(ends, O_CLOEXEC)) /* closed means executed */
        return 1;
    pid_t pid = fork();
    if (pid == 0) {
        execv(argv[0], argv);
        _exit(1);
    }
    close(ends[1]);
    read(ends[0], &byte, 1);
    int error = error_of(setpgid(pid, 0));
    end(pid);
    return error != EACCES;
}

static int status_of(pid_t pid)
{
    int status = -1;

    return waitpid(pid, &status, 0) == pid ? status : -1;
}

/* In a group of its own, so that kill(0) reaches no one else. */
static int signal_own_group(void *unused)
{
    (void)unused;
    setpgid(0, 0);
    signal_dispose(SIGTERM, SIG_IGN);
    pid_t same = fork();
    if (same == 0) {
        signal_dispose(SIGTERM, SIG_DFL);
        kill(0, SIGTERM);
        for (;;)
            pause();
    }
    return status_of(same) != SIGTERM;
}

static void check_kill(void)
{
    pid_t leader = sleeping_child(0), member = sleeping_child(leader), other = sleeping_child(0);

    ktap_equal(kill(-leader, 0), 0, "kill of a group with 0 asks whether it is there");
    ktap_equal(kill(-leader, SIGTERM), 0, "kill of a group");
    ktap_ok(status_of(leader) == SIGTERM && status_of(member) == SIGTERM, "reaches its two");
    ktap_equal(waitpid(other, NULL, WNOHANG), 0, "and nobody else");
    ktap_equal(error_of(kill(-leader, 0)), ESRCH, "then it is empty: ESRCH");
    end(other);
    ktap_equal(error_of(kill(other, 0)), ESRCH, "kill of one that is gone");
    ktap_equal(error_of(kill(getpid(), 65)), EINVAL, "kill with signal 65");
    ktap_equal(error_of(kill(getpid(), -1)), EINVAL, "kill with signal -1");
    ktap_equal(spawn_body(signal_own_group, NULL), 0, "kill of 0 reaches one's own group");
    pid_t zombie = fork();
    if (zombie == 0)
        _exit(0);
    siginfo_t info;
    waitid(P_PID, zombie, &info, WEXITED | WNOWAIT);
    ktap_equal(kill(zombie, SIGTERM), 0, "a zombie can be signalled");
    ktap_equal(status_of(zombie), 0, "and does not care");
    ktap_equal(syscall_raw(SYS_tgkill, getpid(), NO_PROCESS, 0), -ESRCH, "tgkill of nobody");
    ktap_equal(syscall_raw(SYS_tgkill, getppid(), getpid(), 0), -ESRCH,
               "tgkill of another process's thread");
    ktap_equal(syscall_raw(SYS_tgkill, -1, getpid(), 0), -EINVAL, "tgkill with a negative group");
    ktap_equal(syscall_raw(SYS_tkill, 0, 0, 0), -EINVAL, "tkill of 0");
}

static pid_t exiting_child(pid_t group, int status)
{
    pid_t pid = fork();

    if (pid == 0) {
        setpgid(0, group);
        _exit(status);
    }
    return pid;
}

static void check_waitpid(void)
{
    pid_t leader = sleeping_child(0);
    pid_t mine = exiting_child(getpgrp(), 1), theirs = exiting_child(leader, 2);
    int status;

    ktap_ok(waitpid(-leader, &status, 0) == theirs && status == 2 << 8, "waitpid for a group");
    ktap_ok(waitpid(0, &status, 0) == mine && status == 1 << 8, "waitpid for one's own group");
    ktap_equal(error_of(waitpid(0, &status, 0)), ECHILD, "of which there is no more");
    ktap_equal(waitpid(-leader, &status, WNOHANG), 0, "WNOHANG: the leader lives");
    ktap_equal(error_of(waitpid(-NO_PROCESS, &status, 0)), ECHILD, "a group without children");
    end(leader);
    ktap_equal(error_of(waitpid(-1, &status, 0)), ECHILD, "no child at all");
    struct rusage usage;
    memset(&usage, 0xff, sizeof(usage));
    mine = exiting_child(getpgrp(), 3);
    ktap_ok(wait4(mine, &status, 0, &usage) == mine && usage.ru_utime.tv_sec == 0 &&
                usage.ru_stime.tv_sec == 0,
            "wait4 tells what it used");
}

static void check_waitid(void)
{
    siginfo_t info;
    pid_t leader = sleeping_child(0), child = exiting_child(leader, 44);

    memset(&info, 0xff, sizeof(info));
    ktap_ok(waitid(P_PGID, leader, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == child &&
                info.si_code == CLD_EXITED && info.si_status == 44 && info.si_signo == SIGCHLD,
            "waitid by group, only to look");
    memset(&info, 0xff, sizeof(info));
    ktap_ok(waitid(P_ALL, 0, &info, WEXITED) == 0 && info.si_pid == child && info.si_status == 44,
            "waitid for all, and it is still there");
    memset(&info, 0xff, sizeof(info));
    ktap_ok(waitid(P_PID, leader, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0 &&
                info.si_signo == 0,
            "waitid with WNOHANG: nobody, all zero");
    kill(leader, SIGKILL);
    ktap_ok(waitid(P_PID, leader, &info, WEXITED) == 0 && info.si_code == CLD_KILLED &&
                info.si_status == SIGKILL && info.si_uid == getuid(),
            "waitid of one that was killed");
    ktap_equal(error_of(waitid(P_PID, leader, &info, WEXITED)), ECHILD, "waitid: no such child");
    ktap_equal(error_of(waitid(P_ALL, 0, &info, 0)), EINVAL, "waitid for nothing");
    ktap_equal(error_of(waitid(P_ALL, 0, &info, 0x40 | WEXITED)), EINVAL, "waitid: bad options");
    ktap_equal(error_of(waitid(77, 0, &info, WEXITED)), EINVAL, "waitid: a bad kind");
    ktap_equal(error_of(waitid(P_PID, 0, &info, WEXITED)), EINVAL, "waitid: pid 0");
}

/* Children whose end nobody wants to know: no zombie stays, wait ends when the last is gone. */
static void check_auto_reaping(const char *name, int flags, void (*disposition)(int))
{
    struct sigaction action = {.sa_handler = disposition, .sa_flags = flags};

    sigemptyset(&action.sa_mask);
    sigaction(SIGCHLD, &action, NULL);
    for (int i = 0; i < 5; i++)
        exiting_child(getpgrp(), i);
    ktap_equal(error_of(waitpid(-1, NULL, 0)), ECHILD, "%s: wait sees only that all are gone",
               name);
    signal_dispose(SIGCHLD, SIG_DFL);
}

static volatile int calls;

static void count(int signal)
{
    (void)signal;
    calls++;
}

/* A pipe that nobody reads. */
static void check_broken_pipe(void)
{
    int ends[2];

    if (pipe(ends))
        return;
    close(ends[0]);
    calls = 0;
    signal(SIGPIPE, count);
    ktap_ok(write(ends[1], "x", 1) == -1 && errno == EPIPE && calls == 1,
            "a write to nobody: SIGPIPE and EPIPE");
    signal(SIGPIPE, SIG_IGN);
    ktap_ok(write(ends[1], "x", 1) == -1 && errno == EPIPE, "SIGPIPE ignored: EPIPE alone");
    signal(SIGPIPE, SIG_DFL);
    close(ends[1]);
}

int main(int argc, char **argv)
{
    alarm(SECONDS_TO_HANG);
    if (argc == 2 && !strcmp(argv[1], "sleep"))
        return pause();
    setpgid(0, 0); /* the first process of a system has group 0, which means something else */
    ktap_begin();
    check_groups();
    ktap_equal(spawn_body(executed_child, argv[0]), 0, "a child that has called exec: EACCES");
    check_kill();
    check_waitpid();
    check_waitid();
    check_auto_reaping("SIGCHLD ignored", 0, SIG_IGN);
    calls = 0;
    check_auto_reaping("SA_NOCLDWAIT", SA_NOCLDWAIT, SIG_DFL);
    check_broken_pipe();
    return ktap_end();
}
