#include "kernel/devices.h"

#include "kernel/console.h"
#include "kernel/wait.h"

/* --- console --------------------------------------------------------------------------------- */

#define CHUNK 256

static struct wait_queue readers;

static void wake_readers(void)
{
    wait_wake(&readers);
}

static ssize_t console_file_read(struct file *file, unsafe_bytes to, size_t size)
{
    char chunk[CHUNK];

    if (!size)
        return 0;
    if (file->flags & O_NONBLOCK && !console_ready())
        return -EAGAIN;
    ssize_t taken;
    do {
        wait_until(&readers, console_ready());
        taken = console_take(chunk, MIN(size, sizeof(chunk)));
    } while (taken == -EAGAIN);
    return taken <= 0 || !copy_k2u(to, chunk, taken) ? taken : -EFAULT;
}

static ssize_t console_file_write(struct file *file, unsafe_bytes from, size_t size)
{
    char chunk[CHUNK];
    size_t done = 0;

    (void)file;
    while (done < size) {
        size_t part = MIN(size - done, sizeof(chunk));
        size_t got = copy_u2k_partial(chunk, unsafe_advance(from, done), part);
        console_write(chunk, got);
        done += got;
        if (got < part)
            return done ? (ssize_t)done : -EFAULT;
    }
    return done;
}

static const struct file_operations console_operations = {
    .read = console_file_read,
    .write = console_file_write,
};

void devices_init(void)
{
    wait_init(&readers);
    console_on_input(wake_readers);
}

const struct file_operations *device_operations(uint32_t number)
{
    const struct device *device = devices;

    while (device->path && device_number(device) != number)
        device++;
    return device->operations;
}

/* Linux's numbers (Documentation/admin-guide/devices.txt). */
const struct device devices[] = {
    {"/dev/null", 1, 3, &null_operations},
    {"/dev/zero", 1, 5, &zero_operations},
    {"/dev/full", 1, 7, &full_operations},
    {"/dev/random", 1, 8, &random_operations},
    {"/dev/urandom", 1, 9, &random_operations},
    {"/dev/kmsg", 1, 11, &kmsg_operations},
    {"/dev/tty", 5, 0, &console_operations},
    {"/dev/console", 5, 1, &console_operations},
    {NULL, 0, 0, NULL},
};
