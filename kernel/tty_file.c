/* Terminals as files: reading, writing, waiting. */
#include "kernel/process.h"
#include "kernel/time.h"
#include "kernel/tty.h"

#define CHUNK 256

int tty_open(struct file *file, struct tty *tty)
{
    file->object = tty;
    if (tty->driver->opened)
        tty->driver->opened(tty);
    return 0;
}

static void tty_file_release(struct file *file)
{
    struct tty *tty = file->object;

    if (tty->driver->closed)
        tty->driver->closed(tty);
}

/* --- reading -----------------------------------------------------------------------------------
 */

static bool is_canonical(const struct tty *tty)
{
    return tty->termios.local & ICANON;
}

/* Raw reads: VMIN bytes, within VTIME tenths of a second, in the four combinations of termios(3).
 */
struct raw_wait {
    uint32_t minimum;
    uint64_t tenths;
};

static struct raw_wait raw_wait(const struct tty *tty, size_t size)
{
    return (struct raw_wait){
        .minimum = MIN((uint32_t)tty->termios.cc[VMIN], (uint32_t)MIN(size, (size_t)TTY_INPUT)),
        .tenths = tty->termios.cc[VTIME],
    };
}

bool tty_can_read(const struct tty *tty)
{
    uint32_t minimum = 1;

    if (!is_canonical(tty) && !tty->termios.cc[VTIME] && tty->termios.cc[VMIN])
        minimum = tty->termios.cc[VMIN];
    return tty->hung_up || tty_available(tty) >= minimum;
}

static uint64_t after(uint64_t tenths)
{
    return tenths ? time_now() + tenths * (NANOSECONDS / 10) : WAIT_FOREVER;
}

/* Waits for more than there is, or for the time between two bytes to pass. */
static int wait_for_more(struct tty *tty, struct raw_wait wait)
{
    while (tty_available(tty) < wait.minimum && !tty->hung_up) {
        uint32_t had = tty_available(tty);
        int error = wait_deadline(&tty->readable, tty_available(tty) != had || tty->hung_up,
                                  after(had ? wait.tenths : 0));
        if (error == -ETIMEDOUT)
            return 0;
        if (error)
            return had ? 0 : error;
    }
    return 0;
}

static int wait_for_input(struct tty *tty, size_t size)
{
    struct raw_wait wait = raw_wait(tty, size);

    if (is_canonical(tty))
        return wait_interruptible(&tty->readable, tty_available(tty) || tty->hung_up);
    if (wait.minimum)
        return wait_for_more(tty, wait);
    if (!wait.tenths)
        return 0;
    int error =
        wait_deadline(&tty->readable, tty_available(tty) || tty->hung_up, after(wait.tenths));
    return error == -ETIMEDOUT ? 0 : error;
}

/* Another reader may have been first, so that nothing is left: then canonical readers wait again.
 */
static ssize_t read_some(struct tty *tty, char *chunk, size_t size, size_t wanted, bool may_wait)
{
    for (;;) {
        int error = tty_check_foreground(tty, SIGTTIN);
        if (error)
            return error;
        if (tty->hung_up)
            return 0;
        if (may_wait) {
            error = wait_for_input(tty, wanted);
            if (error)
                return error;
        }
        ssize_t taken = tty_take(tty, chunk, size);
        if (taken != -EAGAIN)
            return taken;
        if (!may_wait)
            return -EAGAIN;
        if (tty->hung_up || (!is_canonical(tty) && !tty->termios.cc[VMIN]))
            return 0;
        /* a timeout between bytes of which none is left */
    }
}

/* A read ends with a line, with what there is, or where the user's memory does. */
static ssize_t tty_read(struct file *file, unsafe_bytes to, size_t size)
{
    struct tty *tty = file->object;
    bool may_wait = !(file->flags & O_NONBLOCK);
    char chunk[CHUNK];
    size_t done = 0;

    while (done < size) {
        size_t part = MIN(size - done, sizeof(chunk));
        ssize_t taken = read_some(tty, chunk, part, size - done, may_wait);
        if (taken <= 0)
            return done ? (ssize_t)done : taken;
        if (copy_k2u(unsafe_advance(to, done), chunk, taken))
            return done ? (ssize_t)done : -EFAULT;
        done += taken;
        if ((size_t)taken < part || !tty_available(tty) ||
            (is_canonical(tty) && chunk[taken - 1] == '\n'))
            break;
        may_wait = false;
    }
    return done;
}

/* --- writing -----------------------------------------------------------------------------------
 */

/* Shows all of chunk, sleeping while the device has no room. How many, or -ERESTARTSYS, -EAGAIN,
 * -EIO if none. */
static ssize_t show_all(struct tty *tty, const char *chunk, size_t length, bool may_wait)
{
    size_t done = 0;

    for (;;) {
        if (tty->hung_up)
            return done ? (ssize_t)done : -EIO;
        done += tty_show(tty, chunk + done, length - done);
        if (done == length)
            return done;
        if (!may_wait)
            return done ? (ssize_t)done : -EAGAIN;
        size_t more = 0;
        if (wait_interruptible(&tty->writable,
                               tty->hung_up || (more = tty_show(tty, chunk + done, 1))))
            return done ? (ssize_t)done : -ERESTARTSYS;
        done += more;
        if (done == length)
            return done;
    }
}

static ssize_t tty_write(struct file *file, unsafe_bytes from, size_t size)
{
    struct tty *tty = file->object;
    char chunk[CHUNK];
    size_t done = 0;

    if (tty->termios.local & TOSTOP) {
        int error = tty_check_foreground(tty, SIGTTOU);
        if (error)
            return error;
    }
    while (done < size) {
        size_t part = MIN(size - done, sizeof(chunk));
        size_t got = copy_u2k_partial(chunk, unsafe_advance(from, done), part);
        ssize_t shown = got ? show_all(tty, chunk, got, !(file->flags & O_NONBLOCK)) : -EFAULT;
        if (shown < 0)
            return done ? (ssize_t)done : shown;
        done += shown;
        if ((size_t)shown < part)
            break;
    }
    return done;
}

/* --- waiting -----------------------------------------------------------------------------------
 */

static uint32_t tty_poll(struct file *file, struct poll_table *table)
{
    struct tty *tty = file->object;

    poll_wait(table, &tty->readable);
    poll_wait(table, &tty->writable);
    if (tty->hung_up)
        return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR | POLLHUP;
    uint32_t ready = tty->stopped ? 0 : POLLOUT | POLLWRNORM;
    return ready | (tty_can_read(tty) ? POLLIN | POLLRDNORM : 0);
}

static long tty_file_ioctl(struct file *file, uint32_t request, uint32_t argument)
{
    return tty_ioctl(file->object, request, argument, false);
}

const struct file_operations tty_operations = {
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .ioctl = tty_file_ioctl,
    .release = tty_file_release,
};
