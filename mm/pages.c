#include "mm/pages.h"

#include "arch/i386/switch.h"
#include "kernel/errno.h"
#include "kernel/string.h"

static paddr_t table_frame(const pte_t *entry)
{
    return PADDR(ROUND_DOWN(direct_map_paddr(entry).value, PAGE_SIZE));
}

static uint32_t bits_of(const struct region *region, bool owned)
{
    if (!(region->flags & REGION_RIGHTS))
        return 0;
    return PTE_PRESENT | PTE_USER | PTE_ACCESSED |
           (owned && region->flags & REGION_WRITE ? PTE_WRITABLE | PTE_DIRTY : 0);
}

static void flush_page(const struct space *space, vaddr_t page)
{
    if (space_is_loaded(space))
        invlpg(page);
}

/* The first entry in use at or above *page and below end, and its address; NULL: none. */
static pte_t *next_entry(const struct space *space, vaddr_t *page, vaddr_t end)
{
    while (*page < end) {
        vaddr_t table_end = (directory_index(*page) + 1) * LARGE_PAGE;
        pte_t *entry = space_pte(space, *page);
        for (vaddr_t stop = MIN(end, table_end); entry && *page < stop; *page += PAGE_SIZE) {
            if (entry->bits)
                return entry;
            entry++;
        }
        if (!entry)
            *page = table_end;
    }
    return NULL;
}

pte_t *pages_entry(struct space *space, vaddr_t address)
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

void pages_prune(struct space *space, vaddr_t address)
{
    pte_t *table = &space->directory[directory_index(address)];
    paddr_t frame = pte_frame(*table);

    if (!pte_has(*table, PTE_PRESENT) || frame_references(frame) > 1)
        return;
    *table = (pte_t){0};
    frame_put(frame);
}

static void entry_set(struct space *space, pte_t *entry, pte_t value)
{
    *entry = value;
    frame_get(table_frame(entry));
    space->resident++;
}

/* Empties an entry; the reference to its frame is the caller's now. */
static void entry_clear(struct space *space, vaddr_t page, pte_t *entry)
{
    *entry = (pte_t){0};
    frame_put(table_frame(entry));
    pages_prune(space, page);
    space->resident--;
    flush_page(space, page);
}

void pages_map(struct space *space, const struct region *region, pte_t *entry, paddr_t frame,
               bool owned)
{
    entry_set(space, entry, pte_make(frame, bits_of(region, owned)));
}

int pages_make_writable(struct space *space, const struct region *region, vaddr_t page,
                        pte_t *entry)
{
    paddr_t old = pte_frame(*entry), frame = old;

    if (pte_has(*entry, PTE_WRITABLE))
        return 0;
    /* the last owner keeps the page, others get a copy */
    if (!(region->flags & REGION_SHARED) && frame_references(old) > 1) {
        frame = frame_alloc();
        if (!frame.value)
            return -ENOMEM;
        memcpy(direct_map(frame), direct_map(old), PAGE_SIZE);
        frame_put(old);
    }
    *entry = pte_make(frame, bits_of(region, true));
    flush_page(space, page);
    return 0;
}

void pages_unmap(struct space *space, vaddr_t start, vaddr_t end)
{
    pte_t *entry;

    for (vaddr_t page = start; (entry = next_entry(space, &page, end)); page += PAGE_SIZE) {
        paddr_t frame = pte_frame(*entry);
        entry_clear(space, page, entry);
        frame_put(frame);
    }
}

/* A private page that is read-only now may be shared: it becomes writable by the next store. */
void pages_protect(struct space *space, const struct region *region)
{
    pte_t *entry;

    for (vaddr_t page = region->start; (entry = next_entry(space, &page, region->end));
         page += PAGE_SIZE) {
        bool owned = region->flags & REGION_SHARED || pte_has(*entry, PTE_WRITABLE);
        uint32_t seen = entry->bits & (PTE_ACCESSED | PTE_DIRTY);
        *entry = pte_make(pte_frame(*entry), bits_of(region, owned) | seen);
        flush_page(space, page);
    }
}

static int make_tables(struct space *space, vaddr_t from, vaddr_t to, uint32_t size)
{
    for (vaddr_t page = from; next_entry(space, &page, from + size); page += PAGE_SIZE) {
        if (!pages_entry(space, page - from + to))
            return -ENOMEM;
    }
    return 0;
}

int pages_move(struct space *space, vaddr_t from, vaddr_t to, uint32_t size)
{
    pte_t *entry;

    if (make_tables(space, from, to, size)) {
        for (vaddr_t page = to; page - to < size; page += PAGE_SIZE)
            pages_prune(space, page);
        return -ENOMEM;
    }
    for (vaddr_t page = from; (entry = next_entry(space, &page, from + size)); page += PAGE_SIZE) {
        entry_set(space, space_pte(space, page - from + to), *entry);
        entry_clear(space, page, entry);
    }
    return 0;
}

int pages_clone(struct space *space, struct space *copy, const struct region *region)
{
    pte_t *entry;

    for (vaddr_t page = region->start; (entry = next_entry(space, &page, region->end));
         page += PAGE_SIZE) {
        pte_t *twin = pages_entry(copy, page);
        if (!twin)
            return -ENOMEM;
        entry->bits &= ~PTE_WRITABLE;
        frame_get(pte_frame(*entry));
        entry_set(copy, twin, *entry);
    }
    return 0;
}

uint32_t pages_count(const struct space *space, const struct region *region)
{
    uint32_t count = 0;

    for (vaddr_t page = region->start; next_entry(space, &page, region->end); page += PAGE_SIZE)
        count++;
    return count;
}
