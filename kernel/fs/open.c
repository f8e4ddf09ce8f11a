/* From a path, or an inode, to an open file: open(2) and its relatives. */
#include "kernel/devices.h"
#include "kernel/fs/lock.h"
#include "kernel/fs/vfs.h"
#include "kernel/pipe.h"
#include "kernel/process.h"
#include "kernel/syscall.h"

#define O_NOT_KEPT (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

/* A file that only names its inode has no operations at all. */
static const struct file_operations path_operations;

/* --- inodes ----------------------------------------------------------------------------------- */

static const struct file_operations *operations_of(const struct inode *inode)
{
    switch (inode->mode & S_IFMT) {
    case S_IFREG:
        return inode->operations->file;
    case S_IFDIR:
        return &directory_operations;
    case S_IFCHR:
        return device_operations(inode->rdev);
    case S_IFIFO:
        return &pipe_operations;
    }
    return NULL;
}

static uint32_t open_mask(uint32_t flags)
{
    static const uint8_t masks[] = {MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
                                    MAY_READ | MAY_WRITE};

    return masks[flags & O_ACCMODE] | (flags & O_TRUNC ? MAY_WRITE : 0);
}

static int may_open(struct inode *inode, uint32_t flags)
{
    uint32_t mask = open_mask(flags);

    if (S_ISLNK(inode->mode))
        return -ELOOP;
    if (S_ISDIR(inode->mode) && (mask & MAY_WRITE))
        return -EISDIR;
    if (S_ISREG(inode->mode) && inode->size > INT32_MAX && !(flags & O_LARGEFILE))
        return -EOVERFLOW;
    return inode_permission(inode, mask);
}

/* Counts the file among its inode's writers, or as the program that keeps them away. */
static int count_use(struct file *file)
{
    struct inode *inode = file->inode;

    if (!S_ISREG(inode->mode))
        return 0;
    if (file->flags & FILE_PROGRAM) {
        if (inode->writers > 0)
            return -ETXTBSY;
        inode->writers--;
    } else if (file_may_write(file)) {
        if (inode->writers < 0)
            return -ETXTBSY;
        inode->writers++;
    }
    return 0;
}

void inode_close(struct file *file)
{
    struct inode *inode = file->inode;

    if (inode->locks)
        lock_release(inode, file);
    if (S_ISREG(inode->mode)) {
        if (file->flags & FILE_PROGRAM)
            inode->writers++;
        else if (file_may_write(file))
            inode->writers--;
    }
    inode_put(inode);
}

static int open_file(struct inode *inode, const struct file_operations *operations, uint32_t flags,
                     struct file **result)
{
    struct file *file = file_create(operations, flags, NULL);

    if (!file)
        return -ENOMEM;
    file->inode = inode_get(inode);
    int error = count_use(file);
    if (error) {
        inode_put(inode);
        file_discard(file);
        return error;
    }
    error = operations->open ? operations->open(file) : 0;
    if (error) {
        inode_close(file);
        file_discard(file);
        return error;
    }
    file->flags &= ~O_NOT_KEPT;
    *result = file;
    return 0;
}

/* For a caller who may. */
static int open_allowed(struct inode *inode, uint32_t flags, struct file **file)
{
    const struct file_operations *operations = operations_of(inode);

    if (!operations)
        return -ENXIO;
    int error = open_file(inode, operations, flags, file);
    if (!error && (flags & O_TRUNC) && S_ISREG(inode->mode)) {
        error = inode_set_size(inode, 0);
        if (error)
            file_put(*file);
    }
    return error;
}

int inode_open(struct inode *inode, uint32_t flags, struct file **file)
{
    if (flags & O_PATH)
        return open_file(inode, &path_operations, O_PATH | O_ACCMODE, file);
    int error = may_open(inode, flags);
    return error ? error : open_allowed(inode, flags, file);
}

/* --- paths ------------------------------------------------------------------------------------ */

/* The inode that is to be opened; *made: it is new, and its permissions are for later opens. */
static int find_or_make(struct walk *walk, uint32_t flags, uint32_t mode, struct inode **inode,
                        bool *made)
{
    bool exclusive = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
    bool follow = !(flags & O_NOFOLLOW) && !exclusive;
    int error =
        walk_final(walk, (follow ? WALK_FOLLOW : 0) | (flags & O_CREAT ? WALK_CREATE : 0), inode);

    *made = false;
    if (error == -ENOENT && walk->missing && (flags & O_CREAT)) {
        *made = true;
        return inode_create(walk->at, &walk->last, S_IFREG | (mode & S_IALLUGO), 0, NULL, inode);
    }
    if (error)
        return error;
    if (exclusive)
        error = -EEXIST;
    else if (S_ISDIR((*inode)->mode) && (flags & O_CREAT))
        error = -EISDIR;
    else if ((flags & O_DIRECTORY) && !S_ISDIR((*inode)->mode))
        error = -ENOTDIR;
    if (error)
        inode_put(*inode);
    return error;
}

/* A file without a name in the directory that was found. */
static int make_nameless(struct inode *directory, uint32_t mode, struct inode **inode)
{
    struct filesystem *filesystem = directory->filesystem;

    if (!S_ISDIR(directory->mode))
        return -ENOTDIR;
    if (!filesystem->make)
        return -EOPNOTSUPP;
    mode &= S_IALLUGO & ~current_thread()->cwd->umask;
    *inode = filesystem->make(filesystem, S_IFREG | mode, 0, NULL);
    if (!*inode)
        return -ENOSPC;
    inode_set_owner(*inode, directory);
    return 0;
}

static int open_nameless(struct walk *walk, uint32_t flags, uint32_t mode, struct file **file)
{
    struct inode *directory, *inode;

    if (!((flags + 1) & FILE_WRITES))
        return -EINVAL;
    int error = walk_final(walk, WALK_FOLLOW, &directory);
    if (error)
        return error;
    error = make_nameless(directory, mode, &inode);
    inode_put(directory);
    if (error)
        return error;
    error = open_allowed(inode, flags & ~O_TMPFILE, file);
    inode_put(inode);
    return error;
}

static int walk_open(struct walk *walk, uint32_t flags, uint32_t mode, struct file **file)
{
    struct inode *inode;
    bool made;

    if ((flags & O_TMPFILE) == O_TMPFILE)
        return open_nameless(walk, flags, mode, file);
    int error = find_or_make(walk, flags, mode, &inode, &made);
    if (error)
        return error;
    error = made ? open_allowed(inode, flags & ~O_TRUNC, file) : inode_open(inode, flags, file);
    inode_put(inode);
    return error;
}

int file_open(const char *path, uint32_t flags, struct file **file)
{
    struct walk walk;

    walk_begin_kernel(&walk, path);
    int error = walk_open(&walk, flags, 0, file);
    walk_end(&walk);
    return error;
}

int file_open_program(const char *path, struct file **file, uint32_t *size)
{
    struct walk walk;
    struct inode *inode;

    if (!*path)
        return -ENOENT;
    walk_begin_kernel(&walk, path);
    int error = walk_final(&walk, WALK_FOLLOW, &inode);
    walk_end(&walk);
    if (error)
        return error;
    if (!S_ISREG(inode->mode))
        error = -EACCES;
    else
        error = inode_permission(inode, MAY_EXEC);
    if (!error && !inode->operations->file->frame)
        error = -EACCES;
    if (!error)
        error = open_file(inode, inode->operations->file, O_RDONLY | FILE_PROGRAM, file);
    if (!error)
        *size = MIN(inode->size, (uint64_t)UINT32_MAX);
    inode_put(inode);
    return error;
}

/* --- calls ------------------------------------------------------------------------------------ */

/* The flags that there are; Linux ignores others, and so must we: one is FILE_PROGRAM. */
#define O_KNOWN                                                                            \
    (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_DSYNC | \
     O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | \
     O_SYNC | O_PATH | O_TMPFILE)
#define O_PATH_TOO \
    (O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC) /* with O_PATH only these count */

static long open_at(int dirfd, unsafe_string path, uint32_t flags, uint32_t mode)
{
    struct files *files = current_thread()->files;
    struct walk walk;
    struct file *file;

    flags &= flags & O_PATH ? O_PATH_TOO : O_KNOWN;
    if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
        return -EINVAL;
    int error = walk_begin(&walk, dirfd, path, 0);
    if (error)
        return error;
    error = files_room(files);
    if (!error)
        error = walk_open(&walk, flags, mode, &file);
    walk_end(&walk);
    if (error)
        return error;
    int fd = files_install(files, file, flags & O_CLOEXEC);
    if (fd < 0)
        file_put(file);
    return fd;
}

SYSCALL_DEFINE3(open, unsafe_string, path, uint32_t, flags, uint32_t, mode)
{
    return open_at(AT_FDCWD, path, flags, mode);
}

SYSCALL_DEFINE4(openat, int, dirfd, unsafe_string, path, uint32_t, flags, uint32_t, mode)
{
    return open_at(dirfd, path, flags, mode);
}

SYSCALL_DEFINE2(creat, unsafe_string, path, uint32_t, mode)
{
    return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
