/* Files as a whole: their length, their place in memory, and copies that never leave the kernel. */
#include "kernel/fs/vfs.h"
#include "kernel/pipe.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "mm/heap.h"
#include "mm/iovec.h"

static struct file *lookup(int fd)
{
    return files_lookup_open(current_thread()->files, fd);
}

static int64_t join(uint32_t low, uint32_t high)
{
    return (int64_t)((uint64_t)high << 32 | low);
}

/* --- length ----------------------------------------------------------------------------------- */

static int truncate_inode(struct inode *inode, int64_t size)
{
    if (S_ISDIR(inode->mode))
        return -EISDIR;
    if (!S_ISREG(inode->mode))
        return -EINVAL;
    int error = inode_permission(inode, MAY_WRITE);
    if (error)
        return error;
    return inode->writers < 0 ? -ETXTBSY : inode_set_size(inode, size);
}

static int truncate_path(unsafe_string path, int64_t size)
{
    struct inode *inode;

    if (size < 0)
        return -EINVAL;
    int error = path_lookup(AT_FDCWD, path, WALK_FOLLOW, &inode);
    if (error)
        return error;
    error = truncate_inode(inode, size);
    inode_put(inode);
    return error;
}

SYSCALL_DEFINE2(truncate, unsafe_string, path, int32_t, size)
{
    return truncate_path(path, size);
}

SYSCALL_DEFINE3(truncate64, unsafe_string, path, uint32_t, low, uint32_t, high)
{
    return truncate_path(path, join(low, high));
}

static int truncate_fd(int fd, int64_t size)
{
    struct file *file = lookup(fd);

    if (size < 0)
        return -EINVAL;
    if (!file)
        return -EBADF;
    if (!file->inode || !S_ISREG(file->inode->mode) || !file_may_write(file))
        return -EINVAL;
    return inode_set_size(file->inode, size);
}

SYSCALL_DEFINE2(ftruncate, int, fd, int32_t, size)
{
    return truncate_fd(fd, size);
}

SYSCALL_DEFINE3(ftruncate64, int, fd, uint32_t, low, uint32_t, high)
{
    return truncate_fd(fd, join(low, high));
}

#define FALLOC_FL_KEEP_SIZE  1
#define FALLOC_FL_PUNCH_HOLE 2

/* What no file system has, and what only others have, which fallocate(2) tells later. */
static bool is_range_mode(uint32_t mode)
{
    static const uint8_t modes[] = {0, 1, 3, 8, 16, 17, 32, 64, 65, 128};

    for (unsigned i = 0; i < ARRAY_SIZE(modes); i++) {
        if (mode == modes[i])
            return true;
    }
    return false;
}

static int check_kind(const struct inode *inode)
{
    if (!inode)
        return -ENODEV;
    if (S_ISFIFO(inode->mode))
        return -ESPIPE;
    if (S_ISDIR(inode->mode))
        return -EISDIR;
    return S_ISREG(inode->mode) ? 0 : -ENODEV;
}

static int allocate(struct inode *inode, uint32_t mode, uint64_t start, uint64_t end)
{
    if (!inode->operations->reserve || (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)))
        return -EOPNOTSUPP;
    if (mode & FALLOC_FL_PUNCH_HOLE)
        return inode->operations->clear(inode, start, end);
    int error = inode->operations->reserve(inode, start, end);
    if (error || end <= inode->size || (mode & FALLOC_FL_KEEP_SIZE))
        return error;
    return inode_set_size(inode, end);
}

SYSCALL_DEFINE6(fallocate, int, fd, uint32_t, mode, uint32_t, low, uint32_t, high, uint32_t,
                length_low, uint32_t, length_high)
{
    struct file *file = lookup(fd);
    int64_t start = join(low, high), length = join(length_low, length_high), end;

    if (!file)
        return -EBADF;
    if (start < 0 || length <= 0)
        return -EINVAL;
    if (!is_range_mode(mode))
        return -EOPNOTSUPP;
    if (!file_may_write(file))
        return -EBADF;
    int error = check_kind(file->inode);
    if (error)
        return error;
    if (__builtin_add_overflow(start, length, &end))
        return -EFBIG;
    return allocate(file->inode, mode, start, end);
}

/* --- to the disk that is not there ------------------------------------------------------------ */

static int sync_fd(int fd)
{
    struct file *file = lookup(fd);

    if (!file)
        return -EBADF;
    bool stored = file->inode && (S_ISREG(file->inode->mode) || S_ISDIR(file->inode->mode));
    return stored ? 0 : -EINVAL;
}

SYSCALL_DEFINE0(sync)
{
    return 0;
}

SYSCALL_DEFINE1(fsync, int, fd)
{
    return sync_fd(fd);
}

SYSCALL_DEFINE1(fdatasync, int, fd)
{
    return sync_fd(fd);
}

SYSCALL_DEFINE1(syncfs, int, fd)
{
    return lookup(fd) ? 0 : -EBADF;
}

#define POSIX_FADV_LAST 5 /* POSIX_FADV_NOREUSE */

static int advise(int fd, uint32_t advice)
{
    struct file *file = lookup(fd);

    if (!file)
        return -EBADF;
    if (file->operations == &pipe_operations)
        return -ESPIPE;
    return advice <= POSIX_FADV_LAST ? 0 : -EINVAL;
}

SYSCALL_DEFINE5(fadvise64, int, fd, uint32_t, low, uint32_t, high, uint32_t, length, uint32_t,
                advice)
{
    (void)low, (void)high, (void)length;
    return advise(fd, advice);
}

SYSCALL_DEFINE6(fadvise64_64, int, fd, uint32_t, low, uint32_t, high, uint32_t, length_low,
                uint32_t, length_high, uint32_t, advice)
{
    int error;

    (void)low, (void)high, (void)length_low;
    error = advise(fd, advice);
    return !error && (int32_t)length_high < 0 ? -EINVAL : error;
}

/* --- from file to file ------------------------------------------------------------------------ */

/* A copy by way of a page of the kernel's. */
struct transfer {
    struct file *in, *out;
    uint64_t position; /* in in */
    size_t size;
};

static ssize_t transfer_page(struct transfer *t, char *page, size_t size)
{
    ssize_t got = t->in->operations->read_at(t->in, page, size, t->position);
    ssize_t put = got > 0 ? t->out->operations->write_kernel(t->out, page, got) : got;

    if (put > 0)
        t->position += put;
    return put;
}

static ssize_t transfer(struct transfer *t)
{
    char *page = heap_alloc(PAGE_SIZE);
    size_t done = 0;
    ssize_t moved = 0;

    if (!page)
        return -ENOMEM;
    while (done < t->size) {
        size_t part = MIN(t->size - done, (size_t)PAGE_SIZE);
        moved = transfer_page(t, page, part);
        if (moved <= 0)
            break;
        done += moved;
        if ((size_t)moved < part || !sched_pause())
            break;
    }
    heap_free(page);
    if (t->in->inode)
        inode_accessed(t->in->inode);
    return done ? (ssize_t)done : moved;
}

static int check_ends(const struct file *in, const struct file *out)
{
    if (!in || !out || !file_may_read(in) || !file_may_write(out))
        return -EBADF;
    return 0;
}

/* position: where in in to begin and, after, to go on; NULL: at its own position. */
static ssize_t send(int out_fd, int in_fd, int64_t *position, size_t size)
{
    struct transfer t = {.in = lookup(in_fd), .out = lookup(out_fd), .size = MIN(size, COUNT_MAX)};
    int error = check_ends(t.in, t.out);

    if (error)
        return error;
    if (position && !t.in->operations->seek)
        return -ESPIPE;
    if (!t.in->operations->read_at || !t.out->operations->write_kernel ||
        (t.out->flags & O_APPEND) || (position && *position < 0))
        return -EINVAL;
    t.position = position ? (uint64_t)*position : t.in->position;
    file_get(t.in);
    file_get(t.out);
    ssize_t result = transfer(&t);
    if (position)
        *position = t.position;
    else
        t.in->position = t.position;
    file_put(t.in);
    file_put(t.out);
    return result;
}

SYSCALL_DEFINE4(sendfile, int, out, int, in, unsafe_int, offset, size_t, size)
{
    int32_t user = 0;

    if (unsafe_is_null(offset))
        return send(out, in, NULL, size);
    if (copy_object_u2k(&user, offset))
        return -EFAULT;
    int64_t position = user;
    ssize_t result = send(out, in, &position, size);
    user = position;
    return copy_object_k2u(offset, &user) ? -EFAULT : result;
}

SYSCALL_DEFINE4(sendfile64, int, out, int, in, unsafe_loff, offset, size_t, size)
{
    int64_t position;

    if (unsafe_is_null(offset))
        return send(out, in, NULL, size);
    if (copy_object_u2k(&position, offset))
        return -EFAULT;
    ssize_t result = send(out, in, &position, size);
    return copy_object_k2u(offset, &position) ? -EFAULT : result;
}

/* The position that a pointer gives, or the file's own. */
static int take_position(unsafe_loff user, const struct file *file, int64_t *position)
{
    *position = file->position;
    return unsafe_is_null(user) ? 0 : copy_object_u2k(position, user);
}

static int give_position(unsafe_loff user, struct file *file, int64_t position)
{
    if (!unsafe_is_null(user))
        return copy_object_k2u(user, &position);
    file->position = position;
    return 0;
}

static int check_copy(const struct file *in, const struct file *out)
{
    if (!in->inode || !out->inode)
        return -EINVAL;
    if (S_ISDIR(in->inode->mode) || S_ISDIR(out->inode->mode))
        return -EISDIR;
    if (!S_ISREG(in->inode->mode) || !S_ISREG(out->inode->mode))
        return -EINVAL;
    return out->flags & O_APPEND ? -EBADF : check_ends(in, out);
}

static ssize_t copy_range(struct file *in, unsafe_loff in_user, struct file *out,
                          unsafe_loff out_user, size_t size, uint32_t flags)
{
    int64_t from, to;

    if (!in || !out)
        return -EBADF;
    if (take_position(in_user, in, &from) || take_position(out_user, out, &to))
        return -EFAULT;
    if (flags)
        return -EINVAL;
    int error = check_copy(in, out);
    if (!error && (from < 0 || to < 0))
        error = -EINVAL;
    if (error)
        return error;
    if (size > in->inode->size - MIN((uint64_t)from, in->inode->size))
        size = in->inode->size - MIN((uint64_t)from, in->inode->size);
    if (in->inode == out->inode && (uint64_t)from < (uint64_t)to + size &&
        (uint64_t)to < (uint64_t)from + size)
        return -EINVAL;
    if (!in->operations->read_at || !out->operations->write_kernel)
        return -EXDEV;
    struct file there = *out;
    there.position = to;
    struct transfer t = {.in = in, .out = &there, .position = from, .size = MIN(size, COUNT_MAX)};
    file_get(in);
    file_get(out);
    ssize_t result = transfer(&t);
    error = result > 0 && (give_position(in_user, in, t.position) ||
                           give_position(out_user, out, there.position));
    file_put(in);
    file_put(out);
    return error ? -EFAULT : result;
}

SYSCALL_DEFINE6(copy_file_range, int, in, unsafe_loff, in_offset, int, out, unsafe_loff, out_offset,
                size_t, size, uint32_t, flags)
{
    return copy_range(lookup(in), in_offset, lookup(out), out_offset, size, flags);
}
