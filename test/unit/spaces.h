/* Address spaces of the kernel in a program of the host: mm/'s sources, frames of their own at
 * KERNEL_BASE, and stand-ins for what the rest of the kernel would do. */
#ifndef TEST_UNIT_SPACES_H
#define TEST_UNIT_SPACES_H

#include "test/unit/names.h"

#include "test/unit/failalloc.h"
#include "mm/frame.c"
#include "mm/heap.c"
#include "mm/region.c"
#include "mm/pages.c"
#include "mm/space.c"
#include "mm/fault.c"
#include "mm/copy_walk.c"
#include "test/unit/stand_ins.h"

#define MEMORY (8u << 20)
#define BASE   0x10000000u

/* A file whose pages begin with their number. */
ssize_t file_read_at(struct file *file, void *to, size_t size, uint64_t offset)
{
    (void)file;
    memset(to, 'f', size);
    *(char *)to = (char)(offset >> PAGE_SHIFT);
    return size;
}
void thread_out_of_memory(void)
{
}

/* Before anything else; false: the host has something at KERNEL_BASE. */
static bool spaces_begin(void)
{
    if (!unit_physical_memory(MEMORY))
        return false;
    frame_init(calloc(1, frame_table_size(MEMORY)), MEMORY);
    frame_add(0, MEMORY);
    return true;
}

#endif
