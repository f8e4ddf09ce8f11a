/* Reads a newc cpio archive that lies in memory (cpio(5), "New ASCII format"). Any context. */
#ifndef KERNEL_CPIO_H
#define KERNEL_CPIO_H

#include "arch/i386/types.h"

struct cpio_archive {
    const uint8_t *bytes;
    size_t size, offset; /* offset: of the next entry */
};

struct cpio_entry {
    const char *name; /* without leading "./" or "/" */
    uint32_t inode, mode, uid, gid, links, mtime;
    uint32_t device_major, device_minor; /* of a device node */
    const uint8_t *data;
    size_t size;
};

/* 1 and the next entry; 0 at the trailer or a clean end; -EINVAL if what is there is no entry. */
int cpio_next(struct cpio_archive *archive, struct cpio_entry *entry);

#endif
