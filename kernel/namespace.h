/*
 * Names: the read-only tree of the initrd (a newc cpio archive) and the devices in /dev.
 */
#ifndef KERNEL_NAMESPACE_H
#define KERNEL_NAMESPACE_H

#include "kernel/file.h"

/* Enters every entry of the archive and the devices. Once, at boot. NULL, or a line on what is
 * wrong with the archive: what came before the fault is entered. */
const char *namespace_init(const void *archive, size_t size);

/*
 * Opens path, absolute or from the root, as flags (O_*) say. 0 and a file with one reference, or
 * -ENOENT, -ENOTDIR, -EISDIR, -EACCES, -EROFS, -ENAMETOOLONG, -ENOMEM.
 */
int namespace_open(const char *path, uint32_t flags, struct file **file);

/* The same for a program: a regular file with an execute bit, else -EACCES. */
int namespace_open_program(const char *path, struct file **file, uint32_t *size);

#endif
