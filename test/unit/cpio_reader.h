/* kernel/cpio.c with a reader that looks where the entries lie. */
#ifndef TEST_UNIT_CPIO_READER_H
#define TEST_UNIT_CPIO_READER_H

#include "kernel/cpio.c"

/* Reads to the end; every entry must lie inside. Returns the last result. */
static int read_all(const uint8_t *bytes, size_t size, int *entries)
{
    struct cpio_archive reader = {.bytes = bytes, .size = size};
    struct cpio_entry entry;
    int result;

    *entries = 0;
    while ((result = cpio_next(&reader, &entry)) > 0 && ++*entries < 100) {
        const uint8_t *name = (const uint8_t *)entry.name;
        if (name < bytes || name + strlen(entry.name) >= bytes + size)
            return 1;
        if (entry.data < bytes || entry.size > size || entry.data + entry.size > bytes + size)
            return 1;
    }
    return result;
}

#endif
