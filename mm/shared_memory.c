#include "mm/shared_memory.h"

#include "arch/i386/paging.h"
#include "kernel/errno.h"
#include "kernel/file.h"
#include "mm/frame.h"
#include "mm/heap.h"

#define PER_TABLE (PAGE_SIZE / sizeof(paddr_t))

struct shared_memory {
    uint32_t inode, pages;
    paddr_t *tables[]; /* NULL, or a page of frames; NO_FRAME where nobody has been */
};

static uint32_t nr_tables(uint32_t pages)
{
    return (pages + PER_TABLE - 1) / PER_TABLE;
}

static int shared_frame(struct file *file, uint32_t page, bool for_write, paddr_t *frame)
{
    struct shared_memory *memory = file->object;

    (void)for_write; /* whoever reads first must see what others write later */
    if (page >= memory->pages)
        return -EFAULT;
    paddr_t **table = &memory->tables[page / PER_TABLE];
    if (!*table && !(*table = heap_alloc_zeroed(PAGE_SIZE)))
        return -ENOMEM;
    paddr_t *slot = &(*table)[page % PER_TABLE];
    if (!slot->value)
        *slot = frame_alloc_zeroed();
    if (!slot->value)
        return -ENOMEM;
    frame_get(*slot);
    *frame = *slot;
    return 0;
}

static void shared_stat(struct file *file, struct stat64 *stat)
{
    const struct shared_memory *memory = file->object;

    stat->inode = stat->inode_low = memory->inode;
    stat->mode = S_IFREG | 0777;
    stat->links = 0;
    stat->size = (int64_t)memory->pages << PAGE_SHIFT;
}

static void free_table(paddr_t *table)
{
    for (unsigned i = 0; table && i < PER_TABLE; i++) {
        if (table[i].value)
            frame_put(table[i]);
    }
    heap_free(table);
}

static void shared_release(struct file *file)
{
    struct shared_memory *memory = file->object;

    for (uint32_t i = 0; i < nr_tables(memory->pages); i++)
        free_table(memory->tables[i]);
    heap_free(memory);
}

static const struct file_operations shared_operations = {
    .frame = shared_frame,
    .stat = shared_stat,
    .release = shared_release,
};

struct file *shared_memory_create(uint32_t pages)
{
    static uint32_t last_inode;
    size_t size = sizeof(struct shared_memory) + nr_tables(pages) * sizeof(paddr_t *);
    struct shared_memory *memory = heap_alloc_zeroed(size);
    if (!memory)
        return NULL;

    memory->inode = ++last_inode;
    memory->pages = pages;
    struct file *file = file_create(&shared_operations, O_RDWR, memory);
    if (!file)
        heap_free(memory);
    return file;
}
