/*
 * Record locks of fcntl(2) and whole-file locks of flock(2): advisory, kept on the inode. The
 * former belong to a table of descriptors (a process), the latter to an open file. Thread context.
 */
#ifndef KERNEL_FS_LOCK_H
#define KERNEL_FS_LOCK_H

#include "kernel/abi_file.h"
#include "kernel/file.h"

/* F_GETLK, F_SETLK and F_SETLKW, in both sizes. */
long lock_get(struct file *file, unsafe_flock user);
long lock_get64(struct file *file, unsafe_flock64 user);
long lock_set(struct file *file, unsafe_flock user, bool wait);
long lock_set64(struct file *file, unsafe_flock64 user, bool wait);

/* Gives up what owner, a table of descriptors or a file, holds on inode. */
void lock_release(struct inode *inode, const void *owner);

#endif
