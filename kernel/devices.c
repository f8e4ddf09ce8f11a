#include "kernel/devices.h"

#include "kernel/abi_file.h"
#include "kernel/instruments/kcov.h"
#include "kernel/process.h"
#include "kernel/pty.h"
#include "kernel/tty.h"

/* --- terminals --------------------------------------------------------------------------------
 */

/* /dev/tty is whatever controls the caller's session (tty(4)). */
static int open_controlling(struct file *file)
{
    struct tty *tty = tty_of_process(current_process());

    if (!tty)
        return -ENXIO;
    file->operations = &tty_operations;
    return tty_open(file, tty);
}

/* The console never becomes a controlling terminal by being opened (console(4)), ttys do. */
static int open_console(struct file *file)
{
    file->operations = &tty_operations;
    return tty_open(file, &console_tty);
}

static int open_tty(struct file *file)
{
    if (!(file->flags & O_NOCTTY))
        tty_acquire(&console_tty);
    return open_console(file);
}

static int open_slave(struct file *file)
{
    file->operations = &tty_operations;
    return pty_open_slave(file);
}

static const struct file_operations controlling_operations = {.open = open_controlling},
                                    console_operations = {.open = open_console},
                                    terminal_operations = {.open = open_tty},
                                    slave_operations = {.open = open_slave};

const struct file_operations *device_operations(uint32_t number)
{
    const struct device *device = devices;

    if (number >> 8 == PTS_MAJOR)
        return &slave_operations;
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
    {"/dev/tty", 5, 0, &controlling_operations},
    {"/dev/console", 5, 1, &console_operations},
    {"/dev/tty0", 4, 0, &terminal_operations},
    {"/dev/tty1", 4, 1, &terminal_operations},
    {"/dev/ttyS0", 4, 64, &terminal_operations},
    {"/dev/ptmx", 5, 2, &ptmx_operations},
#ifdef INSTRUMENT_KCOV
    {"/dev/kcov", KCOV_MAJOR, 0, &kcov_operations},
#endif
    {NULL, 0, 0, NULL},
};
