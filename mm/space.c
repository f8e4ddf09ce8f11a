#include "mm/space.h"

#include "arch/i386/memory.h"
#include "arch/i386/switch.h"
#include "kernel/errno.h"
#include "kernel/file.h"
#include "kernel/string.h"
#include "mm/heap.h"
#include "trampoline/gate.h"

#define USER_TABLES directory_index(USER_LIMIT)
#define MMAP_BASE   0x40000000u

/* --- regions ------------------------------------------------------------------------------------
 */

static struct region *region_create(const struct region *model)
{
    struct region *region = heap_alloc(sizeof(*region));

    if (!region)
        return NULL;
    *region = *model;
    list_init(&region->link);
    if (region->file)
        file_get(region->file);
    return region;
}

static void region_free(struct region *region)
{
    list_remove(&region->link);
    if (region->file)
        file_put(region->file);
    heap_free(region);
}

/* The first region that ends above address: the one that holds it, or the next. */
static struct region *region_above(struct space *space, vaddr_t address)
{
    struct region *region;

    space_for_each_region(region, space) {
        if (region->end > address)
            return region;
    }
    return NULL;
}

struct region *space_find(struct space *space, vaddr_t address)
{
    struct region *region = region_above(space, address);

    return region && region->start <= address ? region : NULL;
}

bool space_is_free(struct space *space, vaddr_t start, vaddr_t end)
{
    struct region *region = region_above(space, start);

    return !region || region->start >= end;
}

static void region_insert(struct space *space, struct region *region)
{
    struct region *above = region_above(space, region->start);

    list_insert(above ? &above->link : &space->regions, &region->link);
}

int space_map(struct space *space, vaddr_t start, vaddr_t end, const struct region *model)
{
    if (start < USER_BASE || end > USER_LIMIT || start >= end || !space_is_free(space, start, end))
        return -EINVAL;

    struct region *region = region_create(model);
    if (!region)
        return -ENOMEM;
    region->start = start;
    region->end = end;
    region_insert(space, region);
    return 0;
}

vaddr_t space_find_free(struct space *space, vaddr_t hint, uint32_t size)
{
    if (size > USER_LIMIT - USER_BASE)
        return 0;
    if (hint >= USER_BASE && hint <= USER_LIMIT - size && space_is_free(space, hint, hint + size))
        return hint;

    vaddr_t candidate = MMAP_BASE;
    struct region *region;
    space_for_each_region(region, space) {
        vaddr_t floor = region->flags & REGION_STACK ? region->limit : region->start;
        if (region->end <= candidate)
            continue;
        if (floor >= candidate && floor - candidate >= size)
            return candidate;
        candidate = region->end;
    }
    return size <= USER_LIMIT - candidate ? candidate : 0;
}

/* --- pages ----------------------------------------------------------------------------------- */

/* A page table's frame has one reference for itself and one for each page it maps, so that a table
 * whose last page goes can go with it. */
static paddr_t table_frame(const pte_t *entry)
{
    return PADDR(ROUND_DOWN(direct_map_paddr(entry).value, PAGE_SIZE));
}

static void page_map(pte_t *entry, pte_t value)
{
    *entry = value;
    frame_get(table_frame(entry));
}

static void page_unmap(struct space *space, vaddr_t address, pte_t *entry)
{
    paddr_t page = pte_frame(*entry), table = table_frame(entry);

    *entry = (pte_t){0};
    frame_put(table);
    if (frame_references(table) == 1) {
        space->directory[directory_index(address)] = (pte_t){0};
        frame_put(table);
    }
    if (space_is_loaded(space))
        invlpg(address);
    frame_put(page);
}

static void unmap_pages(struct space *space, vaddr_t start, vaddr_t end)
{
    for (vaddr_t address = start; address < end;) {
        pte_t *entry = space_pte(space, address);
        if (!entry) {
            address = (directory_index(address) + 1) * LARGE_PAGE;
            continue;
        }
        if (pte_has(*entry, PTE_PRESENT))
            page_unmap(space, address, entry);
        address += PAGE_SIZE;
    }
}

/* Cuts region in two at address, strictly inside it; the upper part is new. */
static int region_split(struct region *region, vaddr_t address)
{
    struct region *upper = region_create(region);

    if (!upper)
        return -ENOMEM;
    upper->start = address;
    region->end = address;
    list_insert(region->link.next, &upper->link);
    return 0;
}

int space_unmap(struct space *space, vaddr_t start, vaddr_t end)
{
    struct region *region;

    if (!space_is_free(space, start, end)) {
        region = space_find(space, start);
        if (region && region->start < start && region_split(region, start))
            return -ENOMEM;
        region = space_find(space, end - 1);
        if (region && region->end > end && region_split(region, end))
            return -ENOMEM;
    }
    space_for_each_region(region, space) {
        if (region->start >= start && region->end <= end) {
            unmap_pages(space, region->start, region->end);
            region_free(region);
        }
    }
    return 0;
}

static pte_t *pte_create(struct space *space, vaddr_t address)
{
    pte_t *entry = space_pte(space, address);
    if (entry)
        return entry;

    paddr_t table = frame_alloc_zeroed();
    if (!table.value)
        return NULL;
    space->directory[directory_index(address)] =
        pte_make(table, PTE_PRESENT | PTE_WRITABLE | PTE_USER);
    return space_pte(space, address);
}

/* The page of region at address as it is before anybody wrote it, in a frame of its own. */
static int page_read(struct region *region, vaddr_t page, paddr_t *result)
{
    paddr_t frame = frame_alloc_zeroed();
    if (!frame.value)
        return -ENOMEM;

    vaddr_t file_end = region->file_start + region->file_size;
    vaddr_t from = MAX(page, region->file_start);
    vaddr_t to = MIN(page + PAGE_SIZE, file_end);
    if (region->file && from < to) {
        uint32_t offset = region->file_offset + (from - region->file_start);
        char *bytes = (char *)direct_map(frame) + (from - page);
        ssize_t got = file_read_at(region->file, bytes, to - from, offset);
        if (got < 0) {
            frame_put(frame);
            return got;
        }
    }
    *result = frame;
    return 0;
}

static uint32_t region_pte_flags(const struct region *region)
{
    return PTE_PRESENT | PTE_USER | PTE_ACCESSED |
           (region->flags & REGION_WRITE ? PTE_WRITABLE : 0);
}

/* A store to a page that is shared until written: the last owner keeps it, others get a copy. */
static int page_unshare(struct space *space, vaddr_t page, pte_t *entry)
{
    paddr_t old = pte_frame(*entry);
    uint32_t flags = (entry->bits & PTE_FLAGS & ~PTE_COW) | PTE_WRITABLE | PTE_DIRTY;

    if (frame_references(old) == 1) {
        *entry = pte_make(old, flags);
    } else {
        paddr_t copy = frame_alloc();
        if (!copy.value)
            return -ENOMEM;
        memcpy(direct_map(copy), direct_map(old), PAGE_SIZE);
        *entry = pte_make(copy, flags);
        frame_put(old);
    }
    if (space_is_loaded(space))
        invlpg(page);
    return 0;
}

/* The region that holds address, after growing a stack down to it. */
static struct region *region_for(struct space *space, vaddr_t address)
{
    struct region *region = region_above(space, address);

    if (!region || region->start <= address)
        return region;
    vaddr_t page = ROUND_DOWN(address, PAGE_SIZE);
    if (!(region->flags & REGION_STACK) || page < region->limit ||
        !space_is_free(space, page, region->start))
        return NULL;
    region->start = page;
    return region;
}

int space_fault(struct space *space, vaddr_t address, uint32_t access)
{
    if (address < USER_BASE || address >= USER_LIMIT)
        return -EFAULT;

    struct region *region = region_for(space, address);
    /* i386 paging without NX cannot tell reading from executing */
    uint32_t readable = REGION_READ | REGION_WRITE | REGION_EXEC;
    if (!region || !(region->flags & (access == REGION_WRITE ? REGION_WRITE : readable)))
        return -EFAULT;

    pte_t *entry = pte_create(space, address);
    if (!entry)
        return -ENOMEM;
    vaddr_t page = ROUND_DOWN(address, PAGE_SIZE);
    if (pte_has(*entry, PTE_PRESENT)) {
        if (access == REGION_WRITE && pte_has(*entry, PTE_COW))
            return page_unshare(space, page, entry);
        return 0;
    }

    paddr_t frame;
    int error = page_read(region, page, &frame);
    if (error)
        return error;
    page_map(entry, pte_make(frame, region_pte_flags(region)));
    return 0;
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

int space_read(struct space *space, vaddr_t address, void *bytes, size_t size)
{
    char *to = bytes;

    while (size) {
        int error = space_fault(space, address, REGION_READ);
        if (error)
            return error;
        size_t offset = address % PAGE_SIZE;
        size_t chunk = MIN(size, PAGE_SIZE - offset);
        paddr_t frame = pte_frame(*space_pte(space, address));
        memcpy(to, (char *)direct_map(frame) + offset, chunk);
        address += chunk;
        to += chunk;
        size -= chunk;
    }
    return 0;
}

/* --- whole spaces ---------------------------------------------------------------------------- */

struct space *space_create(enum postern_isolation isolation, enum postern_copy copy)
{
    struct space *space = heap_alloc_zeroed(sizeof(*space));
    paddr_t directory = frame_alloc_zeroed();

    if (!space || !directory.value) {
        heap_free(space);
        if (directory.value)
            frame_put(directory);
        return NULL;
    }
    space->directory = direct_map(directory);
    space->cr3 = directory.value;
    space->references = 1;
    space->isolation = isolation;
    space->copy = copy;
    list_init(&space->regions);

    /* shared: the kernel's own entries, supervisor-only as they are; they never change after boot
     */
    if (isolation == ISOLATION_SHARED)
        memcpy(space->directory + directory_index(KERNEL_BASE), memory_shared_entries,
               sizeof(memory_shared_entries));
    space->directory[directory_index(GATE_REGION)] = gate_directory_entry(isolation);
    return space;
}

void space_get(struct space *space)
{
    space->references++;
}

void space_put(struct space *space)
{
    struct region *region;

    if (--space->references)
        return;
    space_for_each_region(region, space) {
        unmap_pages(space, region->start, region->end);
        region_free(region);
    }
    for (unsigned i = 0; i < USER_TABLES; i++) {
        if (pte_has(space->directory[i], PTE_PRESENT))
            frame_put(pte_frame(space->directory[i]));
    }
    frame_put(PADDR(space->cr3));
    heap_free(space);
}

/* Shares one page table's pages between two spaces: what is writable becomes copy-on-write in both.
 */
static bool table_clone(struct space *from, struct space *to, unsigned index)
{
    paddr_t frame = frame_alloc_zeroed();
    if (!frame.value)
        return false;

    pte_t *source = pte_table(from->directory[index]);
    pte_t *copy = direct_map(frame);
    to->directory[index] = pte_make(frame, PTE_PRESENT | PTE_WRITABLE | PTE_USER);
    for (unsigned i = 0; i < PTES_PER_TABLE; i++) {
        if (!pte_has(source[i], PTE_PRESENT))
            continue;
        if (pte_has(source[i], PTE_WRITABLE))
            source[i].bits = (source[i].bits & ~PTE_WRITABLE) | PTE_COW;
        frame_get(pte_frame(source[i]));
        page_map(&copy[i], source[i]);
    }
    return true;
}

struct space *space_clone(struct space *space)
{
    struct space *copy = space_create(space->isolation, space->copy);
    if (!copy)
        return NULL;

    copy->brk_start = space->brk_start;
    copy->brk = space->brk;
    struct region *region;
    space_for_each_region(region, space) {
        struct region *twin = region_create(region);
        if (!twin)
            goto fail;
        list_insert(&copy->regions, &twin->link);
    }
    for (unsigned i = 0; i < USER_TABLES; i++) {
        if (pte_has(space->directory[i], PTE_PRESENT) && !table_clone(space, copy, i))
            goto fail;
    }
    space_flush(space);
    return copy;
fail:
    space_flush(space);
    space_put(copy);
    return NULL;
}

/* --- heap ------------------------------------------------------------------------------------ */

vaddr_t space_brk(struct space *space, vaddr_t end)
{
    vaddr_t old_page = ROUND_UP(space->brk, PAGE_SIZE);
    vaddr_t new_page = ROUND_UP(end, PAGE_SIZE);

    if (end < space->brk_start || end > USER_LIMIT)
        return space->brk;
    if (new_page < old_page) {
        if (space_unmap(space, new_page, old_page))
            return space->brk;
    } else if (new_page > old_page) {
        struct region *heap = old_page > space->brk_start ? space_find(space, old_page - 1) : NULL;
        struct region model = {.flags = REGION_READ | REGION_WRITE | REGION_HEAP};

        if (!space_is_free(space, old_page, new_page))
            return space->brk;
        if (heap && (heap->flags & REGION_HEAP))
            heap->end = new_page;
        else if (space_map(space, old_page, new_page, &model))
            return space->brk;
    }
    space->brk = end;
    return end;
}
