#include "mm/space.h"

#include "arch/i386/memory.h"
#include "arch/i386/switch.h"
#include "kernel/errno.h"
#include "kernel/file.h"
#include "kernel/string.h"
#include "mm/heap.h"
#include "mm/pages.h"
#include "trampoline/gate.h"

#define MMAP_BASE 0x40000000u

/* --- regions ---------------------------------------------------------------------------------- */

struct region *space_find(const struct space *space, vaddr_t address)
{
    struct region *region = region_above(space, address);

    return region && region->start <= address ? region : NULL;
}

bool space_is_free(const struct space *space, vaddr_t start, vaddr_t end)
{
    const struct region *region = region_above(space, start);

    return !region || region->start >= end;
}

vaddr_t space_hole(const struct space *space, vaddr_t start, vaddr_t end)
{
    const struct region *region = region_above(space, start);

    while (region && region->start <= start && start < end) {
        start = region->end;
        region = region_next(space, region);
    }
    return MIN(start, end);
}

/* Puts a region that was created into a range that is free. */
static void place(struct space *space, struct region *region, vaddr_t start, vaddr_t end)
{
    region->start = start;
    region->end = end;
    if (space->lock_future)
        region->flags |= REGION_LOCKED;
    region_add(space, region);
}

int space_replace(struct space *space, vaddr_t start, vaddr_t end, const struct region *model)
{
    struct region *region = region_create(space, model);
    if (!region)
        return -ENOMEM;
    if (space_unmap(space, start, end)) {
        region_free(region);
        return -ENOMEM;
    }
    place(space, region, start, end);
    return 0;
}

int space_map(struct space *space, vaddr_t start, vaddr_t end, const struct region *model)
{
    if (start < USER_BASE || end > USER_LIMIT || start >= end || !space_is_free(space, start, end))
        return -EINVAL;
    return space_replace(space, start, end, model);
}

static int unmap_region(struct space *space, struct region *region, void *context)
{
    (void)context;
    pages_unmap(space, region->start, region->end);
    region_remove(space, region);
    return 0;
}

/* The range that is free once [start, ...) is unmapped begins where the region below ends. */
static void note_free(struct space *space, vaddr_t start)
{
    if (start >= space->free_from)
        return;
    const struct region *below = region_below(space, start);
    vaddr_t free = below ? MIN(below->end, start) : MMAP_BASE;

    space->free_from = MIN(space->free_from, MAX(free, MMAP_BASE));
}

int space_unmap(struct space *space, vaddr_t start, vaddr_t end)
{
    int error = region_for_range(space, start, end, unmap_region, NULL);

    note_free(space, start);
    if (error)
        region_merge(space, start, end);
    return error;
}

/* A shared mapping shows what its file was opened for. */
static int protect_region(struct space *space, struct region *region, void *context)
{
    uint32_t rights = *(uint32_t *)context;

    if (region->flags & REGION_SHARED && rights & REGION_WRITE &&
        (region->file->flags & O_ACCMODE) != O_RDWR)
        return -EACCES;
    region->flags = (region->flags & ~REGION_RIGHTS) | rights;
    pages_protect(space, region);
    return 0;
}

int space_protect(struct space *space, vaddr_t start, vaddr_t end, uint32_t rights)
{
    vaddr_t hole = space_hole(space, start, end);
    int error = region_for_range(space, start, hole, protect_region, &rights);

    region_merge(space, start, hole);
    return !error && hole < end ? -ENOMEM : error;
}

struct flag_change {
    uint32_t set, clear;
};

static int change_flags(struct space *space, struct region *region, void *context)
{
    const struct flag_change *change = context;

    (void)space;
    region->flags = (region->flags & ~change->clear) | change->set;
    return 0;
}

int space_change_flags(struct space *space, vaddr_t start, vaddr_t end, uint32_t set,
                       uint32_t clear)
{
    struct flag_change change = {set, clear};

    int error = region_for_range(space, start, end, change_flags, &change);

    region_merge(space, start, end);
    return error;
}

/* The region that shows at to what old shows at from. */
static struct region *moved_region(const struct space *space, const struct region *old,
                                   vaddr_t from, vaddr_t to)
{
    struct region model = *old;

    model.page = region_file_page(old, from);
    if (model.file_end != REGION_NO_FILE_END)
        model.file_end += to - from;
    model.flags &= ~(REGION_STACK | REGION_HEAP);
    model.limit = 0;
    return region_create(space, &model);
}

int space_move(struct space *space, vaddr_t from, uint32_t old_size, vaddr_t to, uint32_t new_size)
{
    vaddr_t end = from + old_size;
    int error = old_size ? region_split_at(space, from) : 0;

    if (!error)
        error = region_split_at(space, end);
    struct region *region = error ? NULL : moved_region(space, space_find(space, from), from, to);
    if (region && !pages_move(space, from, to, old_size)) {
        place(space, region, to, to + new_size);
        return space_unmap(space, from, end); /* has its borders already: cannot fail */
    }
    if (region)
        region_free(region);
    region_merge(space, from, end);
    return -ENOMEM;
}

/* --- free ranges ------------------------------------------------------------------------------
 */

/* First fit from candidate on; *hole becomes the size of the largest range that was too small. */
static vaddr_t first_fit(const struct space *space, vaddr_t candidate, uint32_t size,
                         uint32_t *hole)
{
    const struct region *region = region_above(space, candidate);

    for (; region; region = region_next(space, region)) {
        vaddr_t floor = region->flags & REGION_STACK ? region->limit : region->start;
        uint32_t room = floor > candidate ? floor - candidate : 0;
        if (room >= size)
            return candidate;
        *hole = MAX(*hole, room);
        candidate = MAX(candidate, region->end);
    }
    return size <= USER_LIMIT - candidate ? candidate : 0;
}

vaddr_t space_find_free(struct space *space, vaddr_t hint, uint32_t size)
{
    if (size > USER_LIMIT - USER_BASE)
        return 0;
    if (hint >= USER_BASE && hint <= USER_LIMIT - size && space_is_free(space, hint, hint + size))
        return hint;

    if (size <= space->hole) {
        space->free_from = MMAP_BASE;
        space->hole = 0;
    }
    vaddr_t place = first_fit(space, space->free_from, size, &space->hole);
    if (place)
        space->free_from = place;
    return place;
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

void space_set_copy(struct space *space, enum postern_copy copy)
{
    space->copy = copy;
    space->walk_limit = copy == COPY_WALK ? USER_LIMIT : 0;
}

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
    space_set_copy(space, copy);
    space->free_from = MMAP_BASE;
    space->stack_limit = UINT32_MAX;
    list_init(&space->regions);

    /* shared: the kernel's own entries, supervisor-only as they are; they never change after boot
     */
    if (isolation == ISOLATION_SHARED)
        memcpy(space->directory + directory_index(KERNEL_BASE), memory_shared_entries,
               sizeof(memory_shared_entries));
    space->directory[directory_index(GATE_REGION)] =
        gate_directory_entry(gate_variant(isolation, false));
    return space;
}

void space_set_resident(struct space *space)
{
    space->answers = true;
    space->directory[directory_index(GATE_REGION)] =
        gate_directory_entry(gate_variant(space->isolation, true));
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
        pages_unmap(space, region->start, region->end);
        list_remove(&region->link);
        region_free(region);
    }
    frame_put(PADDR(space->cr3));
    heap_free(space);
}

/* What the clone has of a region. A file's pages come again from the file. */
static int clone_region(struct space *space, struct space *copy, const struct region *region)
{
    if (region->flags & REGION_DONTFORK)
        return 0;
    struct region *twin = region_create(copy, region);
    if (!twin)
        return -ENOMEM;
    twin->flags &= ~REGION_LOCKED;
    region_insert(copy, twin);
    return region->flags & (REGION_SHARED | REGION_WIPEONFORK) ? 0
                                                               : pages_clone(space, copy, region);
}

struct space *space_clone(struct space *space)
{
    struct space *copy = space_create(space->isolation, space->copy);
    if (!copy)
        return NULL;
    if (space->answers)
        space_set_resident(copy);

    copy->brk_start = space->brk_start;
    copy->brk = space->brk;
    copy->stack_limit = space->stack_limit;
    const struct region *region;
    int error = 0;
    space_for_each_region(region, space) {
        error = clone_region(space, copy, region);
        if (error)
            break;
    }
    space_flush(space);
    if (!error)
        return copy;
    space_put(copy);
    return NULL;
}

/* --- heap --------------------------------------------------------------------------------------
 */

vaddr_t space_brk(struct space *space, vaddr_t end)
{
    vaddr_t old_page = ROUND_UP(space->brk, PAGE_SIZE);
    vaddr_t new_page = ROUND_UP(end, PAGE_SIZE);
    struct region model = {.flags = REGION_READ | REGION_WRITE | REGION_HEAP};
    int error = 0;

    if (end < space->brk_start || end > USER_LIMIT)
        return space->brk;
    if (new_page < old_page)
        error = space_unmap(space, new_page, old_page);
    else if (new_page > old_page)
        error = space_map(space, old_page, new_page, &model);
    if (!error)
        space->brk = end;
    return space->brk;
}

/* --- facts --------------------------------------------------------------------------------------
 */

struct space_usage space_usage(const struct space *space)
{
    struct space_usage usage = {.resident = space->resident};
    const struct region *region;

    space_for_each_region(region, space) {
        uint32_t pages = region_pages(region), flags = region->flags;
        usage.mapped += pages;
        if (flags & REGION_LOCKED)
            usage.locked += pages;
        if (region->file)
            usage.shared += pages_count(space, region);
        if (flags & REGION_STACK)
            usage.stack += pages;
        else if (region->file && flags & REGION_EXEC)
            usage.text += pages;
        else if ((flags & (REGION_WRITE | REGION_SHARED)) == REGION_WRITE)
            usage.data += pages;
    }
    return usage;
}

int space_futex_key(const struct space *space, vaddr_t address, bool shared, struct futex_key *key)
{
    const struct region *region = shared ? space_find(space, address) : NULL;

    if (address >= USER_LIMIT || (shared && !region))
        return -EFAULT;
    /* nobody could write what others wait for (Linux's get_futex_key()) */
    if (shared && !region->file && !(region->flags & (REGION_SHARED | REGION_WRITE)))
        return -EFAULT;
    *key = (struct futex_key){.owner = space, .offset = address};
    if (region && region->flags & REGION_SHARED) {
        key->owner = region->file->object;
        key->offset =
            (uint64_t)region_file_page(region, address) << PAGE_SHIFT | address % PAGE_SIZE;
    }
    return 0;
}
