/* Files in memory that no directory knows: memfd_create(2), and memory that processes share. */
#include "kernel/fs/vfs.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "mm/heap.h"

#define MFD_CLOEXEC       1
#define MFD_ALLOW_SEALING 2
#define MFD_NOEXEC_SEAL   8
#define MFD_EXEC          16
#define MFD_NAME_MAX      249

struct file *file_create_nameless(uint32_t mode, uint64_t size)
{
    struct inode *inode = ramfs.make(&ramfs, S_IFREG | mode, 0, NULL);
    struct file *file = NULL;

    if (!inode)
        return NULL;
    inode_set_owner(inode, NULL);
    if (!inode_set_size(inode, size) && inode_open(inode, O_RDWR | O_LARGEFILE, &file))
        file = NULL;
    inode_put(inode);
    return file;
}

/* The name is for people who look at /proc; here it is only checked. */
static int check_name(unsafe_string name)
{
    char *text = heap_alloc(PATH_MAX);

    if (!text)
        return -ENOMEM;
    ssize_t length = copy_str_u2k(text, name, MFD_NAME_MAX + 1);
    heap_free(text);
    return length == -ENAMETOOLONG ? -EINVAL : MIN(length, 0);
}

SYSCALL_DEFINE2(memfd_create, unsafe_string, name, uint32_t, flags)
{
    if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC))
        return -EINVAL;
    int error = check_name(name);
    if (error)
        return error;
    struct file *file = file_create_nameless(flags & MFD_NOEXEC_SEAL ? 0666 : 0777, 0);
    if (!file)
        return -ENOMEM;
    int fd = files_install(current_thread()->files, file, flags & MFD_CLOEXEC);
    if (fd < 0)
        file_put(file);
    return fd;
}
