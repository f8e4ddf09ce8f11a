#include "mm/region.h"

#include "kernel/errno.h"
#include "kernel/file.h"
#include "mm/heap.h"
#include "mm/space.h"

/* --- the treap ------------------------------------------------------------------------------- */

/* MurmurHash3's finalizer, less its last step: each bit of the page number moves the upper ones. */
static uint32_t hash(vaddr_t address)
{
    uint32_t bits = (address >> PAGE_SHIFT) * 0x85ebca6b;

    return (bits ^ bits >> 13) * 0xc2b2ae35;
}

/* Cuts tree at address into what starts below and what starts at or above it. */
static void treap_split(struct region *tree, vaddr_t address, struct region **below,
                        struct region **above)
{
    while (tree) {
        if (tree->start < address) {
            *below = tree;
            below = &tree->right;
            tree = *below;
        } else {
            *above = tree;
            above = &tree->left;
            tree = *above;
        }
    }
    *below = *above = NULL;
}

static struct region **child_towards(struct region *node, vaddr_t address)
{
    return address < node->start ? &node->left : &node->right;
}

static void treap_insert(struct region **tree, struct region *node)
{
    while (*tree && (*tree)->priority >= node->priority)
        tree = child_towards(*tree, node->start);
    treap_split(*tree, node->start, &node->left, &node->right);
    *tree = node;
}

static void treap_remove(struct region **tree, struct region *node)
{
    struct region *below = node->left, *above = node->right;

    while (*tree != node)
        tree = child_towards(*tree, node->start);
    while (below && above) {
        if (below->priority >= above->priority) {
            *tree = below;
            tree = &below->right;
            below = *tree;
        } else {
            *tree = above;
            tree = &above->left;
            above = *tree;
        }
    }
    *tree = below ? below : above;
}

/* --- regions --------------------------------------------------------------------------------- */

struct region *region_below(const struct space *space, vaddr_t address)
{
    struct region *found = NULL;

    for (struct region *node = space->tree; node;) {
        if (node->start < address) {
            found = node;
            node = node->right;
        } else {
            node = node->left;
        }
    }
    return found;
}

struct region *region_next(const struct space *space, const struct region *region)
{
    return region->link.next == &space->regions
               ? NULL
               : list_entry(region->link.next, struct region, link);
}

struct region *region_create(const struct space *space, const struct region *model)
{
    struct region *region = space->nr_regions < REGIONS_MAX ? heap_alloc(sizeof(*region)) : NULL;

    if (!region)
        return NULL;
    *region = *model;
    list_init(&region->link);
    if (region->file)
        file_get(region->file);
    return region;
}

void region_free(struct region *region)
{
    if (region->file)
        file_put(region->file);
    heap_free(region);
}

void region_insert(struct space *space, struct region *region)
{
    struct region *above = region_above(space, region->start);

    region->priority = hash(region->start);
    list_insert(above ? &above->link : &space->regions, &region->link);
    treap_insert(&space->tree, region);
    space->nr_regions++;
}

void region_remove(struct space *space, struct region *region)
{
    list_remove(&region->link);
    treap_remove(&space->tree, region);
    space->nr_regions--;
    region_free(region);
}

/* Cuts region at address, strictly inside it; the upper part is new. */
static int split(struct space *space, struct region *region, vaddr_t address)
{
    struct region *upper = region_create(space, region);

    if (!upper)
        return -ENOMEM;
    upper->page = region_file_page(region, address);
    upper->start = address;
    region->end = address;
    region_insert(space, upper);
    return 0;
}

int region_split_at(struct space *space, vaddr_t address)
{
    struct region *region = region_above(space, address);

    return region && region->start < address ? split(space, region, address) : 0;
}

/* True if next could be the rest of region. */
static bool region_continues(const struct region *region, const struct region *next)
{
    return region->end == next->start && region->flags == next->flags &&
           region->limit == next->limit && region->file == next->file &&
           (!region->file || (region_file_page(region, region->end) == next->page &&
                              region->file_end == next->file_end));
}

/* Joins region with the next one if that continues it. */
static bool absorb_next(struct space *space, struct region *region)
{
    struct region *next = region_next(space, region);

    if (!next || !region_continues(region, next))
        return false;
    vaddr_t end = next->end;
    region_remove(space, next);
    region->end = end;
    return true;
}

void region_merge(struct space *space, vaddr_t start, vaddr_t end)
{
    struct region *region = region_above(space, start ? start - 1 : 0);

    while (region && region->start < end) {
        if (!absorb_next(space, region))
            region = region_next(space, region);
    }
}

void region_add(struct space *space, struct region *region)
{
    region_insert(space, region);
    absorb_next(space, region);
    if (region->link.previous != &space->regions)
        absorb_next(space, list_entry(region->link.previous, struct region, link));
}

int region_for_range(struct space *space, vaddr_t start, vaddr_t end, region_body body,
                     void *context)
{
    struct region *region = region_above(space, start);
    int error = 0;

    if (!region || region->start >= end)
        return 0;
    if (region->start < start) {
        error = split(space, region, start);
        if (!error)
            region = region_next(space, region);
    }
    if (!error && region->end != end)
        error = region_split_at(space, end);
    while (!error && region && region->start < end) {
        struct region *next = region_next(space, region); /* body may remove the region */
        error = body(space, region, context);
        region = next;
    }
    return error;
}
