/* Descriptors: close(2), dup(2), fcntl(2), and what ioctl(2) knows of every file. */
#include "kernel/fs/lock.h"
#include "kernel/fs/vfs.h"
#include "kernel/pipe.h"
#include "kernel/process.h"
#include "kernel/syscall.h"

/* fcntl(2) */
#define F_DUPFD         0
#define F_GETFD         1
#define F_SETFD         2
#define F_GETFL         3
#define F_SETFL         4
#define F_GETLK         5
#define F_SETLK         6
#define F_SETLKW        7
#define F_SETOWN        8
#define F_GETOWN        9
#define F_GETLK64       12
#define F_SETLK64       13
#define F_SETLKW64      14
#define F_DUPFD_CLOEXEC 1030
#define F_SETPIPE_SZ    1031
#define F_GETPIPE_SZ    1032
#define F_ADD_SEALS     1033
#define F_GET_SEALS     1034
#define FD_CLOEXEC      1

/* What F_SETFL changes; a file that is asked to signal has nobody to do it. */
#define STATUS_FLAGS (O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME)

/* of memory: F_ADD_SEALS and F_GET_SEALS */
#define F_SEAL_SEAL 1
#define ALL_SEALS   0x3f

/* ioctl(2) */
#define FIGETBSZ 2
#define FIOCLEX  0x5451
#define FIONCLEX 0x5450
#define FIONBIO  0x5421
#define FIOASYNC 0x5452
#define FIONREAD 0x541b

static struct files *my_files(void)
{
    return current_thread()->files;
}

/* --- close and dup ---------------------------------------------------------------------------- */

SYSCALL_DEFINE1(close, int, fd)
{
    return files_close(my_files(), fd);
}

#define CLOSE_RANGE_UNSHARE 2
#define CLOSE_RANGE_CLOEXEC 4

SYSCALL_DEFINE3(close_range, uint32_t, first, uint32_t, last, uint32_t, flags)
{
    struct thread *thread = current_thread();

    if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || first > last)
        return -EINVAL;
    if ((flags & CLOSE_RANGE_UNSHARE) && files_unshare(&thread->files))
        return -ENOMEM;
    files_close_range(thread->files, first, last, flags & CLOSE_RANGE_CLOEXEC);
    return 0;
}

static int duplicate(struct file *file, unsigned lowest, bool close_on_exec)
{
    int fd = files_install_from(my_files(), file, close_on_exec, lowest);

    if (fd >= 0)
        file_get(file);
    return fd;
}

SYSCALL_DEFINE1(dup, int, fd)
{
    struct file *file = files_lookup(my_files(), fd);

    return file ? duplicate(file, 0, false) : -EBADF;
}

static int duplicate_to(int old, int new, bool close_on_exec)
{
    struct file *file = files_lookup(my_files(), old);

    if (!file)
        return -EBADF;
    file_get(file);
    int error = files_install_at(my_files(), file, close_on_exec, new);
    if (error)
        file_put(file);
    return error ? error : new;
}

SYSCALL_DEFINE2(dup2, int, old, int, new)
{
    if (old == new)
        return files_lookup(my_files(), old) ? new : -EBADF;
    return duplicate_to(old, new, false);
}

SYSCALL_DEFINE3(dup3, int, old, int, new, uint32_t, flags)
{
    if (old == new || (flags & ~O_CLOEXEC))
        return -EINVAL;
    return duplicate_to(old, new, flags & O_CLOEXEC);
}

/* --- fcntl ------------------------------------------------------------------------------------ */

/* What concerns the descriptor, or only looks at the file. */
static bool is_about_descriptor(uint32_t command)
{
    return command <= F_GETFL || command == F_DUPFD_CLOEXEC;
}

static long control_descriptor(struct file *file, int fd, uint32_t command, uint32_t argument)
{
    switch (command) {
    case F_GETFD:
        return files_closes_on_exec(my_files(), fd) ? FD_CLOEXEC : 0;
    case F_SETFD:
        files_set_close_on_exec(my_files(), fd, argument & FD_CLOEXEC);
        return 0;
    case F_GETFL:
        return file->flags & O_PATH ? O_PATH : (long)(file->flags & ~FILE_PROGRAM);
    }
    if (argument >= files_limit())
        return -EINVAL;
    return duplicate(file, argument, command == F_DUPFD_CLOEXEC);
}

static bool has_kind(const struct file *file, uint32_t kind)
{
    return file->inode && (file->inode->mode & S_IFMT) == kind;
}

static long set_flags(struct file *file, uint32_t flags)
{
    uint32_t added = flags & ~file->flags;

    if ((added & O_NOATIME) && file->inode && !inode_is_owner(file->inode))
        return -EPERM;
    if ((flags & O_DIRECT) && !has_kind(file, S_IFREG) && !has_kind(file, S_IFIFO))
        return -EINVAL;
    file->flags = (file->flags & ~STATUS_FLAGS) | (flags & STATUS_FLAGS);
    return 0;
}

/* Files in memory are sealed against seals from the first, as those with names are on Linux. */
static long add_seals(const struct file *file, uint32_t seals)
{
    if (!file_may_write(file))
        return -EPERM;
    return (seals & ~ALL_SEALS) || !has_kind(file, S_IFREG) ? -EINVAL : -EPERM;
}

static long control_file(struct file *file, uint32_t command, uint32_t argument)
{
    switch (command) {
    case F_SETFL:
        return set_flags(file, argument);
    case F_ADD_SEALS:
        return add_seals(file, argument);
    case F_GET_SEALS:
        return has_kind(file, S_IFREG) ? F_SEAL_SEAL : -EINVAL;
    case F_GETOWN: /* nobody is sent SIGIO */
        return 0;
    case F_SETOWN: /* a group's number is negated */
        return (int32_t)argument == INT32_MIN ? -EINVAL : 0;
    case F_GETPIPE_SZ:
    case F_SETPIPE_SZ:
        return pipe_control_size(file, command == F_SETPIPE_SZ, argument);
    case F_GETLK:
        return lock_get(file, (unsafe_flock){.address = argument});
    case F_SETLK:
    case F_SETLKW:
        return lock_set(file, (unsafe_flock){.address = argument}, command == F_SETLKW);
    case F_GETLK64:
        return lock_get64(file, (unsafe_flock64){.address = argument});
    case F_SETLK64:
    case F_SETLKW64:
        return lock_set64(file, (unsafe_flock64){.address = argument}, command == F_SETLKW64);
    }
    return -EINVAL;
}

static long control_fd(int fd, uint32_t command, uint32_t argument)
{
    struct file *file = files_lookup(my_files(), fd);

    if (!file)
        return -EBADF;
    if (is_about_descriptor(command))
        return control_descriptor(file, fd, command, argument);
    if (file->flags & O_PATH)
        return -EBADF;
    file_get(file); /* for the wait for a lock */
    long result = control_file(file, command, argument);
    /* a lock that came after another thread's close of fd would be nobody's to give up */
    if (!result && files_lookup(my_files(), fd) != file && file->inode && file->inode->locks) {
        lock_release(file->inode, my_files());
        result = -EBADF;
    }
    file_put(file);
    return result;
}

SYSCALL_DEFINE3(fcntl, int, fd, uint32_t, command, uint32_t, argument)
{
    return control_fd(fd, command, argument);
}

SYSCALL_DEFINE3(fcntl64, int, fd, uint32_t, command, uint32_t, argument)
{
    return control_fd(fd, command, argument);
}

/* --- ioctl ------------------------------------------------------------------------------------ */

static long set_status(struct file *file, uint32_t flag, unsafe_int user)
{
    int32_t on;

    if (copy_object_u2k(&on, user))
        return -EFAULT;
    file->flags = on ? file->flags | flag : file->flags & ~flag;
    return 0;
}

static long bytes_left(const struct file *file, unsafe_int user)
{
    const struct inode *inode = file->inode;
    int32_t left = inode->size - file->position;

    return copy_object_k2u(user, &left);
}

static long block_size(const struct file *file, unsafe_int user)
{
    static const int32_t size = PAGE_SIZE;

    return file->inode ? copy_object_k2u(user, &size) : -ENOTTY;
}

static long ioctl_any(struct file *file, int fd, uint32_t request, uint32_t argument)
{
    switch (request) {
    case FIOCLEX:
    case FIONCLEX:
        files_set_close_on_exec(my_files(), fd, request == FIOCLEX);
        return 0;
    case FIONBIO:
        return set_status(file, O_NONBLOCK, (unsafe_int){.address = argument});
    case FIOASYNC:
        return 0;
    case FIGETBSZ:
        return block_size(file, (unsafe_int){.address = argument});
    case FIONREAD:
        if (file->inode && S_ISREG(file->inode->mode))
            return bytes_left(file, (unsafe_int){.address = argument});
    }
    if (!file->operations->ioctl)
        return -ENOTTY;
    return file->operations->ioctl(file, request, argument);
}

SYSCALL_DEFINE3(ioctl, int, fd, uint32_t, request, uint32_t, argument)
{
    struct file *file = files_lookup_open(my_files(), fd);

    if (!file)
        return -EBADF;
    file_get(file);
    long result = ioctl_any(file, fd, request, argument);
    file_put(file);
    return result;
}
