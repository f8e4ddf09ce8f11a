/* madvise, msync, mincore, mlock and its relatives: calls that say how memory will be used. */
#include "kernel/abi_memory.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "mm/heap.h"
#include "mm/space.h"

/* --- madvise ------------------------------------------------------------------------------------
 */

typedef int (*advice_body)(struct space *space, vaddr_t start, vaddr_t end,
                           const struct region *region);

static int advise_nothing(struct space *space, vaddr_t start, vaddr_t end,
                          const struct region *region)
{
    (void)space, (void)start, (void)end, (void)region;
    return 0;
}

static int advise_dontneed(struct space *space, vaddr_t start, vaddr_t end,
                           const struct region *region)
{
    if (region->flags & REGION_LOCKED)
        return -EINVAL;
    space_discard(space, start, end);
    return 0;
}

/* The pages may stay as long as there is memory: here, for ever. */
static int advise_free(struct space *space, vaddr_t start, vaddr_t end, const struct region *region)
{
    (void)space, (void)start, (void)end;
    return region->file || region->flags & REGION_LOCKED ? -EINVAL : 0;
}

static int advise_dontfork(struct space *space, vaddr_t start, vaddr_t end,
                           const struct region *region)
{
    (void)region;
    return space_change_flags(space, start, end, REGION_DONTFORK, 0);
}

static int advise_dofork(struct space *space, vaddr_t start, vaddr_t end,
                         const struct region *region)
{
    (void)region;
    return space_change_flags(space, start, end, 0, REGION_DONTFORK);
}

static int advise_wipeonfork(struct space *space, vaddr_t start, vaddr_t end,
                             const struct region *region)
{
    if (region->file)
        return -EINVAL;
    return space_change_flags(space, start, end, REGION_WIPEONFORK, 0);
}

static int advise_keeponfork(struct space *space, vaddr_t start, vaddr_t end,
                             const struct region *region)
{
    (void)region;
    return space_change_flags(space, start, end, 0, REGION_WIPEONFORK);
}

static int advise_pageout(struct space *space, vaddr_t start, vaddr_t end,
                          const struct region *region)
{
    (void)space, (void)start, (void)end;
    return region->flags & REGION_LOCKED ? -EINVAL : 0;
}

static const advice_body advice[] = {
    [MADV_NORMAL] = advise_nothing,        [MADV_RANDOM] = advise_nothing,
    [MADV_SEQUENTIAL] = advise_nothing,    [MADV_WILLNEED] = advise_nothing,
    [MADV_DONTNEED] = advise_dontneed,     [MADV_FREE] = advise_free,
    [MADV_DONTFORK] = advise_dontfork,     [MADV_DOFORK] = advise_dofork,
    [MADV_HUGEPAGE] = advise_nothing,      [MADV_NOHUGEPAGE] = advise_nothing,
    [MADV_DONTDUMP] = advise_nothing,      [MADV_DODUMP] = advise_nothing,
    [MADV_WIPEONFORK] = advise_wipeonfork, [MADV_KEEPONFORK] = advise_keeponfork,
    [MADV_COLD] = advise_pageout,          [MADV_PAGEOUT] = advise_pageout,
};

/* Holes are skipped, and reported when the rest is done (madvise(2)). */
static int advise(struct space *space, vaddr_t start, vaddr_t end, advice_body body)
{
    bool hole = false;

    while (start < end) {
        const struct region *region = region_above(space, start);
        if (!region || region->start >= end)
            return -ENOMEM;
        if (region->start > start) {
            hole = true;
            start = region->start;
        }
        vaddr_t part_end = MIN(end, region->end);
        int error = body(space, start, part_end, region);
        if (error)
            return error;
        start = part_end;
    }
    return hole ? -ENOMEM : 0;
}

/* Page by page, for reading or for writing: unlike MAP_POPULATE it says what went wrong. */
static int populate(struct space *space, vaddr_t start, vaddr_t end, uint32_t access)
{
    for (vaddr_t page = start; page < end; page += PAGE_SIZE) {
        int error = space_fault(space, page, access);
        if (error == -EFAULT)
            return -ENOMEM;
        if (error)
            return error == -EACCES ? -EINVAL : error == -ENXIO ? -EFAULT : error;
    }
    return 0;
}

/* Whole pages. 0, -EINVAL for an unaligned start or a length that wraps, -ENOMEM for an end that
 * does: there is nothing behind the last page. */
static int round_range(vaddr_t start, size_t length, vaddr_t *end)
{
    uint32_t size = ROUND_UP(length, PAGE_SIZE);

    if (start % PAGE_SIZE || (length && !size))
        return -EINVAL;
    if (start + size < start)
        return -ENOMEM;
    *end = start + size;
    return 0;
}

SYSCALL_DEFINE3(madvise, vaddr_t, start, size_t, length, int, what)
{
    struct space *space = current_thread()->space;
    bool populates = what == MADV_POPULATE_READ || what == MADV_POPULATE_WRITE;
    vaddr_t end;

    if (!populates && ((unsigned)what >= ARRAY_SIZE(advice) || !advice[what]))
        return -EINVAL;
    int error = round_range(start, length, &end);
    if (error || start == end)
        return error;
    if (populates)
        return populate(space, start, end,
                        what == MADV_POPULATE_WRITE ? REGION_WRITE : REGION_READ);
    return advise(space, start, end, advice[what]);
}

/* --- msync, mincore -----------------------------------------------------------------------------
 */

static bool is_locked(const struct space *space, vaddr_t start, vaddr_t end)
{
    const struct region *region;

    space_for_each_region(region, space) {
        if (region->start < end && region->end > start && region->flags & REGION_LOCKED)
            return true;
    }
    return false;
}

/* Files are in memory, and their mappings are their pages: there is nothing to write back. */
SYSCALL_DEFINE3(msync, vaddr_t, start, size_t, length, uint32_t, flags)
{
    const struct space *space = current_thread()->space;
    vaddr_t end;

    if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
        (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC) || start % PAGE_SIZE)
        return -EINVAL;
    bool too_long = round_range(start, length, &end);
    if (too_long) /* for user space, behind which there is nothing */
        end = USER_LIMIT;
    if (flags & MS_INVALIDATE && is_locked(space, start, end))
        return -EBUSY;
    return too_long || space_hole(space, start, end) < end ? -ENOMEM : 0;
}

/* Files' pages are always there; others from the first touch on. */
static bool is_resident(const struct space *space, vaddr_t page)
{
    const pte_t *entry = space_pte(space, page);

    return (entry && entry->bits) || space_find(space, page)->file;
}

SYSCALL_DEFINE3(mincore, vaddr_t, start, size_t, length, unsafe_bytes, vector)
{
    const struct space *space = current_thread()->space;
    vaddr_t end;

    if (start % PAGE_SIZE)
        return -EINVAL;
    if (round_range(start, length, &end) || end > USER_LIMIT)
        return -ENOMEM;
    if (!unsafe_range_ok(vector, (end - start) >> PAGE_SHIFT))
        return -EFAULT;
    for (vaddr_t page = start; page < end; page += PAGE_SIZE) {
        if (!space_find(space, page))
            return -ENOMEM;
        if (unsafe_poke8(unsafe_advance(vector, (page - start) >> PAGE_SHIFT),
                         is_resident(space, page)))
            return -EFAULT;
    }
    return 0;
}

/* --- mlock --------------------------------------------------------------------------------------
 */

/* mlock(2) takes any address: the pages that the bytes touch. */
static int lock_range(vaddr_t start, size_t length, vaddr_t *first, vaddr_t *end)
{
    *first = ROUND_DOWN(start, PAGE_SIZE);
    uint32_t size = ROUND_UP(length + start % PAGE_SIZE, PAGE_SIZE);
    *end = *first + size;
    return *end < *first || size < length ? -ENOMEM : 0;
}

static int change_lock(vaddr_t start, size_t length, uint32_t set, uint32_t clear, bool touch)
{
    struct space *space = current_thread()->space;
    vaddr_t first, end;
    int error = lock_range(start, length, &first, &end);

    if (error)
        return error;
    vaddr_t hole = space_hole(space, first, end);
    error = space_change_flags(space, first, hole, set, clear);
    if (!error && hole < end)
        error = -ENOMEM;
    if (!error && touch && space_populate(space, first, end))
        error = -ENOMEM;
    return error;
}

SYSCALL_DEFINE2(mlock, vaddr_t, start, size_t, length)
{
    return change_lock(start, length, REGION_LOCKED, 0, true);
}

SYSCALL_DEFINE3(mlock2, vaddr_t, start, size_t, length, uint32_t, flags)
{
    if (flags & ~MLOCK_ONFAULT)
        return -EINVAL;
    return change_lock(start, length, REGION_LOCKED, 0, !(flags & MLOCK_ONFAULT));
}

SYSCALL_DEFINE2(munlock, vaddr_t, start, size_t, length)
{
    return change_lock(start, length, 0, REGION_LOCKED, false);
}

/* What cannot be had is not an error of mlockall: it will be faulted in when it is touched. */
static void populate_all(struct space *space)
{
    const struct region *region;

    space_for_each_region(region, space)
        space_populate(space, region->start, region->end);
}

SYSCALL_DEFINE1(mlockall, uint32_t, flags)
{
    struct space *space = current_thread()->space;

    if (!flags || flags == MCL_ONFAULT || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
        return -EINVAL;
    space->lock_future = flags & MCL_FUTURE;
    if (flags & MCL_CURRENT) {
        int error = space_change_flags(space, USER_BASE, USER_LIMIT, REGION_LOCKED, 0);
        if (error)
            return error;
        if (!(flags & MCL_ONFAULT))
            populate_all(space);
    }
    return 0;
}

SYSCALL_DEFINE0(munlockall)
{
    struct space *space = current_thread()->space;

    space->lock_future = false;
    return space_change_flags(space, USER_BASE, USER_LIMIT, 0, REGION_LOCKED);
}
