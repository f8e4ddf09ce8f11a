/*
 * Terminals: the line discipline between a device that has keys and a screen (the console, or the
 * master of a pseudo-terminal) and the files of user mode (termios(3)).
 *
 *     tty.c           input and output byte by byte
 *     tty_file.c      reading, writing and waiting
 *     tty_ioctl.c     attributes and sizes
 *     tty_session.c   the controlling terminal of a session, jobs in fore- and background
 *
 * In canonical mode input is edited until its line ends; in raw mode every byte counts at once.
 */
#ifndef KERNEL_TTY_H
#define KERNEL_TTY_H

#include "kernel/abi_tty.h"
#include "kernel/file.h"
#include "kernel/session.h"
#include "kernel/wait.h"

#define TTY_INPUT 4096 /* bytes of input, a power of two: positions may wrap around */

struct tty;

/* What stands behind a terminal. */
struct tty_driver {
    /* Shows up to length bytes; how many. Interrupts off. */
    size_t (*write)(struct tty *tty, const char *bytes, size_t length);
    /* A reader made room, which the device may have waited for. Any context. NULL: nobody waits. */
    void (*room)(struct tty *tty);
    /* What was shown and not seen yet is to be forgotten. NULL: there is no such thing. */
    void (*flush)(struct tty *tty);
    /* A file more, a file less. NULL: it does not matter. */
    void (*opened)(struct tty *tty);
    void (*closed)(struct tty *tty);
};

/*
 * [head, ready) can be read, [ready, tail) is the line that is being typed and can be edited. A
 * byte that ends a line is marked; a marked 0 is the end of the input, and no byte.
 */
struct tty_input {
    uint8_t *bytes; /* TTY_INPUT of them */
    uint32_t marks[TTY_INPUT / 32];
    uint32_t head, ready, tail;
    unsigned column; /* where the line that is being typed began on the screen */
    bool quoted;     /* the next byte is only a byte (VLNEXT) */
};

struct tty {
    const struct tty_driver *driver;
    uint32_t number; /* as stat(2) encodes devices */
    struct termios termios;
    struct winsize size;
    struct session *session; /* whose controlling terminal it is, or NULL */
    int32_t foreground;      /* process group; 0: none */
    struct tty_input input;
    unsigned column; /* of the screen, as far as tab stops matter */
    bool stopped;    /* VSTOP was typed, or TCOOFF asked for */
    bool hung_up;    /* the device is gone */
    struct wait_queue readable, writable, taken;
};

/* A terminal with the usual attributes; bytes: TTY_INPUT of them, for its input. */
void tty_init(struct tty *tty, const struct tty_driver *driver, uint32_t number, uint8_t *bytes);

/* --- tty.c --------------------------------------------------------------------------------------
 */

/* One byte as it was typed. Interrupts off. */
void tty_receive(struct tty *tty, uint8_t c);

/* True while a device that can hold its input back is to do so. Any context. */
bool tty_is_full(const struct tty *tty);

/* Shows bytes as the attributes say; how many were taken. Any context. */
size_t tty_show(struct tty *tty, const char *bytes, size_t length);

/* Bytes that can be read now: in canonical mode those of all whole lines. Any context. */
uint32_t tty_available(const struct tty *tty);

/* Takes up to size > 0 bytes, in canonical mode of one line: how many; 0 at an end of the input,
 * -EAGAIN if nothing is ready. Any context. */
ssize_t tty_take(struct tty *tty, char *bytes, size_t size);

/* New attributes; forgetting what was typed and shown. Thread context. */
void tty_set_termios(struct tty *tty, const struct termios *termios);
void tty_flush_input(struct tty *tty);
void tty_flush_output(struct tty *tty);

/* --- tty_file.c, tty_ioctl.c --------------------------------------------------------------------
 */

extern const struct file_operations tty_operations;

/* For the open operations of terminals: file becomes a file of tty. */
int tty_open(struct file *file, struct tty *tty);

/* True if a read would not have to wait. */
bool tty_can_read(const struct tty *tty);

/* What ioctl(2) on either end of a terminal does; by_master: on a pseudo-terminal's other end. */
long tty_ioctl(struct tty *tty, uint32_t request, uint32_t argument, bool by_master);

/* --- tty_session.c ------------------------------------------------------------------------------
 */

/* The controlling terminal of a process, or NULL. */
struct tty *tty_of_process(const struct process *process);

/* 0 if the caller may do to tty what only the foreground may, or not for signal's (SIGTTIN,
 * SIGTTOU) sake; else the signal is sent: -ERESTARTSYS, or -EIO where it would not help. */
int tty_check_foreground(struct tty *tty, int signal);

/* A session leader without a terminal opened one that nobody has. */
void tty_acquire(struct tty *tty);

/* TIOCSCTTY, TIOCNOTTY, TIOCGPGRP, TIOCSPGRP, TIOCGSID. */
long tty_session_ioctl(struct tty *tty, uint32_t request, uint32_t argument, bool by_master);

/* The leader of the session that tty controls ends. */
void tty_leader_exits(struct session *session);

/* The device is gone: whoever uses the terminal hears of it. */
void tty_hang_up(struct tty *tty);

/* --- the console, kernel/console.c --------------------------------------------------------------
 */

extern struct tty console_tty;

#endif
