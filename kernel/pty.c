#include "kernel/pty.h"

#include "kernel/format.h"
#include "kernel/fs/vfs.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/tty.h"
#include "mm/heap.h"

#define PTYS_MAX    64
#define OUTPUT_SIZE PAGE_SIZE

/* Freed when the master is closed and no file of the slave is left. */
struct pty {
    struct tty tty;
    unsigned number;
    bool locked, has_master;
    bool slave_was_open; /* a master whose slaves are all gone has nobody to talk to */
    unsigned slaves;
    char *output;        /* what the master has not read yet, a ring */
    uint32_t head, tail; /* bytes ever read and written; wrap */
    struct wait_queue master_readable;
};

static struct pty *ptys[PTYS_MAX];

static struct pty *pty_of(struct tty *tty)
{
    return container_of(tty, struct pty, tty);
}

static uint32_t used(const struct pty *pty)
{
    return pty->tail - pty->head;
}

/* --- the slave's device ------------------------------------------------------------------------
 */

/* All or nothing, so that a return is not parted from its newline. */
static size_t pty_show(struct tty *tty, const char *bytes, size_t length)
{
    struct pty *pty = pty_of(tty);

    if (!pty->has_master)
        return length;
    if (OUTPUT_SIZE - used(pty) < length)
        return 0;
    for (size_t i = 0; i < length; i++)
        pty->output[pty->tail++ % OUTPUT_SIZE] = bytes[i];
    wait_wake(&pty->master_readable);
    return length;
}

static void pty_flush(struct tty *tty)
{
    struct pty *pty = pty_of(tty);

    pty->head = pty->tail;
    wait_wake(&tty->writable);
}

static void pty_free(struct pty *pty)
{
    if (pty->has_master || pty->slaves)
        return;
    heap_free(pty->tty.input.bytes);
    heap_free(pty->output);
    heap_free(pty);
}

static void slave_opened(struct tty *tty)
{
    struct pty *pty = pty_of(tty);

    pty->slaves++;
    pty->slave_was_open = true;
}

static void slave_closed(struct tty *tty)
{
    struct pty *pty = pty_of(tty);

    if (--pty->slaves)
        return;
    wait_wake(&pty->master_readable);
    pty_free(pty);
}

static const struct tty_driver driver = {
    .write = pty_show,
    .flush = pty_flush,
    .opened = slave_opened,
    .closed = slave_closed,
};

int pty_open_slave(struct file *file)
{
    unsigned number = file->inode->rdev & 0xff;
    struct pty *pty = number < PTYS_MAX ? ptys[number] : NULL;

    if (!pty || pty->locked)
        return -EIO;
    tty_open(file, &pty->tty);
    if (!(file->flags & O_NOCTTY))
        tty_acquire(&pty->tty);
    return 0;
}

/* --- the master --------------------------------------------------------------------------------
 */

static bool is_alone(const struct pty *pty)
{
    return pty->slave_was_open && !pty->slaves;
}

static ssize_t master_read(struct file *file, unsafe_bytes to, size_t size)
{
    struct pty *pty = file->object;
    size_t done = 0;

    if (!used(pty) && !is_alone(pty) && (file->flags & O_NONBLOCK))
        return -EAGAIN;
    if (wait_interruptible(&pty->master_readable, used(pty) || is_alone(pty)))
        return -ERESTARTSYS;
    if (!used(pty))
        return -EIO;
    while (done < size && used(pty)) {
        uint32_t start = pty->head % OUTPUT_SIZE;
        size_t part = MIN(MIN(size - done, (size_t)used(pty)), (size_t)(OUTPUT_SIZE - start));
        size_t moved = copy_k2u_partial(unsafe_advance(to, done), pty->output + start, part);
        pty->head += moved;
        done += moved;
        if (moved < part)
            break;
    }
    wait_wake(&pty->tty.writable);
    return done || !size ? (ssize_t)done : -EFAULT;
}

/* Types one byte. In raw mode nothing is lost: it waits for a reader. */
static int type(struct pty *pty, char c, bool may_wait)
{
    struct tty *tty = &pty->tty;

    if (tty_is_full(tty) && !may_wait)
        return -EAGAIN;
    if (wait_interruptible(&tty->taken, !tty_is_full(tty)))
        return -ERESTARTSYS;
    uint32_t flags = interrupts_save();
    tty_receive(tty, c);
    interrupts_restore(flags);
    return 0;
}

static ssize_t master_write(struct file *file, unsafe_bytes from, size_t size)
{
    struct pty *pty = file->object;
    char chunk[64];
    size_t done = 0;

    while (done < size) {
        size_t part = MIN(size - done, sizeof(chunk));
        size_t got = copy_u2k_partial(chunk, unsafe_advance(from, done), part);
        for (size_t i = 0; i < got; i++) {
            int error = type(pty, chunk[i], !(file->flags & O_NONBLOCK));
            if (error)
                return done ? (ssize_t)done : error;
            done++;
        }
        if (got < part)
            return done ? (ssize_t)done : -EFAULT;
    }
    return done;
}

static uint32_t master_poll(struct file *file, struct poll_table *table)
{
    struct pty *pty = file->object;

    poll_wait(table, &pty->master_readable);
    poll_wait(table, &pty->tty.taken);
    return (used(pty) ? POLLIN | POLLRDNORM : 0) | (is_alone(pty) ? POLLHUP : 0) |
           (tty_is_full(&pty->tty) ? 0 : POLLOUT | POLLWRNORM);
}

static long master_ioctl(struct file *file, uint32_t request, uint32_t argument)
{
    struct pty *pty = file->object;
    unsafe_bytes user = {.address = argument};
    uint32_t value;

    switch (request) {
    case TIOCGPTN:
        return unsafe_poke32(user, pty->number);
    case TIOCGPTLCK:
        return unsafe_poke32(user, pty->locked);
    case TIOCSPTLCK:
        if (unsafe_peek32(&value, user))
            return -EFAULT;
        pty->locked = value;
        return 0;
    case FIONREAD:
        return unsafe_poke32(user, used(pty));
    }
    return tty_ioctl(&pty->tty, request, argument, true);
}

/* --- pairs -------------------------------------------------------------------------------------
 */

static void slave_path(char *path, size_t size, unsigned number)
{
    snprintf(path, size, "/dev/pts/%u", number);
}

/* The slave's node; the name ends with the master. */
static int make_node(unsigned number)
{
    struct walk walk;
    struct inode *inode;
    char path[24];

    slave_path(path, sizeof(path), number);
    walk_begin_kernel(&walk, path);
    int error = walk_to_new(&walk, false);
    if (!error)
        error = inode_create_for_kernel(walk.at, &walk.last, S_IFCHR | 0620,
                                        PTS_MAJOR << 8 | number, NULL, &inode);
    if (!error)
        inode_put(inode);
    walk_end(&walk);
    return error;
}

static void remove_node(unsigned number)
{
    struct walk walk;
    struct inode *inode;
    char path[24];

    slave_path(path, sizeof(path), number);
    walk_begin_kernel(&walk, path);
    if (!walk_to_parent(&walk) && !walk_last(&walk, &inode)) {
        walk.at->operations->unlink(walk.at, &walk.last);
        inode_put(inode);
    }
    walk_end(&walk);
}

static struct pty *pty_create(unsigned number)
{
    struct pty *pty = heap_alloc_zeroed(sizeof(*pty));
    uint8_t *input = heap_alloc(TTY_INPUT);
    char *output = heap_alloc(OUTPUT_SIZE);

    if (!pty || !input || !output) {
        heap_free(pty);
        heap_free(input);
        heap_free(output);
        return NULL;
    }
    tty_init(&pty->tty, &driver, PTS_MAJOR << 8 | number, input);
    pty->number = number;
    pty->output = output;
    pty->locked = pty->has_master = true;
    wait_init(&pty->master_readable);
    return pty;
}

static int open_master(struct file *file)
{
    unsigned number = 0;

    while (number < PTYS_MAX && ptys[number])
        number++;
    if (number == PTYS_MAX)
        return -ENOSPC;
    struct pty *pty = pty_create(number);
    if (!pty)
        return -ENOMEM;
    int error = make_node(number);
    if (error) {
        pty->has_master = false;
        pty_free(pty);
        return error;
    }
    ptys[number] = pty;
    file->object = pty;
    return 0;
}

static void close_master(struct file *file)
{
    struct pty *pty = file->object;

    ptys[pty->number] = NULL;
    remove_node(pty->number);
    pty->has_master = false;
    tty_hang_up(&pty->tty);
    pty_free(pty);
}

const struct file_operations ptmx_operations = {
    .read = master_read,
    .write = master_write,
    .poll = master_poll,
    .ioctl = master_ioctl,
    .open = open_master,
    .release = close_master,
};
