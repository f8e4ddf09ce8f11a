/* The devices behind which is no hardware: null(4), zero(4), full(4), random(4), kmsg. */
#include "kernel/devices.h"
#include "kernel/format.h"
#include "kernel/fs/vfs.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/random.h"
#include "kernel/sched.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "mm/heap.h"

#define PART_MAX (1u << 20)

/* --- null, zero, full ------------------------------------------------------------------------- */

static ssize_t null_read(struct file *file, unsafe_bytes to, size_t size)
{
    (void)file, (void)to, (void)size;
    return 0;
}

static ssize_t null_write(struct file *file, unsafe_bytes from, size_t size)
{
    (void)file, (void)from;
    return size;
}

static ssize_t null_write_kernel(struct file *file, const void *from, size_t size)
{
    (void)file, (void)from;
    return size;
}

/* Every position is the beginning. */
static int64_t null_seek(struct file *file, int64_t offset, int whence)
{
    (void)file, (void)offset, (void)whence;
    return 0;
}

const struct file_operations null_operations = {
    .read = null_read,
    .write = null_write,
    .write_kernel = null_write_kernel,
    .seek = null_seek,
};

/* Between its parts others may run, and a signal ends it. */
static __attribute__((noinline)) size_t clear_long(unsafe_bytes to, size_t size)
{
    size_t done = 0, part, moved;

    do {
        part = MIN(size - done, PART_MAX);
        moved = clear_user(unsafe_advance(to, done), part);
        done += moved;
    } while (done < size && moved == part && sched_pause() &&
             !(current_thread()->work & WORK_SIGNAL));
    return done;
}

static ssize_t zero_read(struct file *file, unsafe_bytes to, size_t size)
{
    (void)file;
    size_t done = likely(size <= PART_MAX) ? clear_user(to, size) : clear_long(to, size);
    return done || !size ? (ssize_t)done : -EFAULT;
}

const struct file_operations zero_operations = {
    .read = zero_read,
    .write = null_write,
    .write_kernel = null_write_kernel,
    .seek = null_seek,
};

static ssize_t full_write(struct file *file, unsafe_bytes from, size_t size)
{
    (void)file, (void)from, (void)size;
    return -ENOSPC;
}

const struct file_operations full_operations = {
    .read = zero_read,
    .write = full_write,
    .seek = null_seek,
};

/* --- random ----------------------------------------------------------------------------------- */

#define RANDOM_PART 256

static ssize_t random_read(struct file *file, unsafe_bytes to, size_t size)
{
    uint8_t bytes[RANDOM_PART];
    size_t done = 0;

    (void)file;
    while (done < size) {
        size_t part = MIN(size - done, sizeof(bytes));
        random_bytes(bytes, part);
        size_t moved = copy_k2u_partial(unsafe_advance(to, done), bytes, part);
        done += moved;
        if (moved < part)
            return done ? (ssize_t)done : -EFAULT;
        if (!sched_pause() || (current_thread()->work & WORK_SIGNAL))
            break;
    }
    return done;
}

/* What is written would be stirred in; the generator has no use for it. */
const struct file_operations random_operations = {
    .read = random_read,
    .write = null_write,
    .write_kernel = null_write_kernel,
    .seek = null_seek,
};

/* --- kmsg ------------------------------------------------------------------------------------- */

#define LINE_MAX_SIZE 1024
#define LOG_POLL_NS   (NANOSECONDS / 4)

/* The next line of the log, "<6>text\n", without its terminator; its length, 0 if there is none.
 * What does not fit the buffer is lost. */
static size_t next_line(uint32_t *position, char *line, size_t size)
{
    size_t length = 0;
    char c;

    while (log_read(position, &c, 1)) {
        if (length < size)
            line[length++] = c;
        if (c == '\n')
            break;
    }
    return length;
}

/* One record a call: priority, sequence, microseconds, flags; text (Linux's ABI/testing/dev-kmsg).
 * The log keeps no times. */
static ssize_t give_record(struct file *file, unsafe_bytes to, size_t size, char *line)
{
    char record[LINE_MAX_SIZE + 32];
    uint32_t position = file->position;
    size_t length = next_line(&position, line, LINE_MAX_SIZE);
    const char *text = line;
    char priority = '6';

    if (length > 3 && line[0] == '<' && line[2] == '>') {
        priority = line[1];
        text += 3;
        length -= 3;
    }
    int total = snprintf(record, sizeof(record), "%c,%u,0,-;%.*s", priority,
                         (uint32_t)file->position, (int)length, text);
    if ((size_t)total > size)
        return -EINVAL;
    if (copy_k2u(to, record, total))
        return -EFAULT;
    file->position = position;
    return total;
}

static bool log_has_more(const struct file *file)
{
    uint32_t position = file->position;
    char c;

    return log_read(&position, &c, 1);
}

/* Whoever prints cannot wake sleepers from everywhere, so a reader at the end looks from time to
 * time. */
static int wait_for_log(const struct file *file)
{
    struct wait_queue nobody;
    int error = 0;

    wait_init(&nobody);
    while (!log_has_more(file)) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        error = wait_deadline(&nobody, log_has_more(file), time_now() + LOG_POLL_NS);
        if (error && error != -ETIMEDOUT)
            return error;
    }
    return 0;
}

static ssize_t kmsg_read(struct file *file, unsafe_bytes to, size_t size)
{
    ssize_t result = wait_for_log(file);
    char *line = result ? NULL : heap_alloc(LINE_MAX_SIZE);

    if (result)
        return result;
    if (!line)
        return -ENOMEM;
    result = give_record(file, to, size, line);
    heap_free(line);
    return result;
}

/* A line for the log, which may begin with its priority. */
static ssize_t kmsg_write(struct file *file, unsafe_bytes from, size_t size)
{
    char line[256];
    size_t length = MIN(size, sizeof(line) - 1);
    enum log_level level = LOG_INFO;
    const char *text = line;

    (void)file;
    if (copy_u2k(line, from, length))
        return -EFAULT;
    line[length] = '\0';
    if (line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>') {
        level = (enum log_level)MIN(line[1] - '0', (int)LOG_DEBUG);
        text += 3;
    }
    if (length && line[length - 1] == '\n')
        line[length - 1] = '\0';
    printk(level, "%s\n", text);
    return size;
}

static int64_t kmsg_seek(struct file *file, int64_t offset, int whence)
{
    uint32_t position = file->position;
    char c;

    if (offset || (whence != SEEK_SET && whence != SEEK_END))
        return -EINVAL;
    if (whence == SEEK_SET)
        position = 0;
    while (whence == SEEK_END && log_read(&position, &c, 1))
        ;
    file->position = position;
    return 0;
}

const struct file_operations kmsg_operations = {
    .read = kmsg_read,
    .write = kmsg_write,
    .seek = kmsg_seek,
};
