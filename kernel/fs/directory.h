/* What is in an open directory. */
#ifndef KERNEL_FS_DIRECTORY_H
#define KERNEL_FS_DIRECTORY_H

#include "kernel/fs/vfs.h"

/* Gives emit the entries from the file's position on, "." and ".." among them, and moves it. */
void directory_entries(struct file *file, readdir_emit emit, void *context);

#endif
