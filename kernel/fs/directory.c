/* Open directories: "." and "..", then what the file system has; getdents(2). */
#include "kernel/fs/directory.h"

#include "kernel/syscall.h"

static ssize_t directory_read(struct file *file, unsafe_bytes to, size_t size)
{
    (void)file, (void)to, (void)size;
    return -EISDIR;
}

/* Positions are the file system's own; behind the last one is the end. */
static int64_t directory_seek(struct file *file, int64_t offset, int whence)
{
    if (whence == SEEK_CUR)
        offset += file->position;
    else if (whence != SEEK_SET)
        return -EINVAL;
    if (offset < 0)
        return -EINVAL;
    return file->position = offset;
}

const struct file_operations directory_operations = {
    .read = directory_read,
    .seek = directory_seek,
};

static bool emit_self(struct file *file, struct inode *inode, const char *text, readdir_emit emit,
                      void *context)
{
    const struct name name = name_make(text);
    uint64_t next = file->position + 1;

    if (!emit(context, &name, inode->number, inode->mode, next))
        return false;
    file->position = next;
    return true;
}

void directory_entries(struct file *file, readdir_emit emit, void *context)
{
    struct inode *inode = file->inode;
    struct inode *self = inode->covered ? inode->covered : inode;

    if (!inode->links)
        return;
    if (file->position == 0 && !emit_self(file, inode, ".", emit, context))
        return;
    if (file->position == 1 && !emit_self(file, self->parent, "..", emit, context))
        return;
    inode->operations->readdir(inode, &file->position, emit, context);
    inode_accessed(inode);
}
