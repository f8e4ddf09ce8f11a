/*
 * The regions of an address space: an ordered list for walks and a treap for lookups, so that a
 * fault among ten thousand regions is as cheap as among ten. Private to mm/ but for struct region,
 * which mm/space.h hands out.
 *
 * A treap is a search tree by address and a heap by priority, here a hash of the address that the
 * region was inserted at; so it is balanced, with high probability, whatever the order of
 * insertions (Seidel, Aragon: Randomized Search Trees, 1996), and a lookup among the same regions
 * costs the same in every process. Starts and ends may move as long as no region passes another.
 */
#ifndef MM_REGION_H
#define MM_REGION_H

#include "arch/i386/types.h"
#include "kernel/list.h"
#include "trampoline/layout.h"

struct file;
struct space;

#define REGIONS_MAX 65530 /* of a space: Linux's vm.max_map_count */

/* Protection and kind of a region. */
#define REGION_READ        0x01
#define REGION_WRITE       0x02
#define REGION_EXEC        0x04
#define REGION_STACK       0x08 /* grows down on demand, to its limit */
#define REGION_HEAP        0x10 /* the one that brk moves */
#define REGION_SHARED      0x20 /* stores are seen by everybody who maps the file */
#define REGION_LOCKED      0x40 /* mlock: nothing is ever paged out, so this only counts and forbids */
#define REGION_DONTFORK    0x80  /* a clone has none of it */
#define REGION_WIPEONFORK  0x100 /* a clone has it empty */

#define REGION_NO_FILE_END UINT32_MAX /* the file's bytes end where the file does */

#define REGION_RIGHTS      (REGION_READ | REGION_WRITE | REGION_EXEC)

struct region {
    struct list link; /* in space->regions, by address */
    struct region *left, *right;
    uint32_t priority;
    vaddr_t start, end;
    uint32_t flags;
    vaddr_t limit;     /* REGION_STACK: start may move down to here */
    struct file *file; /* NULL: anonymous. Shared anonymous memory has a file of its own */
    uint32_t page;     /* the file's page that start shows */
    vaddr_t file_end;  /* from this address on there are zeroes, not the file's bytes */
};

static inline uint32_t region_pages(const struct region *region)
{
    return (region->end - region->start) >> PAGE_SHIFT;
}

/* The file's page that address shows. */
static inline uint32_t region_file_page(const struct region *region, vaddr_t address)
{
    return region->page + ((address - region->start) >> PAGE_SHIFT);
}

/* The last region that starts below address; NULL. */
struct region *region_below(const struct space *space, vaddr_t address);

/* The region behind this one; NULL. */
struct region *region_next(const struct space *space, const struct region *region);

/* A copy of model with a reference to its file, not yet in the space. NULL: no memory, or too many.
 */
struct region *region_create(const struct space *space, const struct region *model);

/* Frees a region that is in no space. */
void region_free(struct region *region);

/* The space's free range must hold it. */
void region_insert(struct space *space, struct region *region);

/* Takes a region out and frees it. */
void region_remove(struct space *space, struct region *region);

/* Makes a border between regions of address. 0 or -ENOMEM. */
int region_split_at(struct space *space, vaddr_t address);

/* Joins what continues one another, among the regions that touch [start, end]. */
void region_merge(struct space *space, vaddr_t start, vaddr_t end);

/* Inserts a region and joins it with its neighbours, which may free it. */
void region_add(struct space *space, struct region *region);

/*
 * Makes borders of start and end, and calls body for each region between them; the caller merges
 * again. 0, or -ENOMEM or the body's error, at which it stops.
 */
typedef int (*region_body)(struct space *space, struct region *region, void *context);
int region_for_range(struct space *space, vaddr_t start, vaddr_t end, region_body body,
                     void *context);

#endif
