/* Names that come, go and move: mkdir(2), mknod(2), link(2), symlink(2), unlink(2), rename(2). */
#include "kernel/credentials.h"
#include "kernel/fs/vfs.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "mm/heap.h"

/* --- what is new ------------------------------------------------------------------------------ */

/* Whether it is a device that the caller may not make, in a directory where it may make others. The
 * character device of number 0 is none: it marks a covered name (mknod(2)). */
static int check_device(const struct inode *directory, uint32_t mode, uint32_t rdev)
{
    if ((!S_ISBLK(mode) && !(S_ISCHR(mode) && rdev)) || process_is_root() || !directory->links)
        return 0;
    int error = inode_permission(directory, MAY_WRITE | MAY_EXEC);
    return error ? error : -EPERM;
}

static int make_at(int dirfd, unsafe_string path, uint32_t mode, uint32_t rdev, const char *target)
{
    struct walk walk;
    struct inode *inode;
    int error = walk_begin(&walk, dirfd, path, 0);

    if (error)
        return error;
    error = walk_to_new(&walk, (mode & S_IFMT) == S_IFDIR);
    if (!error)
        error = check_device(walk.at, mode, rdev);
    if (!error)
        error = inode_create(walk.at, &walk.last, mode, rdev, target, &inode);
    if (!error)
        inode_put(inode);
    walk_end(&walk);
    return error;
}

static int make_directory(int dirfd, unsafe_string path, uint32_t mode)
{
    return make_at(dirfd, path, S_IFDIR | (mode & S_IALLUGO & ~(S_ISUID | S_ISGID)), 0, NULL);
}

SYSCALL_DEFINE2(mkdir, unsafe_string, path, uint32_t, mode)
{
    return make_directory(AT_FDCWD, path, mode);
}

SYSCALL_DEFINE3(mkdirat, int, dirfd, unsafe_string, path, uint32_t, mode)
{
    return make_directory(dirfd, path, mode);
}

static int make_node(int dirfd, unsafe_string path, uint32_t mode, uint32_t rdev)
{
    switch (mode & S_IFMT) {
    case 0:
        mode |= S_IFREG;
        break;
    case S_IFREG:
    case S_IFIFO:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFSOCK:
        break;
    case S_IFDIR:
        return -EPERM;
    default:
        return -EINVAL;
    }
    bool device = S_ISCHR(mode) || S_ISBLK(mode);
    return make_at(dirfd, path, mode & (S_IFMT | S_IALLUGO), device ? rdev : 0, NULL);
}

SYSCALL_DEFINE3(mknod, unsafe_string, path, uint16_t, mode, uint32_t, device)
{
    return make_node(AT_FDCWD, path, mode, device);
}

SYSCALL_DEFINE4(mknodat, int, dirfd, unsafe_string, path, uint16_t, mode, uint32_t, device)
{
    return make_node(dirfd, path, mode, device);
}

static int make_symlink(unsafe_string target, int dirfd, unsafe_string path)
{
    char *text = heap_alloc(PATH_MAX);

    if (!text)
        return -ENOMEM;
    ssize_t length = copy_str_u2k(text, target, PATH_MAX);
    int error =
        length > 0 ? make_at(dirfd, path, S_IFLNK | 0777, 0, text) : (length ? length : -ENOENT);
    heap_free(text);
    return error;
}

SYSCALL_DEFINE2(symlink, unsafe_string, target, unsafe_string, path)
{
    return make_symlink(target, AT_FDCWD, path);
}

SYSCALL_DEFINE3(symlinkat, unsafe_string, target, int, dirfd, unsafe_string, path)
{
    return make_symlink(target, dirfd, path);
}

/* --- another name ----------------------------------------------------------------------------- */

static int link_inode(struct inode *inode, struct walk *walk)
{
    int error = walk_to_new(walk, false);

    if (error)
        return error;
    if (inode->filesystem != walk->at->filesystem)
        return -EXDEV;
    if (!walk->at->links)
        return -ENOENT;
    error = inode_permission(walk->at, MAY_WRITE | MAY_EXEC);
    if (error)
        return error;
    if (S_ISDIR(inode->mode) || !walk->at->operations->link)
        return -EPERM;
    if (inode->links >= LINKS_MAX)
        return -EMLINK;
    return walk->at->operations->link(walk->at, &walk->last, inode);
}

static int link_at(int old_dirfd, unsafe_string old, int dirfd, unsafe_string path, uint32_t flags)
{
    struct inode *inode;
    struct walk walk;
    int error = path_lookup(old_dirfd, old, flags, &inode);

    if (error)
        return error;
    error = walk_begin(&walk, dirfd, path, 0);
    if (!error) {
        error = link_inode(inode, &walk);
        walk_end(&walk);
    }
    inode_put(inode);
    return error;
}

SYSCALL_DEFINE2(link, unsafe_string, old, unsafe_string, path)
{
    return link_at(AT_FDCWD, old, AT_FDCWD, path, 0);
}

SYSCALL_DEFINE5(linkat, int, old_dirfd, unsafe_string, old, int, dirfd, unsafe_string, path,
                uint32_t, flags)
{
    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return link_at(old_dirfd, old, dirfd, path,
                   (flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0) |
                       (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0));
}

/* --- a name less ------------------------------------------------------------------------------ */

static int unlink_walked(struct walk *walk)
{
    struct inode *inode;

    if (walk->kind != LAST_NAME)
        return walk_no_name(walk, -EISDIR);
    int error = walk_last(walk, &inode);
    if (error)
        return error;
    if (walk->slash)
        error = S_ISDIR(inode->mode) ? -EISDIR : -ENOTDIR;
    else
        error = inode_may_remove(walk->at, inode);
    if (!error && S_ISDIR(inode->mode))
        error = -EISDIR;
    if (!error && inode->covered)
        error = -EBUSY;
    if (!error)
        walk->at->operations->unlink(walk->at, &walk->last);
    inode_put(inode);
    return error;
}

static int rmdir_walked(struct walk *walk)
{
    static const int errors[] = {
        [LAST_DOT] = -EINVAL,
        [LAST_DOTDOT] = -ENOTEMPTY,
        [LAST_ROOT] = -EBUSY,
    };
    struct inode *inode;

    if (walk->kind != LAST_NAME)
        return walk_no_name(walk, errors[walk->kind]);
    int error = walk_last(walk, &inode);
    if (error)
        return error;
    error = inode_may_remove(walk->at, inode);
    if (!error && !S_ISDIR(inode->mode))
        error = -ENOTDIR;
    if (!error && inode->covered)
        error = -EBUSY;
    if (!error && !inode->operations->is_empty(inode))
        error = -ENOTEMPTY;
    if (!error)
        walk->at->operations->unlink(walk->at, &walk->last);
    inode_put(inode);
    return error;
}

static int remove_at(int dirfd, unsafe_string path, int (*remove)(struct walk *walk))
{
    struct walk walk;
    int error = walk_begin(&walk, dirfd, path, 0);

    if (error)
        return error;
    error = walk_to_parent(&walk);
    if (!error)
        error = remove(&walk);
    walk_end(&walk);
    return error;
}

SYSCALL_DEFINE1(unlink, unsafe_string, path)
{
    return remove_at(AT_FDCWD, path, unlink_walked);
}

SYSCALL_DEFINE1(rmdir, unsafe_string, path)
{
    return remove_at(AT_FDCWD, path, rmdir_walked);
}

SYSCALL_DEFINE3(unlinkat, int, dirfd, unsafe_string, path, uint32_t, flags)
{
    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    return remove_at(dirfd, path, flags & AT_REMOVEDIR ? rmdir_walked : unlink_walked);
}

/* --- what a link says ------------------------------------------------------------------------- */

static ssize_t read_text(struct inode *link, unsafe_bytes buffer, int32_t size)
{
    char *text = heap_alloc(PATH_MAX);

    if (!text)
        return -ENOMEM;
    ssize_t length = link->operations->readlink(link, text);
    if (length > size)
        length = size;
    if (length > 0 && copy_k2u(buffer, text, length))
        length = -EFAULT;
    heap_free(text);
    inode_accessed(link);
    return length;
}

static ssize_t readlink_at(int dirfd, unsafe_string path, unsafe_bytes buffer, int32_t size)
{
    struct walk walk;
    struct inode *inode;

    if (size <= 0)
        return -EINVAL;
    ssize_t result = walk_begin(&walk, dirfd, path, WALK_EMPTY);
    if (result)
        return result;
    bool empty = !*walk.path;
    result = walk_final(&walk, 0, &inode);
    walk_end(&walk);
    if (result)
        return result;
    if (S_ISLNK(inode->mode))
        result = read_text(inode, buffer, size);
    else
        result = empty ? -ENOENT : -EINVAL;
    inode_put(inode);
    return result;
}

SYSCALL_DEFINE3(readlink, unsafe_string, path, unsafe_bytes, buffer, int32_t, size)
{
    return readlink_at(AT_FDCWD, path, buffer, size);
}

SYSCALL_DEFINE4(readlinkat, int, dirfd, unsafe_string, path, unsafe_bytes, buffer, int32_t, size)
{
    return readlink_at(dirfd, path, buffer, size);
}
