/* Pages on demand: where each comes from the first time, and what a store makes of it. */
#include "kernel/errno.h"
#include "kernel/file.h"
#include "kernel/string.h"
#include "mm/pages.h"

/* --- where a page comes from -----------------------------------------------------------------
 */

/* A file's error is the end of the file, as far as memory is concerned. */
static int file_error(int error)
{
    return error == -ENOMEM ? -ENOMEM : -ENXIO;
}

/* A frame of its own with the file's bytes up to the region's file_end. */
static int copy_of_file(const struct region *region, vaddr_t page, paddr_t *frame)
{
    size_t size = MIN((vaddr_t)PAGE_SIZE, region->file_end - page);
    uint32_t number = region_file_page(region, page);

    if (number > UINT32_MAX >> PAGE_SHIFT)
        return -ENXIO;
    *frame = frame_alloc_zeroed();
    if (!frame->value)
        return -ENOMEM;
    ssize_t got = file_read_at(region->file, direct_map(*frame), size, number << PAGE_SHIFT);
    if (got > 0)
        return 0;
    frame_put(*frame);
    return file_error(got);
}

/* The file's own page: for a private region to read until somebody writes, for a shared one to
 * write. A shared hole gets its page at once, or a later store by another process, which makes it,
 * would not be seen here. */
static int frame_of_file(const struct region *region, vaddr_t page, paddr_t *frame)
{
    int error = region->file->operations->frame(region->file, region_file_page(region, page),
                                                region->flags & REGION_SHARED, frame);
    return error ? file_error(error) : 0;
}

/* The page of region as it is before anybody wrote it; *owned: nobody else has its frame, or all
 * who have shall see every store. */
static int page_source(const struct region *region, vaddr_t page, paddr_t *frame, bool *owned)
{
    *owned = true;
    if (!region->file || page >= region->file_end) {
        *frame = frame_alloc_zeroed();
        return frame->value ? 0 : -ENOMEM;
    }
    if (!region->file->operations->frame || region->file_end - page < PAGE_SIZE)
        return copy_of_file(region, page, frame);
    *owned = region->flags & REGION_SHARED;
    return frame_of_file(region, page, frame);
}

/* --- faults -----------------------------------------------------------------------------------
 */

/* The region that holds address, after growing a stack down to it. */
static struct region *region_for(struct space *space, vaddr_t address)
{
    struct region *region = region_above(space, address);

    if (!region || region->start <= address)
        return region;
    vaddr_t page = ROUND_DOWN(address, PAGE_SIZE);
    if (!(region->flags & REGION_STACK) || page < region->limit ||
        region->end - page > space->stack_limit)
        return NULL;
    region->start = page;
    return region;
}

/* i386 paging without NX cannot tell reading from executing, nor writing without reading. */
static bool allows(const struct region *region, uint32_t access)
{
    return region->flags & (access == REGION_WRITE ? REGION_WRITE : REGION_RIGHTS);
}

static int fault_in(struct space *space, const struct region *region, vaddr_t page, pte_t *entry,
                    uint32_t access)
{
    if (!entry->bits) {
        paddr_t frame;
        bool owned;
        int error = page_source(region, page, &frame, &owned);
        if (error)
            return error;
        pages_map(space, region, entry, frame, owned);
    }
    return access == REGION_WRITE ? pages_make_writable(space, region, page, entry) : 0;
}

int space_fault(struct space *space, vaddr_t address, uint32_t access)
{
    if (address < USER_BASE || address >= USER_LIMIT)
        return -EFAULT;

    const struct region *region = region_for(space, address);
    if (!region)
        return -EFAULT;
    if (!allows(region, access))
        return -EACCES;
    pte_t *entry = pages_entry(space, address);
    if (!entry)
        return -ENOMEM;
    int error = fault_in(space, region, ROUND_DOWN(address, PAGE_SIZE), entry, access);
    if (error)
        pages_prune(space, address);
    return error;
}

static uint32_t populate_access(const struct region *region)
{
    bool private_store = (region->flags & (REGION_WRITE | REGION_SHARED)) == REGION_WRITE;

    return private_store ? REGION_WRITE : REGION_READ;
}

int space_populate(struct space *space, vaddr_t start, vaddr_t end)
{
    for (vaddr_t page = start; page < end; page += PAGE_SIZE) {
        const struct region *region = space_find(space, page);
        int error = region ? space_fault(space, page, populate_access(region)) : -EFAULT;
        if (error)
            return error;
    }
    return 0;
}

void space_discard(struct space *space, vaddr_t start, vaddr_t end)
{
    pages_unmap(space, start, end);
}

int space_write(struct space *space, vaddr_t address, const void *bytes, size_t size)
{
    const char *from = bytes;

    while (size) {
        int error = space_fault(space, address, REGION_WRITE);
        if (error)
            return error;
        size_t offset = address % PAGE_SIZE;
        size_t chunk = MIN(size, PAGE_SIZE - offset);
        paddr_t frame = pte_frame(*space_pte(space, address));
        memcpy((char *)direct_map(frame) + offset, from, chunk);
        address += chunk;
        from += chunk;
        size -= chunk;
    }
    return 0;
}
