/* File systems as a whole: statfs(2), mount(2), umount(2). */
#include "kernel/credentials.h"
#include "kernel/fs/vfs.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "mm/frame.h"

/* --- statfs ----------------------------------------------------------------------------------- */

#define ST_RELATIME 0x1000
#define ST_VALID    0x0020

static struct statfs64 describe(const struct inode *inode)
{
    const struct filesystem *filesystem = inode->filesystem;
    struct statfs64 result = {
        .type = filesystem->magic,
        .block_size = PAGE_SIZE,
        .id = {filesystem->device},
        .name_length = NAME_MAX,
        .fragment_size = PAGE_SIZE,
        .flags = ST_VALID | ST_RELATIME,
    };

    if (filesystem->in_memory) {
        result.blocks = frames_total;
        result.free = result.available = frames_total - frames_in_use;
    }
    return result;
}

static int give_statfs(const struct inode *inode, unsafe_statfs user)
{
    struct statfs64 wide = describe(inode);
    struct statfs result = {
        .type = wide.type,
        .block_size = wide.block_size,
        .blocks = wide.blocks,
        .free = wide.free,
        .available = wide.available,
        .id = {wide.id[0]},
        .name_length = wide.name_length,
        .fragment_size = wide.fragment_size,
        .flags = wide.flags,
    };

    return copy_object_k2u(user, &result);
}

static int give_statfs64(const struct inode *inode, unsafe_statfs64 user)
{
    struct statfs64 result = describe(inode);

    return copy_object_k2u(user, &result);
}

/* The inode of fd, without a reference of its own. */
static int inode_of(int fd, const struct inode **inode)
{
    const struct file *file = files_lookup(current_thread()->files, fd);

    if (!file)
        return -EBADF;
    *inode = file->inode;
    return file->inode ? 0 : -ENOSYS;
}

SYSCALL_DEFINE2(statfs, unsafe_string, path, unsafe_statfs, result)
{
    struct inode *inode;
    int error = path_lookup(AT_FDCWD, path, WALK_FOLLOW, &inode);

    if (error)
        return error;
    error = give_statfs(inode, result);
    inode_put(inode);
    return error;
}

SYSCALL_DEFINE2(fstatfs, int, fd, unsafe_statfs, result)
{
    const struct inode *inode;
    int error = inode_of(fd, &inode);

    return error ? error : give_statfs(inode, result);
}

SYSCALL_DEFINE3(statfs64, unsafe_string, path, size_t, size, unsafe_statfs64, result)
{
    struct inode *inode;

    if (size != sizeof(struct statfs64))
        return -EINVAL;
    int error = path_lookup(AT_FDCWD, path, WALK_FOLLOW, &inode);
    if (error)
        return error;
    error = give_statfs64(inode, result);
    inode_put(inode);
    return error;
}

SYSCALL_DEFINE3(fstatfs64, int, fd, size_t, size, unsafe_statfs64, result)
{
    const struct inode *inode;

    if (size != sizeof(struct statfs64))
        return -EINVAL;
    int error = inode_of(fd, &inode);
    return error ? error : give_statfs64(inode, result);
}

/* --- mount ------------------------------------------------------------------------------------ */

#define TYPE_MAX  16
#define MS_NOUSER 0x80000000u /* mount(2): the kernel's own */

/* What there is to mount is mounted at boot, once and for all. */
static int mount_type(const char *type)
{
    for (const struct mount *mount = mounts; mount->root; mount++) {
        if (!strcmp(mount->root->filesystem->type, type))
            return -EBUSY;
    }
    return -ENODEV;
}

SYSCALL_DEFINE5(mount, unsafe_string, source, unsafe_string, target, unsafe_string, type, uint32_t,
                flags, uint32_t, data)
{
    struct inode *inode;
    char name[TYPE_MAX] = "", device[TYPE_MAX]; /* as much as must be readable of either */

    (void)data;
    if (!unsafe_is_null(type) && copy_str_u2k(name, type, sizeof(name)) == -EFAULT)
        return -EFAULT;
    if (!unsafe_is_null(source) && copy_str_u2k(device, source, sizeof(device)) == -EFAULT)
        return -EFAULT;
    int error = path_lookup(AT_FDCWD, target, WALK_FOLLOW, &inode);
    if (error)
        return error;
    inode_put(inode);
    if (!process_is_root())
        return -EPERM;
    return unsafe_is_null(type) || (flags & MS_NOUSER) ? -EINVAL : mount_type(name);
}

static int unmount(unsafe_string target, uint32_t flags)
{
    struct inode *inode;
    int error = path_lookup(AT_FDCWD, target, flags, &inode);

    if (error)
        return error;
    if (!process_is_root())
        error = -EPERM;
    else
        error = inode == mounts[0].root || inode->covered ? -EBUSY : -EINVAL;
    inode_put(inode);
    return error;
}

#define UMOUNT_FLAGS    0xf /* MNT_FORCE, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW */
#define UMOUNT_NOFOLLOW 8

SYSCALL_DEFINE1(umount, unsafe_string, target)
{
    return unmount(target, WALK_FOLLOW);
}

SYSCALL_DEFINE2(umount2, unsafe_string, target, uint32_t, flags)
{
    if (flags & ~UMOUNT_FLAGS)
        return -EINVAL;
    return unmount(target, flags & UMOUNT_NOFOLLOW ? 0 : WALK_FOLLOW);
}
