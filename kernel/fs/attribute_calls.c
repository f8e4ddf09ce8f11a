/* Who may, who owns, and when: access(2), chmod(2), chown(2), utimensat(2), statfs(2). */
#include "arch/i386/asm.h"
#include "kernel/credentials.h"
#include "kernel/fs/vfs.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/time.h"

/* The inode of fd, whose file must be open for more than its name, with a reference. */
static int inode_of_fd(int fd, struct inode **inode)
{
    struct file *file = files_lookup_open(current_thread()->files, fd);

    if (!file)
        return -EBADF;
    if (!file->inode)
        return -EPERM;
    *inode = inode_get(file->inode);
    return 0;
}

static uint32_t walk_flags(uint32_t flags)
{
    return (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
           (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
}

/* --- access ----------------------------------------------------------------------------------- */

static int may_access(int dirfd, unsafe_string path, uint32_t mode, uint32_t flags)
{
    struct inode *inode;

    if ((mode & ~(MAY_READ | MAY_WRITE | MAY_EXEC)) ||
        (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
        return -EINVAL;
    int error = path_lookup(dirfd, path, walk_flags(flags), &inode);
    if (error)
        return error;
    error = flags & AT_EACCESS ? inode_permission(inode, mode) : inode_access(inode, mode);
    inode_put(inode);
    return error;
}

SYSCALL_DEFINE2(access, unsafe_string, path, uint32_t, mode)
{
    return may_access(AT_FDCWD, path, mode, 0);
}

SYSCALL_DEFINE3(faccessat, int, dirfd, unsafe_string, path, uint32_t, mode)
{
    return may_access(dirfd, path, mode, 0);
}

SYSCALL_DEFINE4(faccessat2, int, dirfd, unsafe_string, path, uint32_t, mode, uint32_t, flags)
{
    return may_access(dirfd, path, mode, flags);
}

/* --- chmod ------------------------------------------------------------------------------------ */

/* Takes over the reference. */
static int change_mode(struct inode *inode, uint32_t mode)
{
    int error = S_ISLNK(inode->mode) ? -EOPNOTSUPP : inode_is_owner(inode) ? 0 : -EPERM;

    if (!error) {
        if (!process_is_root() && !process_in_group(inode->gid))
            mode &= ~S_ISGID;
        inode->mode = (inode->mode & S_IFMT) | (mode & S_IALLUGO);
        inode->changed = inode_now();
    }
    inode_put(inode);
    return error;
}

static int change_mode_at(int dirfd, unsafe_string path, uint32_t mode, uint32_t flags)
{
    struct inode *inode;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    int error = path_lookup(dirfd, path, walk_flags(flags), &inode);
    return error ? error : change_mode(inode, mode);
}

SYSCALL_DEFINE2(chmod, unsafe_string, path, uint32_t, mode)
{
    return change_mode_at(AT_FDCWD, path, mode, 0);
}

SYSCALL_DEFINE3(fchmodat, int, dirfd, unsafe_string, path, uint32_t, mode)
{
    return change_mode_at(dirfd, path, mode, 0);
}

SYSCALL_DEFINE4(fchmodat2, int, dirfd, unsafe_string, path, uint32_t, mode, uint32_t, flags)
{
    return change_mode_at(dirfd, path, mode, flags);
}

SYSCALL_DEFINE2(fchmod, int, fd, uint32_t, mode)
{
    struct inode *inode;
    int error = inode_of_fd(fd, &inode);

    return error ? error : change_mode(inode, mode);
}

/* --- chown ------------------------------------------------------------------------------------ */

#define KEEP      0xffffffff
#define WIDEN(id) ((id) == 0xffff ? KEEP : (id)) /* 16-bit ids */

/* What runs as somebody does so no longer for another's file (chown(2)). */
static uint32_t dropped_bits(const struct inode *inode)
{
    uint32_t bits = S_ISUID | (inode->mode & S_IXGRP ? S_ISGID : 0);

    return S_ISDIR(inode->mode) ? 0 : inode->mode & bits;
}

/* An owner may give a file to a group that it is in, and nobody but the superuser gives it away.
 * Who asks for nothing may do so. */
static bool may_change_owner(const struct inode *inode, uint32_t uid, uint32_t gid)
{
    bool owner = inode_is_owner(inode);

    if (process_is_root())
        return true;
    if (uid != KEEP && (!owner || uid != inode->uid))
        return false;
    if (gid != KEEP && (!owner || (gid != inode->gid && !process_in_group(gid))))
        return false;
    return owner || !dropped_bits(inode);
}

/* Takes over the reference. */
static int change_owner(struct inode *inode, uint32_t uid, uint32_t gid)
{
    int error = may_change_owner(inode, uid, gid) ? 0 : -EPERM;

    if (!error) {
        inode->uid = uid != KEEP ? uid : inode->uid;
        inode->gid = gid != KEEP ? gid : inode->gid;
        inode->mode &= ~dropped_bits(inode);
        inode->changed = inode_now();
    }
    inode_put(inode);
    return error;
}

static int change_owner_at(int dirfd, unsafe_string path, uint32_t uid, uint32_t gid,
                           uint32_t flags)
{
    struct inode *inode;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    int error = path_lookup(dirfd, path, walk_flags(flags), &inode);
    return error ? error : change_owner(inode, uid, gid);
}

static int change_owner_fd(int fd, uint32_t uid, uint32_t gid)
{
    struct inode *inode;
    int error = inode_of_fd(fd, &inode);

    return error ? error : change_owner(inode, uid, gid);
}

SYSCALL_DEFINE3(chown32, unsafe_string, path, uint32_t, uid, uint32_t, gid)
{
    return change_owner_at(AT_FDCWD, path, uid, gid, 0);
}

SYSCALL_DEFINE3(lchown32, unsafe_string, path, uint32_t, uid, uint32_t, gid)
{
    return change_owner_at(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

SYSCALL_DEFINE3(fchown32, int, fd, uint32_t, uid, uint32_t, gid)
{
    return change_owner_fd(fd, uid, gid);
}

SYSCALL_DEFINE5(fchownat, int, dirfd, unsafe_string, path, uint32_t, uid, uint32_t, gid, uint32_t,
                flags)
{
    return change_owner_at(dirfd, path, uid, gid, flags);
}

SYSCALL_DEFINE3(chown, unsafe_string, path, uint16_t, uid, uint16_t, gid)
{
    return change_owner_at(AT_FDCWD, path, WIDEN(uid), WIDEN(gid), 0);
}

SYSCALL_DEFINE3(lchown, unsafe_string, path, uint16_t, uid, uint16_t, gid)
{
    return change_owner_at(AT_FDCWD, path, WIDEN(uid), WIDEN(gid), AT_SYMLINK_NOFOLLOW);
}

SYSCALL_DEFINE3(fchown, int, fd, uint16_t, uid, uint16_t, gid)
{
    return change_owner_fd(fd, WIDEN(uid), WIDEN(gid));
}

/* --- times ------------------------------------------------------------------------------------ */

#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe

/* What utimensat was given for one of the two times. */
struct new_time {
    int64_t seconds;
    uint32_t nanoseconds; /* or UTIME_* */
};

static bool is_valid(const struct new_time *time)
{
    return time->nanoseconds < NANOSECONDS || time->nanoseconds == UTIME_NOW ||
           time->nanoseconds == UTIME_OMIT;
}

static void set_time(inode_time_t *time, const struct new_time *new)
{
    if (new->nanoseconds == UTIME_OMIT)
        return;
    if (new->nanoseconds == UTIME_NOW) {
        *time = inode_now();
        return;
    }
    int64_t seconds = MAX(MIN(new->seconds, INODE_SECONDS_MAX), INODE_SECONDS_MIN);
    *time = INODE_TIME(seconds, new->nanoseconds);
}

/* An owner may set any time, who may write the present one. */
static int may_change_times(const struct inode *inode, const struct new_time *times)
{
    if (inode_is_owner(inode))
        return 0;
    if (times[0].nanoseconds != UTIME_NOW || times[1].nanoseconds != UTIME_NOW)
        return -EPERM;
    return inode_permission(inode, MAY_WRITE);
}

/* Takes over the reference. times: of access and of change. */
static int change_times(struct inode *inode, const struct new_time *times)
{
    int error =
        is_valid(&times[0]) && is_valid(&times[1]) ? may_change_times(inode, times) : -EINVAL;

    if (!error) {
        set_time(&inode->accessed, &times[0]);
        set_time(&inode->modified, &times[1]);
        inode->changed = inode_now();
    }
    inode_put(inode);
    return error;
}

/* A null path means dirfd itself, as futimens(3) uses it. */
static int change_times_at(int dirfd, unsafe_string path, const struct new_time *times,
                           uint32_t flags)
{
    struct inode *inode;
    int error;

    if (times[0].nanoseconds == UTIME_OMIT && times[1].nanoseconds == UTIME_OMIT)
        return 0;
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (unsafe_is_null(path) && dirfd != AT_FDCWD)
        error = flags ? -EINVAL : inode_of_fd(dirfd, &inode);
    else
        error = path_lookup(dirfd, path, walk_flags(flags), &inode);
    return error ? error : change_times(inode, times);
}

static const struct new_time both_now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};

SYSCALL_DEFINE4(utimensat, int, dirfd, unsafe_string, path, unsafe_timespec_pair, times, uint32_t,
                flags)
{
    struct timespec_pair pair;

    if (unsafe_is_null(times))
        return change_times_at(dirfd, path, both_now, flags);
    if (copy_object_u2k(&pair, times))
        return -EFAULT;
    const struct new_time new[2] = {
        {pair.times[0].seconds, pair.times[0].nanoseconds},
        {pair.times[1].seconds, pair.times[1].nanoseconds},
    };
    return change_times_at(dirfd, path, new, flags);
}

SYSCALL_DEFINE4(utimensat_time64, int, dirfd, unsafe_string, path, unsafe_timespec64_pair, times,
                uint32_t, flags)
{
    struct timespec64_pair pair;

    if (unsafe_is_null(times))
        return change_times_at(dirfd, path, both_now, flags);
    if (copy_object_u2k(&pair, times))
        return -EFAULT;
    const struct new_time new[2] = {
        {pair.times[0].seconds, pair.times[0].nanoseconds},
        {pair.times[1].seconds, pair.times[1].nanoseconds},
    };
    return change_times_at(dirfd, path, new, flags);
}

/* Microseconds, and nothing else in their place. */
static int change_timevals(int dirfd, unsafe_string path, unsafe_timeval_pair times)
{
    struct timeval_pair pair;

    if (unsafe_is_null(times))
        return change_times_at(dirfd, path, both_now, 0);
    if (copy_object_u2k(&pair, times))
        return -EFAULT;
    if ((uint32_t)pair.times[0].microseconds >= 1000000 ||
        (uint32_t)pair.times[1].microseconds >= 1000000)
        return -EINVAL;
    const struct new_time new[2] = {
        {pair.times[0].seconds, pair.times[0].microseconds * 1000},
        {pair.times[1].seconds, pair.times[1].microseconds * 1000},
    };
    return change_times_at(dirfd, path, new, 0);
}

SYSCALL_DEFINE2(utimes, unsafe_string, path, unsafe_timeval_pair, times)
{
    return change_timevals(AT_FDCWD, path, times);
}

SYSCALL_DEFINE3(futimesat, int, dirfd, unsafe_string, path, unsafe_timeval_pair, times)
{
    return change_timevals(dirfd, path, times);
}

SYSCALL_DEFINE2(utime, unsafe_string, path, unsafe_int_pair, times)
{
    struct int_pair pair;

    if (unsafe_is_null(times))
        return change_times_at(AT_FDCWD, path, both_now, 0);
    if (copy_object_u2k(&pair, times))
        return -EFAULT;
    const struct new_time new[2] = {{pair.first, 0}, {pair.second, 0}};
    return change_times_at(AT_FDCWD, path, new, 0);
}
