/* Bytes in and out: read(2), write(2) and their relatives. */
#include "kernel/fs/vfs.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "mm/heap.h"
#include "mm/iovec.h"

static struct file *lookup(int fd)
{
    return files_lookup_open(current_thread()->files, fd);
}

/* --- read and write --------------------------------------------------------------------------- */

typedef ssize_t (*mover)(struct file *file, unsafe_bytes bytes, size_t size);

static inline __attribute__((always_inline)) ssize_t file_read(struct file *file, unsafe_bytes to,
                                                               size_t size)
{
    if (!file_may_read(file))
        return -EBADF;
    if (!file->operations->read)
        return -EINVAL;
    if (!unsafe_range_ok(to, size))
        return -EFAULT;
    return file->operations->read(file, to, MIN(size, COUNT_MAX));
}

static inline __attribute__((always_inline)) ssize_t file_write(struct file *file,
                                                                unsafe_bytes from, size_t size)
{
    if (!file_may_write(file))
        return -EBADF;
    if (!file->operations->write)
        return -EINVAL;
    if (!unsafe_range_ok(from, size))
        return -EFAULT;
    return file->operations->write(file, from, MIN(size, COUNT_MAX));
}

/* The reference is for the time that the operation sleeps: another thread may close fd. */
SYSCALL_DEFINE3(read, int, fd, unsafe_bytes, buffer, size_t, count)
{
    struct file *file = files_lookup(thread_of(tf)->files, fd);

    if (!file)
        return -EBADF;
    file_get(file);
    ssize_t result = file_read(file, buffer, count);
    file_put(file);
    return result;
}

SYSCALL_DEFINE3(write, int, fd, unsafe_bytes, buffer, size_t, count)
{
    struct file *file = files_lookup(thread_of(tf)->files, fd);

    if (!file)
        return -EBADF;
    file_get(file);
    ssize_t result = file_write(file, buffer, count);
    file_put(file);
    return result;
}

/* --- at a position ---------------------------------------------------------------------------- */

static int64_t join(uint32_t low, uint32_t high)
{
    return (int64_t)((uint64_t)high << 32 | low);
}

/* Takes a reference to fd's file, if it has positions, and makes a copy that stands at this one. 0,
 * -EINVAL, -EBADF, -ESPIPE. */
static int stand_at(int fd, int64_t position, struct file **file, struct file *there)
{
    if (position < 0)
        return -EINVAL;
    *file = lookup(fd);
    if (!*file)
        return -EBADF;
    if (!(*file)->operations->seek)
        return -ESPIPE;
    file_get(*file);
    *there = **file;
    there->position = position;
    return 0;
}

static bool has_access(const struct file *file, mover move)
{
    return move == file_read ? file_may_read(file) : file_may_write(file);
}

/* Whether no position can be told for what lies behind. */
static bool ends_beyond(const struct file *file, size_t size)
{
    return unlikely((int64_t)(file->position + size) < 0);
}

static ssize_t move_at(int fd, unsafe_bytes bytes, size_t size, int64_t position, mover move)
{
    struct file *file, there;
    ssize_t result = stand_at(fd, position, &file, &there);

    if (!result) {
        bool beyond = ends_beyond(&there, size) && has_access(file, move);
        result = beyond ? -EINVAL : move(&there, bytes, size);
        file_put(file);
    }
    return result;
}

SYSCALL_DEFINE5(pread64, int, fd, unsafe_bytes, buffer, size_t, count, uint32_t, low, uint32_t,
                high)
{
    return move_at(fd, buffer, count, join(low, high), file_read);
}

SYSCALL_DEFINE5(pwrite64, int, fd, unsafe_bytes, buffer, size_t, count, uint32_t, low, uint32_t,
                high)
{
    return move_at(fd, buffer, count, join(low, high), file_write);
}

/* --- vectors ---------------------------------------------------------------------------------- */

/*
 * Element by element, until one comes short. Where bytes arrive from elsewhere, the first element
 * may wait for them, the others take what is there.
 */
static ssize_t move_elements(struct file *file, struct vector *vector, mover move)
{
    struct file there = *file;
    ssize_t total = 0;

    for (int32_t i = 0; i < vector->count; i++) {
        const struct iovec *e = vector_element(vector, i);
        if (!e->length)
            continue;
        ssize_t moved = move(&there, e->base, e->length);
        if (moved < 0)
            return total ? total : moved;
        total += moved;
        file->position = there.position;
        if ((uint32_t)moved < e->length)
            break;
        if (move == file_read)
            there.flags |= O_NONBLOCK;
    }
    return total;
}

/* What is written by the page is gathered by the page, so that a reader gets it whole and a bad
 * element takes the page's others with it, as on Linux. */
static ssize_t write_pages(struct file *file, struct vector *vector)
{
    char *page = heap_alloc(PAGE_SIZE);
    ssize_t total = 0, moved = 0;

    if (!page)
        return -ENOMEM;
    while ((uint32_t)total < vector->total) {
        size_t part = MIN(vector->total - total, (uint32_t)PAGE_SIZE);
        moved = vector_gather(vector, total, page, part);
        if (!moved)
            moved = file->operations->write_kernel(file, page, part);
        if (moved < 0)
            break;
        total += moved;
        if ((size_t)moved < part)
            break;
    }
    heap_free(page);
    return total ? total : moved;
}

static ssize_t move_vector(struct file *file, unsafe_iovec user, int32_t count, mover move)
{
    struct vector vector;

    if (!has_access(file, move))
        return -EBADF;
    ssize_t result = vector_take(&vector, user, count);
    if (result)
        return result;
    if (file->operations->seek && ends_beyond(file, vector.total))
        result = -EINVAL;
    else if (move == file_write && file->operations->atomic)
        result = write_pages(file, &vector);
    else
        result = move_elements(file, &vector, move);
    vector_free(&vector);
    return result;
}

static ssize_t move_vector_of(int fd, unsafe_iovec vector, int32_t count, mover move)
{
    struct file *file = lookup(fd);

    if (!file)
        return -EBADF;
    file_get(file);
    ssize_t result = move_vector(file, vector, count, move);
    file_put(file);
    return result;
}

SYSCALL_DEFINE3(readv, int, fd, unsafe_iovec, vector, int32_t, count)
{
    return move_vector_of(fd, vector, count, file_read);
}

SYSCALL_DEFINE3(writev, int, fd, unsafe_iovec, vector, int32_t, count)
{
    return move_vector_of(fd, vector, count, file_write);
}

static ssize_t move_vector_at(int fd, unsafe_iovec vector, int32_t count, int64_t position,
                              mover move)
{
    struct file *file, there;
    ssize_t result = stand_at(fd, position, &file, &there);

    if (!result) {
        result = move_vector(&there, vector, count, move);
        file_put(file);
    }
    return result;
}

SYSCALL_DEFINE5(preadv, int, fd, unsafe_iovec, vector, int32_t, count, uint32_t, low, uint32_t,
                high)
{
    return move_vector_at(fd, vector, count, join(low, high), file_read);
}

SYSCALL_DEFINE5(pwritev, int, fd, unsafe_iovec, vector, int32_t, count, uint32_t, low, uint32_t,
                high)
{
    return move_vector_at(fd, vector, count, join(low, high), file_write);
}

/* --- positions -------------------------------------------------------------------------------- */

static int64_t seek(int fd, int64_t offset, uint32_t whence)
{
    struct file *file = lookup(fd);

    if (!file)
        return -EBADF;
    if (whence > SEEK_HOLE)
        return -EINVAL;
    return file->operations->seek ? file->operations->seek(file, offset, whence) : -ESPIPE;
}

SYSCALL_DEFINE3(lseek, int, fd, int32_t, offset, uint32_t, whence)
{
    int64_t position = seek(fd, offset, whence);

    return position > INT32_MAX ? -EOVERFLOW : position;
}

SYSCALL_DEFINE5(_llseek, int, fd, uint32_t, high, uint32_t, low, unsafe_loff, result, uint32_t,
                whence)
{
    int64_t position = seek(fd, join(low, high), whence);

    return position < 0 ? (long)position : copy_object_k2u(result, &position);
}
