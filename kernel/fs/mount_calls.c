/* File systems as a whole: statfs(2), mount(2), umount(2). */
#include "kernel/fs/vfs.h"
#include "kernel/process.h"
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
