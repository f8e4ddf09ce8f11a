/* A thread's place in the tree. */
#include "kernel/fs/vfs.h"
#include "mm/heap.h"

#define FIRST_UMASK 022

struct cwd *cwd_create(void)
{
    struct cwd first = {
        .umask = FIRST_UMASK,
        .root = mounts[0].root,
        .directory = mounts[0].root,
    };

    return cwd_clone(&first);
}

struct cwd *cwd_clone(const struct cwd *cwd)
{
    struct cwd *copy = heap_alloc(sizeof(*copy));

    if (!copy)
        return NULL;
    *copy = *cwd;
    copy->references = 1;
    inode_get(copy->root);
    inode_get(copy->directory);
    return copy;
}

void cwd_get(struct cwd *cwd)
{
    cwd->references++;
}

void cwd_put(struct cwd *cwd)
{
    if (--cwd->references)
        return;
    inode_put(cwd->root);
    inode_put(cwd->directory);
    heap_free(cwd);
}
