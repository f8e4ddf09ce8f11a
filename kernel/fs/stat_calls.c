/* What is known of a file: stat(2) in all its forms, statfs(2). */
#include "kernel/fs/vfs.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "mm/frame.h"

/* What a file without an inode shows. */
static const struct inode no_inode = {.mode = 0600, .links = 1};

static uint32_t device_of(const struct inode *inode)
{
    return inode->filesystem ? inode->filesystem->device : 0;
}

static uint64_t blocks_of(const struct inode *inode)
{
    return inode->operations && inode->operations->blocks ? inode->operations->blocks(inode) : 0;
}

/* The inode of an open descriptor, without a reference of its own. */
static int inode_of(int fd, const struct inode **inode)
{
    const struct file *file = files_lookup(current_thread()->files, fd);

    if (!file)
        return -EBADF;
    *inode = file->inode ? file->inode : &no_inode;
    return 0;
}

/* --- stat64 ----------------------------------------------------------------------------------- */

#define TIME_OF(time)                                                                     \
    {                                                                                     \
        .seconds = INODE_TIME_SECONDS(time), .nanoseconds = INODE_TIME_NANOSECONDS(time), \
    }

/* What all forms of the structure have, under the same names. */
#define STATX_OF(inode)                                                                       \
    .mode = (inode)->mode, .links = (inode)->links, .uid = (inode)->uid, .gid = (inode)->gid, \
    .size = (inode)->size, .block_size = PAGE_SIZE, .blocks = blocks_of(inode),               \
    .accessed = TIME_OF((inode)->accessed), .modified = TIME_OF((inode)->modified),           \
    .changed = TIME_OF((inode)->changed), .inode = (inode)->number
/* And those that statx(2) has otherwise. */
#define STAT_OF(inode) STATX_OF(inode), .device = device_of(inode), .rdev = (inode)->rdev

static int give_stat64(const struct inode *inode, unsafe_stat64 user)
{
    struct stat64 stat = {STAT_OF(inode), .inode_low = inode->number};

    return copy_object_k2u(user, &stat);
}

static int stat64_path(unsafe_string path, uint32_t flags, unsafe_stat64 stat)
{
    struct inode *inode;
    int error = path_lookup(AT_FDCWD, path, flags, &inode);

    if (error)
        return error;
    error = give_stat64(inode, stat);
    inode_put(inode);
    return error;
}

SYSCALL_DEFINE2(stat64, unsafe_string, path, unsafe_stat64, stat)
{
    return stat64_path(path, WALK_FOLLOW, stat);
}

SYSCALL_DEFINE2(lstat64, unsafe_string, path, unsafe_stat64, stat)
{
    return stat64_path(path, 0, stat);
}

SYSCALL_DEFINE2(fstat64, int, fd, unsafe_stat64, stat)
{
    const struct inode *inode;
    int error = inode_of(fd, &inode);

    return error ? error : give_stat64(inode, stat);
}

#define STAT_FLAGS (AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)

static uint32_t walk_flags(uint32_t flags)
{
    return (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
           (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
}

/* With AT_EMPTY_PATH a null path is as good as an empty one. A reference. */
static int lookup_at(int dirfd, unsafe_string path, uint32_t flags, struct inode **inode)
{
    struct thread *thread = current_thread();

    if (!unsafe_is_null(path) || !(flags & AT_EMPTY_PATH))
        return path_lookup(dirfd, path, walk_flags(flags), inode);
    const struct file *file = dirfd == AT_FDCWD ? NULL : files_lookup(thread->files, dirfd);
    if (dirfd != AT_FDCWD && !file)
        return -EBADF;
    if (file && !file->inode)
        return -ENOTDIR;
    *inode = inode_get(file ? file->inode : thread->cwd->directory);
    return 0;
}

SYSCALL_DEFINE4(fstatat64, int, dirfd, unsafe_string, path, unsafe_stat64, stat, uint32_t, flags)
{
    struct inode *inode;

    if (flags & ~(STAT_FLAGS | AT_STATX_SYNC_TYPE))
        return -EINVAL;
    int error = lookup_at(dirfd, path, flags, &inode);
    if (error)
        return error;
    error = give_stat64(inode, stat);
    inode_put(inode);
    return error;
}

/* --- stat ------------------------------------------------------------------------------------- */

static int give_stat(const struct inode *inode, unsafe_stat user)
{
    struct stat stat = {STAT_OF(inode)};

    if (inode->size > INT32_MAX || inode->links > UINT16_MAX)
        return -EOVERFLOW;
    return copy_object_k2u(user, &stat);
}

static int stat_path(unsafe_string path, uint32_t flags, unsafe_stat stat)
{
    struct inode *inode;
    int error = path_lookup(AT_FDCWD, path, flags, &inode);

    if (error)
        return error;
    error = give_stat(inode, stat);
    inode_put(inode);
    return error;
}

SYSCALL_DEFINE2(stat, unsafe_string, path, unsafe_stat, stat)
{
    return stat_path(path, WALK_FOLLOW, stat);
}

SYSCALL_DEFINE2(lstat, unsafe_string, path, unsafe_stat, stat)
{
    return stat_path(path, 0, stat);
}

SYSCALL_DEFINE2(fstat, int, fd, unsafe_stat, stat)
{
    const struct inode *inode;
    int error = inode_of(fd, &inode);

    return error ? error : give_stat(inode, stat);
}

/* --- statx ------------------------------------------------------------------------------------ */

#define RDEV_MAJOR(rdev) ((rdev) >> 8 & 0xfff)
#define RDEV_MINOR(rdev) (((rdev)&0xff) | ((rdev) >> 12 & 0xfff00))

static int give_statx(const struct inode *inode, unsafe_statx user)
{
    struct statx stat = {
        STATX_OF(inode),
        .mask = STATX_BASIC_STATS,
        .rdev_major = RDEV_MAJOR(inode->rdev),
        .rdev_minor = RDEV_MINOR(inode->rdev),
        .device_major = RDEV_MAJOR(device_of(inode)),
        .device_minor = RDEV_MINOR(device_of(inode)),
    };

    return copy_object_k2u(user, &stat);
}

SYSCALL_DEFINE5(statx, int, dirfd, unsafe_string, path, uint32_t, flags, uint32_t, mask,
                unsafe_statx, stat)
{
    struct inode *inode;

    if ((mask & STATX__RESERVED) || (flags & ~(STAT_FLAGS | AT_STATX_SYNC_TYPE)) ||
        (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
        return -EINVAL;
    int error = lookup_at(dirfd, path, flags, &inode);
    if (error)
        return error;
    error = give_statx(inode, stat);
    inode_put(inode);
    return error;
}
