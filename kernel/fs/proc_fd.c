/* The links of a process's directory in /proc that lead to inodes. */
#include "kernel/format.h"
#include "kernel/fs/proc.h"
#include "kernel/string.h"
#include "mm/space.h"

ssize_t proc_path(struct inode *target, char *text)
{
    char *path = path_of(target, current_thread()->cwd->root, text);

    if (path) {
        size_t length = strlen(path);
        memmove(text, path, length + 1);
        return length;
    }
    if (S_ISFIFO(target->mode) && !target->operations->locate)
        return snprintf(text, PATH_MAX, "pipe:[%u]", target->number);
    return snprintf(text, PATH_MAX, "/%u (deleted)", target->number);
}

/* --- descriptors ------------------------------------------------------------------------------ */

static struct file *file_of(const struct proc_inode *inode)
{
    const struct thread *thread = proc_thread_of(inode);

    return thread && thread->files ? files_lookup(thread->files, inode->fd) : NULL;
}

static int32_t next_descriptor(const struct proc_inode *directory, int32_t number)
{
    const struct thread *thread = proc_thread_of(directory);

    if (!thread || !thread->files)
        return -1;
    while (number < FILES_MAX) {
        if (files_lookup(thread->files, number))
            return number;
        number++;
    }
    return -1;
}

static ssize_t descriptor_readlink(const struct proc_inode *inode, char *text)
{
    const struct file *file = file_of(inode);

    if (!file)
        return -ENOENT;
    return file->inode ? proc_path(file->inode, text)
                       : snprintf(text, PATH_MAX, "anon_inode:[%d]", inode->fd);
}

static int descriptor_jump(const struct proc_inode *inode, struct inode **target)
{
    const struct file *file = file_of(inode);

    if (!file)
        return -ENOENT;
    if (!file->inode)
        return -ENXIO;
    *target = inode_get(file->inode);
    return 0;
}

static const struct proc_entry descriptor = {
    .name = "",
    .mode = S_IFLNK | 0700,
    .readlink = descriptor_readlink,
    .jump = descriptor_jump,
};

static void set_descriptor(struct proc_inode *inode, int32_t fd)
{
    inode->fd = fd;
}

static int32_t get_descriptor(const struct proc_inode *inode)
{
    return inode->fd;
}

const struct proc_numbers proc_descriptors = {&descriptor, next_descriptor, set_descriptor,
                                              get_descriptor};

/* --- exe, cwd, root --------------------------------------------------------------------------- */

/* The file of the program that the process runs. */
static struct inode *program_of(const struct proc_inode *inode)
{
    const struct thread *thread = proc_thread_of(inode);
    struct region *region;

    if (!thread || !thread->space)
        return NULL;
    space_for_each_region(region, thread->space) {
        if (region->file && (region->file->flags & FILE_PROGRAM))
            return region->file->inode;
    }
    return NULL;
}

static struct inode *directory_of(const struct proc_inode *inode)
{
    const struct thread *thread = proc_thread_of(inode);

    return thread && thread->cwd ? thread->cwd->directory : NULL;
}

static struct inode *root_of(const struct proc_inode *inode)
{
    const struct thread *thread = proc_thread_of(inode);

    return thread && thread->cwd ? thread->cwd->root : NULL;
}

static int jump_to(struct inode *place, struct inode **target)
{
    if (!place)
        return -ENOENT;
    *target = inode_get(place);
    return 0;
}

static ssize_t path_to(struct inode *place, char *text)
{
    return place ? proc_path(place, text) : -ENOENT;
}

ssize_t proc_exe_readlink(const struct proc_inode *inode, char *text)
{
    return path_to(program_of(inode), text);
}

int proc_exe_jump(const struct proc_inode *inode, struct inode **target)
{
    return jump_to(program_of(inode), target);
}

ssize_t proc_cwd_readlink(const struct proc_inode *inode, char *text)
{
    return path_to(directory_of(inode), text);
}

int proc_cwd_jump(const struct proc_inode *inode, struct inode **target)
{
    return jump_to(directory_of(inode), target);
}

ssize_t proc_root_readlink(const struct proc_inode *inode, char *text)
{
    return path_to(root_of(inode), text);
}

int proc_root_jump(const struct proc_inode *inode, struct inode **target)
{
    return jump_to(root_of(inode), target);
}
