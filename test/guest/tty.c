/*
 * The line discipline, seen through a pseudo-terminal: editing, echo, translations, raw reads,
 * hang-ups. tty_jobs.c has sessions and the signals of the keyboard.
 *
 * Rule: termios(3), ioctl_tty(2), pty(7). A broken kernel hands out a line before its end, loses or
 * doubles a byte, echoes what was erased, wakes a raw reader too early or never, or keeps a reader
 * asleep when the other side is gone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/pty.h"
#include "user/lib/spawn.h"
#include "user/lib/syscall.h"

#define SECONDS_TO_HANG 100

static struct pty pty;
static struct termios sane; /* as a new terminal is */

/* A terminal with these changes to sane, and nothing left to read. */
static void set(tcflag_t input_on, tcflag_t input_off, tcflag_t output_off, tcflag_t local_off)
{
    struct termios t = sane;

    t.c_iflag = (t.c_iflag | input_on) & ~input_off;
    t.c_oflag &= ~output_off;
    t.c_lflag &= ~local_off;
    tcsetattr(pty.slave, TCSANOW, &t);
}

static void check_attributes(void)
{
    struct termios t;
    int ends[2];

    ktap_ok(isatty(pty.master) && isatty(pty.slave), "both ends are terminals");
    ktap_equal(tcgetattr(pty.slave, &sane), 0, "tcgetattr");
    ktap_ok((sane.c_iflag & (ICRNL | IXON)) == (ICRNL | IXON) &&
                (sane.c_oflag & (OPOST | ONLCR)) == (OPOST | ONLCR),
            "a new terminal translates CR and NL");
    ktap_ok((sane.c_lflag & (ISIG | ICANON | ECHO | ECHOE | ECHOK | IEXTEN)) ==
                (ISIG | ICANON | ECHO | ECHOE | ECHOK | IEXTEN),
            "and has signals, lines and echo");
    ktap_ok((sane.c_cflag & CSIZE) == CS8 && cfgetospeed(&sane) == B38400, "eight bits, 38400");
    ktap_ok(sane.c_cc[VINTR] == 3 && sane.c_cc[VQUIT] == 28 && sane.c_cc[VERASE] == 127 &&
                sane.c_cc[VKILL] == 21 && sane.c_cc[VEOF] == 4 && sane.c_cc[VMIN] == 1 &&
                sane.c_cc[VTIME] == 0 && sane.c_cc[VSUSP] == 26 && sane.c_cc[VWERASE] == 23,
            "with the usual control characters");
    t = sane;
    t.c_cc[VERASE] = '#';
    t.c_lflag &= ~ECHO;
    ktap_equal(tcsetattr(pty.slave, TCSADRAIN, &t), 0, "tcsetattr");
    memset(&t, 0, sizeof(t));
    tcgetattr(pty.master, &t);
    ktap_ok(t.c_cc[VERASE] == '#' && !(t.c_lflag & ECHO), "the other end has the same");
    tcsetattr(pty.slave, TCSANOW, &sane);
    if (pipe(ends))
        return;
    ktap_ok(tcgetattr(ends[0], &t) == -1 && errno == ENOTTY, "a pipe is no terminal");
    ktap_equal(syscall_raw(SYS_ioctl, pty.slave, TCGETS, 64), -EFAULT, "TCGETS: EFAULT");
    ktap_equal(syscall_raw(SYS_ioctl, pty.slave, TCSETS, 64), -EFAULT, "TCSETS: EFAULT");
    ktap_equal(syscall_raw(SYS_ioctl, pty.slave, 0x54ff, 0), -ENOTTY, "no such ioctl");
    close(ends[0]);
    close(ends[1]);
}

static const struct {
    const char *name;
    tcflag_t input_on, input_off;
    const char *typed;
    const char *read; /* one line; what follows is another */
} lines[] = {
    {"a line", 0, 0, "abc\n", "abc\n"},
    {"an erased character", 0, 0, "abx\177c\n", "abc\n"},
    {"nothing left to erase", 0, 0, "a\177\177\177b\n", "b\n"},
    {"a killed line", 0, 0, "abc\025def\n", "def\n"},
    {"an erased word", 0, 0, "foo bar \027baz\n", "foo baz\n"},
    {"the end of file behind text", 0, 0, "abc\004", "abc"},
    {"the end of file alone", 0, 0, "\004", ""},
    {"a quoted character", 0, 0, "a\026\177b\n", "a\177b\n"},
    {"ICRNL", 0, 0, "abc\r", "abc\n"},
    {"ICRNL off", 0, ICRNL, "a\rb\n", "a\rb\n"},
    {"IGNCR", IGNCR, 0, "a\rb\r\n", "ab\n"},
    {"INLCR", INLCR, ICRNL, "a\nb\004", "a\rb"},
    {"ISTRIP", ISTRIP, 0, "\341b\n", "ab\n"},
};

static void check_lines(void)
{
    char bytes[64];

    for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        set(lines[i].input_on, lines[i].input_off, 0, ECHO);
        write(pty.master, lines[i].typed, strlen(lines[i].typed));
        ssize_t length = pty_read(pty.slave, bytes, sizeof(bytes));
        ktap_ok(length == (ssize_t)strlen(lines[i].read) && !memcmp(bytes, lines[i].read, length),
                "line: %s", lines[i].name);
    }
    set(0, 0, 0, ECHO);
    write(pty.master, "one\ntwo\n", 8);
    ktap_equal(pty_read(pty.slave, bytes, sizeof(bytes)), 4, "one read gives one line");
    ktap_equal(pty_read(pty.slave, bytes, 2), 2, "a short one gives a part");
    ktap_ok(pty_read(pty.slave, bytes, sizeof(bytes)) == 2 && bytes[0] == 'o', "then the rest");
}

/* The echo proves that the terminal has seen what was typed. */
static void check_no_line(void)
{
    struct pollfd row = {.fd = pty.slave, .events = POLLIN};
    int there = -1;

    tcsetattr(pty.slave, TCSANOW, &sane);
    write(pty.master, "abc", 3);
    ktap_ok(pty_expect(pty.master, "abc", 3), "what is typed is echoed");
    ioctl(pty.slave, FIONREAD, &there);
    ktap_ok(poll(&row, 1, 0) == 0 && there == 0, "half a line is nothing to read");
    fcntl(pty.slave, F_SETFL, O_NONBLOCK);
    ktap_ok(read(pty.slave, &there, 1) == -1 && errno == EAGAIN, "with O_NONBLOCK: EAGAIN");
    fcntl(pty.slave, F_SETFL, 0);
    write(pty.master, "d\n", 2);
    ktap_ok(pty_expect(pty.master, "d\r\n", 3), "its end is echoed as CR and NL");
    poll(&row, 1, 1000);
    ioctl(pty.slave, FIONREAD, &there);
    ktap_ok(row.revents == POLLIN && there == 5, "then there are five bytes");
    ktap_ok(pty_expect(pty.slave, "abcd\n", 5), "which are the line");
}

static const struct {
    const char *name;
    tcflag_t local_off;
    const char *typed, *echoed;
} echoes[] = {
    {"an erased character", 0, "ab\177c\n", "ab\b \bc\r\n"},
    {"a killed line", 0, "ab\025c\n", "ab\b \b\b \bc\r\n"},
    {"an erased word", 0, "a bc\027d\n", "a bc\b \b\b \bd\r\n"},
    {"a control character", 0, "\001\n", "^A\r\n"},
    {"an erased control character", 0, "\001\177\n", "^A\b \b\b \b\r\n"},
    {"a control character without ECHOCTL", ECHOCTL, "\001\n", "\001\r\n"},
    {"the end of file is not echoed", 0, "a\004", "a"},
};

static void check_echo(void)
{
    char bytes[64];

    for (unsigned i = 0; i < sizeof(echoes) / sizeof(echoes[0]); i++) {
        set(0, 0, 0, echoes[i].local_off);
        write(pty.master, echoes[i].typed, strlen(echoes[i].typed));
        ktap_ok(pty_expect(pty.master, echoes[i].echoed, strlen(echoes[i].echoed)), "echo: %s",
                echoes[i].name);
        pty_read(pty.slave, bytes, sizeof(bytes));
    }
    set(0, 0, 0, ECHO);
    write(pty.master, "x\n", 2);
    pty_read(pty.slave, bytes, sizeof(bytes));
    write(pty.slave, "y", 1);
    ktap_ok(pty_expect(pty.master, "y", 1), "ECHO off: no echo");
}

static void check_output(void)
{
    set(0, 0, 0, 0);
    ktap_equal(write(pty.slave, "a\nb", 3), 3, "a write of three bytes");
    ktap_ok(pty_expect(pty.master, "a\r\nb", 4), "ONLCR makes NL CR and NL");
    set(0, 0, ONLCR, 0);
    write(pty.slave, "a\nb", 3);
    ktap_ok(pty_expect(pty.master, "a\nb", 3), "without ONLCR it stays");
    set(0, 0, OPOST, 0);
    write(pty.slave, "a\nb", 3);
    ktap_ok(pty_expect(pty.master, "a\nb", 3), "and without OPOST");
}

static void set_raw(int minimum, int tenths)
{
    struct termios t = sane;

    cfmakeraw(&t);
    t.c_cc[VMIN] = minimum;
    t.c_cc[VTIME] = tenths;
    tcsetattr(pty.slave, TCSAFLUSH, &t);
}

/* Waits until so many bytes can be read. */
static int await_bytes(int count)
{
    int there = 0;

    for (int i = 0; i < 2000 && there < count; i++) {
        ioctl(pty.slave, FIONREAD, &there);
        usleep(1000);
    }
    return there;
}

/* What a read of size gets when typed comes in two pieces, the second while it sleeps. */
static int read_pieces(size_t size, const char *first, const char *second)
{
    char bytes[16];

    write(pty.master, first, strlen(first));
    await_bytes(strlen(first));
    pid_t child = fork();
    if (child == 0) {
        usleep(20000);
        write(pty.master, second, strlen(second));
        _exit(0);
    }
    int length = read(pty.slave, bytes, size);
    waitpid(child, NULL, 0);
    await_bytes(strlen(first) + strlen(second) - length);
    tcflush(pty.slave, TCIFLUSH);
    return length;
}

static void check_raw(void)
{
    unsigned char all[256], bytes[256];
    struct timespec before, after;
    int there;

    for (int i = 0; i < 256; i++)
        all[i] = i;
    set_raw(1, 0);
    write(pty.master, all, 256);
    ktap_ok(pty_expect(pty.slave, (char *)all, 256), "raw: every byte as it is");
    write(pty.slave, all, 256);
    ktap_ok(pty_expect(pty.master, (char *)all, 256), "raw: the other way as well");
    ktap_equal(read_pieces(10, "ab", ""), 2, "MIN 1: a read gives what there is");
    ktap_equal(read_pieces(10, "", "cd"), 2, "MIN 1: it waits for one byte");
    set_raw(0, 0);
    ktap_equal(read(pty.slave, bytes, 10), 0, "MIN 0, TIME 0: nothing is 0 bytes at once");
    ktap_equal(read_pieces(10, "abc", ""), 3, "MIN 0, TIME 0: what there is");
    set_raw(3, 0);
    ktap_equal(read_pieces(10, "ab", "c"), 3, "MIN 3: it waits for the third");
    ktap_equal(read_pieces(10, "abcd", ""), 4, "MIN 3: more is welcome");
    ktap_equal(read_pieces(2, "abc", ""), 2, "MIN 3: but not more than asked for");
    set_raw(3, 1);
    ktap_equal(read_pieces(10, "ab", ""), 2,
               "MIN 3, TIME 1: what came, a while after the last byte");
    set_raw(0, 2);
    clock_gettime(CLOCK_MONOTONIC, &before);
    int length = read(pty.slave, bytes, 10);
    clock_gettime(CLOCK_MONOTONIC, &after);
    int64_t passed =
        (after.tv_sec - before.tv_sec) * 1000LL + (after.tv_nsec - before.tv_nsec) / 1000000;
    ktap_ok(length == 0 && passed >= 150, "MIN 0, TIME 2: nothing after two tenths of a second");
    set_raw(0, 100);
    ktap_equal(read_pieces(10, "", "z"), 1, "MIN 0, TIME 100: one byte that comes in time");

    set_raw(1, 0);
    write(pty.master, "abc", 3);
    ktap_equal(await_bytes(3), 3, "FIONREAD counts raw bytes");
    ktap_equal(tcflush(pty.slave, TCIFLUSH), 0, "tcflush");
    ioctl(pty.slave, FIONREAD, &there);
    ktap_equal(there, 0, "throws them away");
    write(pty.master, "abc", 3);
    await_bytes(3);
    set_raw(1, 0);
    ioctl(pty.slave, FIONREAD, &there);
    ktap_equal(there, 0, "so does TCSAFLUSH");
    ktap_ok(syscall_raw(SYS_ioctl, pty.slave, TCFLSH, 77) == -EINVAL, "TCFLSH of a bad queue");
}

static void check_poll(void)
{
    struct pollfd rows[2] = {{.fd = pty.master, .events = POLLIN | POLLOUT},
                             {.fd = pty.slave, .events = POLLIN | POLLOUT}};
    char bytes[8];

    ktap_ok(poll(rows, 2, 0) == 2 && rows[0].revents == POLLOUT && rows[1].revents == POLLOUT,
            "both ends can be written, neither read");
    write(pty.slave, "x", 1);
    rows[0].events = POLLIN;
    ktap_ok(poll(rows, 1, 10000) == 1 && rows[0].revents == POLLIN, "the master can be read");
    read(pty.master, bytes, 1);
    write(pty.master, "y", 1);
    rows[1].events = POLLIN;
    ktap_ok(poll(rows + 1, 1, 10000) == 1 && rows[1].revents == POLLIN, "so can the slave");
    read(pty.slave, bytes, 1);
    fcntl(pty.master, F_SETFL, O_NONBLOCK);
    ktap_ok(read(pty.master, bytes, 1) == -1 && errno == EAGAIN, "the master with O_NONBLOCK");
    fcntl(pty.master, F_SETFL, 0);
}

static void check_size(void)
{
    struct winsize size = {24, 80, 640, 480}, got;

    memset(&got, 0xff, sizeof(got));
    ioctl(pty.slave, TIOCGWINSZ, &got);
    ktap_ok(!got.ws_row && !got.ws_col && !got.ws_xpixel, "a new terminal has no size");
    ktap_equal(ioctl(pty.master, TIOCSWINSZ, &size), 0, "the master can set one");
    ioctl(pty.slave, TIOCGWINSZ, &got);
    ktap_ok(!memcmp(&got, &size, sizeof(size)), "the slave has it");
    ktap_equal(syscall_raw(SYS_ioctl, pty.slave, TIOCGWINSZ, 64), -EFAULT, "TIOCGWINSZ: EFAULT");
}

static void check_hangup(void)
{
    struct pollfd row = {.events = POLLIN};
    struct pty other;
    struct termios t;
    char bytes[8];
    int locked = 1;

    if (!ktap_ok(pty_open(&other) && strcmp(other.name, pty.name), "a second pair"))
        return;
    write(other.slave, "z", 1);
    close(other.slave);
    ktap_ok(pty_expect(other.master, "z", 1), "what was written before the slave's end is there");
    ktap_ok(pty_read(other.master, bytes, 8) == -1 && errno == EIO, "then the master gets EIO");
    row.fd = other.master;
    ktap_ok(poll(&row, 1, 0) == 1 && row.revents & POLLHUP, "and POLLHUP");
    other.slave = open(other.name, O_RDWR | O_NOCTTY);
    ktap_ok(other.slave >= 0 && write(other.slave, "w", 1) == 1 && pty_expect(other.master, "w", 1),
            "until the slave is opened again");
    close(other.master);
    ktap_equal(pty_read(other.slave, bytes, 8), 0, "without a master the slave reads 0");
    ktap_ok(write(other.slave, "x", 1) == -1 && errno == EIO, "and cannot write: EIO");
    ktap_ok(tcgetattr(other.slave, &t) == -1 && errno == EIO, "nor tell its state: EIO");
    row.fd = other.slave;
    ktap_ok(poll(&row, 1, 0) == 1 && row.revents & POLLHUP, "and has POLLHUP");
    close(other.slave);
    ktap_ok(open(other.name, O_RDWR | O_NOCTTY) == -1, "its name is gone");
    if (pty_open(&other)) {
        close(other.slave);
        ioctl(other.master, TIOCSPTLCK, &locked);
        ktap_ok(open(other.name, O_RDWR | O_NOCTTY) == -1 && errno == EIO, "a locked one: EIO");
        close(other.master);
    }
}

/* The slave's name lies in a directory where nobody but root may make any. */
static int open_as_nobody(void *unused)
{
    struct pty own;
    struct stat stat_buffer;

    (void)unused;
    umask(077);
    if (!geteuid() && (setgid(65534) || setuid(65534)))
        return 1;
    if (!pty_open(&own))
        return 2;
    return fstat(own.slave, &stat_buffer) || stat_buffer.st_uid != geteuid() ? 3 : 0;
}

int main(void)
{
    alarm(SECONDS_TO_HANG);
    ktap_begin();
    if (!pty_open_or_skip(&pty))
        return ktap_end();
    check_attributes();
    check_size();
    check_lines();
    check_no_line();
    check_echo();
    check_output();
    check_raw();
    check_poll();
    check_hangup();
    ktap_equal(spawn_body(open_as_nobody, NULL), 0, "a pair for somebody who is not root");
    pty_close(&pty);
    return ktap_end();
}
