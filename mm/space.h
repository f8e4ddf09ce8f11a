/*
 * Address spaces: a page directory and the regions that say what it may map.
 *
 * A region is a range of pages with one protection and one source. Nothing is mapped until it is
 * touched: the page fault handler and the copy helpers call space_fault(), which gives zeroes, the
 * page of the region's file, or a copy of either. Regions that continue one another are one.
 *
 * Thread context only. Threads may share a space, and a space need not be the caller's: every
 * function here takes the one that it changes, and is atomic, since the kernel is not preempted and
 * nothing here sleeps. What changes in the tables is flushed where the space is loaded; it is read
 * anew by CR3 loads where it is not.
 */
#ifndef MM_SPACE_H
#define MM_SPACE_H

#include "arch/i386/paging.h"
#include "kernel/list.h"
#include "kernel/postern_abi.h"
#include "mm/frame.h"
#include "mm/region.h"

struct space {
    pte_t *directory; /* in the direct map */
    uint32_t cr3;
    struct list regions;
    struct region *tree;
    uint32_t nr_regions;
    uint32_t references;
    uint32_t resident; /* pages mapped now */
    bool lock_future;  /* new regions are REGION_LOCKED */
    vaddr_t brk_start, brk;
    uint32_t stack_limit; /* bytes that a region may have after growing down */
    /* below free_from no free range for mmap is larger than hole */
    vaddr_t free_from;
    uint32_t hole;
    enum postern_isolation isolation;
    enum postern_copy copy;
    vaddr_t walk_limit; /* what lies below it is copied by the page walk: USER_LIMIT or 0 */
    bool answers;       /* its gate page answers some calls itself: kernel/resident.h */
};

/* The first region that ends above address: the one that holds it, or the next; NULL. */
static inline struct region *region_above(const struct space *space, vaddr_t address)
{
    struct region *found = NULL;

    for (struct region *node = space->tree; node;) {
        if (node->end > address) {
            found = node;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return found;
}

/* An empty space with one reference; NULL if memory is exhausted. */
struct space *space_create(enum postern_isolation isolation, enum postern_copy copy);

/* For a space that no thread runs in yet. */
void space_set_resident(struct space *space);

void space_set_copy(struct space *space, enum postern_copy copy);

void space_get(struct space *space);

/* Drops a reference; the last frees every page. The space must not be loaded then. */
void space_put(struct space *space);

/* A copy-on-write copy: all regions, every present page of a private one shared until written.
 * NULL: no memory. */
struct space *space_clone(struct space *space);

/* --- regions --------------------------------------------------------------------------------- */

/*
 * Adds a region for [start, end), page-aligned, free and below USER_LIMIT. Takes over model's
 * flags, limit and file, with a reference to the file. 0, -EINVAL, or -ENOMEM.
 */
int space_map(struct space *space, vaddr_t start, vaddr_t end, const struct region *model);

/* The same in place of what is there, which stays in case of an error. 0 or -ENOMEM. */
int space_replace(struct space *space, vaddr_t start, vaddr_t end, const struct region *model);

/* Removes whatever lies in [start, end), page-aligned, splitting regions. 0 or -ENOMEM. */
int space_unmap(struct space *space, vaddr_t start, vaddr_t end);

/* The lowest free range of size bytes for mmap, at hint if that is free; 0 if none. */
vaddr_t space_find_free(struct space *space, vaddr_t hint, uint32_t size);

struct region *space_find(const struct space *space, vaddr_t address);

/* True if no region touches [start, end). */
bool space_is_free(const struct space *space, vaddr_t start, vaddr_t end);

/* Moves the heap's end; returns the end that now holds, as Linux's brk does. */
vaddr_t space_brk(struct space *space, vaddr_t end);

/*
 * Gives [start, end) the rights REGION_READ, REGION_WRITE, REGION_EXEC. 0; -EACCES at a shared
 * mapping of a file that was not opened for writing, -ENOMEM at a hole or without memory: what lies
 * below has changed then, as mprotect(2) has it.
 */
int space_protect(struct space *space, vaddr_t start, vaddr_t end, uint32_t rights);

/*
 * Moves [from, from + old_size), all in one region, to [to, to + new_size), free, without copying a
 * page. An old_size of 0 makes a second mapping of a shared region. 0 or -ENOMEM, and then nothing
 * has changed.
 */
int space_move(struct space *space, vaddr_t from, uint32_t old_size, vaddr_t to, uint32_t new_size);

/* Sets and clears flags of whatever regions lie in [start, end). 0 or -ENOMEM. */
int space_change_flags(struct space *space, vaddr_t start, vaddr_t end, uint32_t set,
                       uint32_t clear);

/* The first address in [start, end] that is in no region, or end. */
vaddr_t space_hole(const struct space *space, vaddr_t start, vaddr_t end);

/* Regions iterate in address order; the body may remove the one it is given. */
#define space_for_each_region(region, space) list_for_each(region, &(space)->regions, link)

/* --- pages ----------------------------------------------------------------------------------- */

/*
 * Makes the page of address present for the access (REGION_READ, REGION_WRITE or REGION_EXEC). 0;
 * -EFAULT where nothing is mapped, -EACCES where that is not allowed, -ENXIO beyond the end of a
 * mapped file, -ENOMEM.
 */
int space_fault(struct space *space, vaddr_t address, uint32_t access);

/* Makes every page of [start, end) present, for writing where a private region allows that. 0, or
 * the first error of space_fault(). */
int space_populate(struct space *space, vaddr_t start, vaddr_t end);

/* Forgets the pages of [start, end): the next access finds what the regions' files hold, or zeroes.
 */
void space_discard(struct space *space, vaddr_t start, vaddr_t end);

/*
 * The page table entry of address, or NULL if it has no page table. Never allocates.
 */
static inline pte_t *space_pte(const struct space *space, vaddr_t address)
{
    pte_t entry = space->directory[directory_index(address)];

    return pte_has(entry, PTE_PRESENT) ? &pte_table(entry)[table_index(address)] : NULL;
}

/*
 * Copies into a space that need not be the caller's, faulting pages in: how exec fills a new stack.
 * 0 or a negative error.
 */
int space_write(struct space *space, vaddr_t address, const void *bytes, size_t size);

/* The same from a space; a page that no region has or memory lacks is an error. */
int space_read(struct space *space, vaddr_t address, void *bytes, size_t size);

/* --- facts ----------------------------------------------------------------------------------- */

/* In pages, as /proc shows them. */
struct space_usage {
    uint32_t mapped, resident, locked;
    uint32_t shared;            /* resident, of files and shared memory */
    uint32_t text, data, stack; /* mapped: executable files; private and writable; the stack */
};

struct space_usage space_usage(const struct space *space);

/*
 * What a futex is, whoever maps it and where: two keys with equal owner and offset are the same
 * word. Memory that only this space has is the space's. 0, or -EFAULT where nothing is mapped.
 */
struct futex_key {
    const void *owner;
    uint64_t offset;
};
int space_futex_key(const struct space *space, vaddr_t address, bool shared, struct futex_key *key);

#endif
