/* What all inodes have in common. */
#include "arch/i386/asm.h"
#include "kernel/fs/vfs.h"
#include "kernel/process.h"
#include "kernel/time.h"

inode_time_t inode_now(void)
{
    uint32_t nanoseconds;
    uint64_t seconds = divide_u64(time_realtime(), NANOSECONDS, &nanoseconds);

    return INODE_TIME(seconds, nanoseconds);
}

void inode_init(struct inode *inode, struct filesystem *filesystem,
                const struct inode_operations *operations, uint32_t number, uint32_t mode)
{
    *inode = (struct inode){
        .references = 1,
        .mode = mode,
        .operations = operations,
        .filesystem = filesystem,
        .number = number,
    };
    inode->accessed = inode->modified = inode->changed = inode_now();
}

int inode_create(struct inode *directory, const struct name *name, uint32_t mode, uint32_t rdev,
                 const char *target, struct inode **result)
{
    if (!directory->operations->link)
        return -ENOENT;
    int error = inode_permission(directory, MAY_WRITE | MAY_EXEC);
    if (error)
        return error;
    if (!directory->links)
        return -ENOENT;
    if (S_ISDIR(mode) && directory->links >= LINKS_MAX)
        return -EMLINK;
    if (!S_ISLNK(mode))
        mode &= ~current_thread()->cwd->umask;
    return inode_create_for_kernel(directory, name, mode, rdev, target, result);
}

int inode_create_for_kernel(struct inode *directory, const struct name *name, uint32_t mode,
                            uint32_t rdev, const char *target, struct inode **result)
{
    struct filesystem *filesystem = directory->filesystem;
    struct inode *inode = filesystem->make(filesystem, mode, rdev, target);
    if (!inode)
        return -ENOSPC;
    inode_set_owner(inode, directory);
    if (directory->operations->link(directory, name, inode)) {
        inode_put(inode);
        return -ENOSPC;
    }
    *result = inode;
    return 0;
}

int inode_set_size(struct inode *inode, uint64_t size)
{
    int error = inode->operations->set_size ? inode->operations->set_size(inode, size) : -EINVAL;

    if (!error)
        inode_modified(inode);
    return error;
}

int64_t file_seek_sized(struct file *file, int64_t offset, int whence)
{
    uint64_t size = file->inode->size;

    if (whence == SEEK_CUR)
        offset += file->position;
    else if (whence == SEEK_END)
        offset += size;
    else if (whence == SEEK_DATA || whence == SEEK_HOLE) {
        if (offset < 0 || (uint64_t)offset >= size)
            return -ENXIO;
        offset = whence == SEEK_DATA ? offset : (int64_t)size;
    } else if (whence != SEEK_SET)
        return -EINVAL;
    if (offset < 0)
        return -EINVAL;
    return file->position = offset;
}
