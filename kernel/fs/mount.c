/* The table of mounts, and the tree that boot makes. */
#include "kernel/devices.h"
#include "kernel/fs/vfs.h"
#include "kernel/panic.h"
#include "kernel/process.h"

struct mount mounts[MOUNTS_MAX + 1];

int mount_add(struct inode *directory, struct inode *root)
{
    unsigned i = 0;

    while (mounts[i].root)
        i++;
    if (i == MOUNTS_MAX)
        return -ENOMEM;
    if (directory) {
        if (!S_ISDIR(directory->mode))
            return -ENOTDIR;
        if (directory->mounted || directory->covered)
            return -EBUSY;
        directory->mounted = root;
        root->covered = inode_get(directory);
    }
    mounts[i].root = root;
    return 0;
}

void node_make(const char *path, uint32_t mode, uint32_t rdev, const char *target)
{
    struct walk walk;
    struct inode *inode;

    walk_begin_kernel(&walk, path);
    if (walk_to_new(&walk, false) || inode_create(walk.at, &walk.last, mode, rdev, target, &inode))
        panic("cannot make %s", path);
    inode->mode = mode;
    inode_put(inode);
    walk_end(&walk);
}

void vfs_init(void)
{
    struct inode *root = ramfs_create();

    if (!root || mount_add(NULL, root) || !(current_thread()->cwd = cwd_create()))
        panic("no memory for the root file system");
    node_make("/dev", S_IFDIR | 0755, 0, NULL);
    node_make("/dev/pts", S_IFDIR | 0755, 0, NULL);
    for (const struct device *device = devices; device->path; device++)
        node_make(device->path, S_IFCHR | 0666, device_number(device), NULL);
    node_make("/dev/fd", S_IFLNK | 0777, 0, "/proc/self/fd");
    node_make("/dev/stdin", S_IFLNK | 0777, 0, "/proc/self/fd/0");
    node_make("/dev/stdout", S_IFLNK | 0777, 0, "/proc/self/fd/1");
    node_make("/dev/stderr", S_IFLNK | 0777, 0, "/proc/self/fd/2");
}
