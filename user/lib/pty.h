/* Pairs of pseudo-terminals for tests, and reads that do not wait for ever. */
#ifndef USER_LIB_PTY_H
#define USER_LIB_PTY_H

#include <stdbool.h>
#include <sys/types.h>

struct pty {
    int master, slave;
    char name[32]; /* of the slave */
};

/* A new pair, without becoming a controlling terminal; false if there is none to be had. */
bool pty_open(struct pty *pty);
/* The same for a test, which says why it cannot go on. */
bool pty_open_or_skip(struct pty *pty);
void pty_close(struct pty *pty);

/* read(2) of what comes within some seconds; -1 with ETIMEDOUT if nothing does. */
ssize_t pty_read(int fd, void *bytes, size_t size);

/* Whether the next that comes is exactly text, in however many pieces. */
bool pty_expect(int fd, const char *text, size_t length);

#endif
