/*
 * Jobs and their terminal: whom its keys signal, who may read and write. tty_session.c has who owns
 * it.
 *
 * Rule: POSIX 11.1 (general terminal interface), credentials(7). A broken kernel
 * signals the shell instead of the job, lets a background job steal what is typed for another, or
 * stops one that nobody can continue.
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

static struct pty pty;
static int go[2]; /* a byte in it starts a job */
static volatile int calls;

static void count(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
    calls++;
}

/* What a job must have as a program is used to it, whatever its shell does. */
static const int of_keys[] = {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};

/* A job: a child in a group of its own that runs body when it has its place. */
static pid_t start_job(int (*body)(void *), bool foreground)
{
    char byte;
    pid_t pid = fork();

    if (pid == 0) {
        alarm(SECONDS_TO_HANG);
        for (unsigned i = 0; i < sizeof(of_keys) / sizeof(of_keys[0]); i++)
            signal_dispose(of_keys[i], SIG_DFL);
        read(go[0], &byte, 1);
        _exit(body(NULL));
    }
    setpgid(pid, pid);
    if (foreground)
        tcsetpgrp(pty.slave, pid);
    write(go[1], "x", 1);
    return pid;
}

/* The next that becomes of a job. */
static int change_of(pid_t job)
{
    int status = -1;

    waitpid(job, &status, WUNTRACED);
    return status;
}

static bool stopped_by(int status, int signal)
{
    return WIFSTOPPED(status) && WSTOPSIG(status) == signal;
}

static void take_back(void)
{
    tcsetpgrp(pty.slave, getpgrp());
}

static int wait_for_ever(void *unused)
{
    (void)unused;
    write(pty.slave, "!", 1); /* ready */
    while (pause() < 0)
        ;
    return 1;
}

static int read_line(void *unused)
{
    char bytes[16];

    (void)unused;
    return read(pty.slave, bytes, sizeof(bytes)) == 4 && !memcmp(bytes, "job\n", 4) ? 0 : 1;
}

static int read_errno(void *unused)
{
    char byte;

    (void)unused;
    return read(pty.slave, &byte, 1) < 0 ? errno : 0;
}

static int read_ignoring(void *unused)
{
    signal_dispose(SIGTTIN, SIG_IGN);
    return read_errno(unused);
}

static int read_blocking(void *unused)
{
    signal_mask(SIG_BLOCK, SIGTTIN);
    return read_errno(unused);
}

static int write_byte(void *unused)
{
    (void)unused;
    return write(pty.slave, "w", 1) != 1;
}

static int write_ignoring(void *unused)
{
    signal_dispose(SIGTTOU, SIG_IGN);
    return write_byte(unused);
}

static int set_attributes(void *unused)
{
    struct termios t;

    (void)unused;
    tcgetattr(pty.slave, &t);
    return tcsetattr(pty.slave, TCSANOW, &t) != 0;
}

static int take_foreground(void *unused)
{
    (void)unused;
    return tcsetpgrp(pty.slave, getpgrp()) != 0;
}

/* A key is typed while a job is in the foreground; the shell must not feel it. */
static void check_key(const char *key, int signal, const char *name)
{
    char bytes[8];

    calls = 0;
    signal_catch(signal, SA_RESTART, count);
    pid_t job = start_job(wait_for_ever, true);
    ktap_equal(tcgetpgrp(pty.slave), job, "%s: the job is in the foreground", name);
    pty_read(pty.master, bytes, 1);
    write(pty.master, key, 1);
    int status = change_of(job);
    ktap_ok(signal == SIGTSTP ? stopped_by(status, signal) : status == signal,
            "%s: the job gets its signal", name);
    ktap_equal(calls, 0, "%s: the shell does not", name);
    ktap_ok(pty_expect(pty.master, "^", 1) && pty_read(pty.master, bytes, 8) > 0,
            "%s: it is echoed", name);
    if (WIFSTOPPED(status)) {
        kill(job, SIGKILL);
        waitpid(job, NULL, 0);
    }
    take_back();
    signal_dispose(signal, SIG_DFL);
}

static void check_keys(void)
{
    struct termios t, old;
    char bytes[8];

    check_key("\003", SIGINT, "^C");
    check_key("\034", SIGQUIT, "^\\");
    check_key("\032", SIGTSTP, "^Z");
    signal_catch(SIGINT, 0, count);
    calls = 0;
    write(pty.master, "lost\003", 5);
    while (!calls)
        usleep(1000);
    write(pty.master, "kept\n", 5);
    ktap_ok(pty_read(pty.slave, bytes, 8) == 5 && !memcmp(bytes, "kept\n", 5),
            "^C throws away what was typed before it");
    signal_dispose(SIGINT, SIG_DFL);
    tcflush(pty.master, TCIFLUSH);
    tcgetattr(pty.slave, &t);
    old = t;
    t.c_lflag &= ~(ISIG | ECHO);
    tcsetattr(pty.slave, TCSANOW, &t);
    write(pty.master, "\003\n", 2);
    ktap_ok(pty_read(pty.slave, bytes, 8) == 2 && bytes[0] == 3, "without ISIG ^C is a character");
    old.c_lflag &= ~ECHO;
    tcsetattr(pty.slave, TCSANOW, &old);
}

static void check_background_read(void)
{
    pid_t job = start_job(read_line, false);

    ktap_ok(stopped_by(change_of(job), SIGTTIN), "a read in the background: SIGTTIN");
    tcsetpgrp(pty.slave, job);
    kill(-job, SIGCONT);
    write(pty.master, "job\n", 4);
    ktap_equal(change_of(job), 0, "in the foreground it goes on and gets its line");
    take_back();
    ktap_equal(change_of(start_job(read_ignoring, false)), EIO << 8, "SIGTTIN ignored: EIO");
    ktap_equal(change_of(start_job(read_blocking, false)), EIO << 8, "SIGTTIN blocked: EIO");
}

static void set_tostop(bool on)
{
    struct termios t;

    tcgetattr(pty.slave, &t);
    t.c_lflag = (t.c_lflag & ~TOSTOP) | (on ? TOSTOP : 0);
    tcsetattr(pty.slave, TCSANOW, &t);
}

static void check_stopped_then_works(int (*body)(void *), const char *name)
{
    pid_t job = start_job(body, false);

    ktap_ok(stopped_by(change_of(job), SIGTTOU), "%s in the background: SIGTTOU", name);
    tcsetpgrp(pty.slave, job);
    kill(-job, SIGCONT);
    ktap_equal(change_of(job), 0, "%s: in the foreground it works", name);
    take_back();
}

static void check_background_write(void)
{
    ktap_equal(change_of(start_job(write_byte, false)), 0, "a write in the background is free");
    set_tostop(true);
    check_stopped_then_works(write_byte, "a write with TOSTOP");
    ktap_equal(change_of(start_job(write_ignoring, false)), 0,
               "SIGTTOU ignored: the write is free");
    set_tostop(false);
    check_stopped_then_works(set_attributes, "tcsetattr");
    check_stopped_then_works(take_foreground, "tcsetpgrp");
    ktap_ok(pty_expect(pty.master, "www", 3), "three bytes were written");
}

/* A grandchild whose parent is gone: its group is orphaned, a stop would be for ever. */
static int read_orphaned(void *unused)
{
    int ends[2];
    char result = 0;

    (void)unused;
    if (pipe(ends))
        return 1;
    pid_t pid = fork();
    if (pid == 0) {
        if (fork() == 0) {
            setpgid(0, 0);
            while (getppid() == pid)
                usleep(1000);
            close(ends[0]);
            usleep(5000);
            result = read_errno(NULL);
            write(ends[1], &result, 1);
        }
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    close(ends[1]);
    read(ends[0], &result, 1);
    return result;
}

static void check_orphaned(void)
{
    ktap_equal(read_orphaned(NULL), EIO, "an orphaned group's read: EIO, not a stop");
}

static int lead(void *unused)
{
    (void)unused;
    alarm(SECONDS_TO_HANG);
    setsid();
    signal_dispose(SIGTTOU, SIG_IGN);
    if (!ktap_ok(pipe(go) == 0 && ioctl(pty.slave, TIOCSCTTY, 0) == 0,
                 "a session and its terminal"))
        return ktap_end();
    check_keys();
    check_background_read();
    check_background_write();
    check_orphaned();
    return ktap_end();
}

int main(void)
{
    ktap_begin();
    if (!pty_open_or_skip(&pty))
        return ktap_end();
    return spawn_status(spawn_body(lead, NULL));
}
