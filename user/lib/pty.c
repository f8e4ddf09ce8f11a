#include "user/lib/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/postern.h"

#define PATIENCE 10000 /* milliseconds, only ever waited for in a test that fails */

bool pty_open(struct pty *pty)
{
    int unlocked = 0, number;

    pty->master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    if (pty->master < 0)
        return false;
    if (ioctl(pty->master, TIOCSPTLCK, &unlocked) || ioctl(pty->master, TIOCGPTN, &number)) {
        close(pty->master);
        return false;
    }
    snprintf(pty->name, sizeof(pty->name), "/dev/pts/%d", number);
    pty->slave = open(pty->name, O_RDWR | O_NOCTTY);
    if (pty->slave < 0)
        close(pty->master);
    return pty->slave >= 0;
}

bool pty_open_or_skip(struct pty *pty)
{
    if (pty_open(pty))
        return true;
    if (on_postern())
        ktap_ok(false, "a pair of pseudo-terminals");
    else
        ktap_skip("no pseudo-terminals on this host", "a pair of pseudo-terminals");
    return false;
}

void pty_close(struct pty *pty)
{
    close(pty->slave);
    close(pty->master);
}

ssize_t pty_read(int fd, void *bytes, size_t size)
{
    struct pollfd row = {.fd = fd, .events = POLLIN};

    if (poll(&row, 1, PATIENCE) == 0) {
        errno = ETIMEDOUT;
        return -1;
    }
    return read(fd, bytes, size);
}

bool pty_expect(int fd, const char *text, size_t length)
{
    char bytes[512];

    while (length) {
        ssize_t part = pty_read(fd, bytes, length < sizeof(bytes) ? length : sizeof(bytes));
        if (part <= 0 || memcmp(bytes, text, part))
            return false;
        text += part;
        length -= part;
    }
    return true;
}
