/* The file system in memory, between its two files; see kernel/fs/vfs.h. */
#ifndef KERNEL_FS_RAMFS_H
#define KERNEL_FS_RAMFS_H

#include "kernel/fs/page_tree.h"
#include "kernel/fs/vfs.h"
#include "kernel/list.h"

struct ramfs_entry;

struct ramfs_inode {
    struct inode inode;
    struct list names; /* its entries, by ramfs_entry.same_inode */
    union {
        struct {
            struct list entries;      /* by position */
            struct ramfs_entry *hint; /* what the last readdir came to, or NULL */
            uint32_t next_position;
        } directory;
        struct page_tree pages; /* of a regular file */
        char *target;           /* of a symbolic link */
    };
};

static inline struct ramfs_inode *ramfs_inode(struct inode *inode)
{
    return container_of(inode, struct ramfs_inode, inode);
}

/* True if what is left of memory is the programs': then nothing grows here any more, -ENOSPC. */
bool ramfs_is_full(void);

int ramfs_set_size(struct inode *inode, uint64_t size);
int ramfs_reserve(struct inode *inode, uint64_t start, uint64_t end);
int ramfs_clear(struct inode *inode, uint64_t start, uint64_t end);
extern const struct file_operations ramfs_file_operations;

#endif
