/*
 * Address spaces: a page directory and the regions that say what it may map.
 *
 * A region is a range of pages with one protection and one source. Nothing is mapped until it is
 * touched: the page fault handler and the copy helpers call space_fault(), which gives zeroes,
 * bytes of the region's file, or a copy of a copy-on-write page.
 *
 * Thread context only. Threads that share a space are not a concern yet of more than one CPU: the
 * kernel is not preempted, so a function here is atomic unless it reads a file that blocks.
 */
#ifndef MM_SPACE_H
#define MM_SPACE_H

#include "arch/i386/paging.h"
#include "kernel/list.h"
#include "kernel/postern_abi.h"
#include "mm/frame.h"

struct file;

/* Protection and kind of a region. */
#define REGION_READ  1
#define REGION_WRITE 2
#define REGION_EXEC  4
#define REGION_STACK 8  /* grows down on demand, to its limit */
#define REGION_HEAP  16 /* the one that brk moves */

struct region {
    struct list link; /* in space->regions, by address */
    vaddr_t start, end;
    uint32_t flags;
    vaddr_t limit;        /* REGION_STACK: start may move down to here */
    struct file *file;    /* NULL: anonymous */
    vaddr_t file_start;   /* address of the file bytes' first one, in the region's first page */
    uint32_t file_offset; /* of file_start */
    uint32_t file_size;   /* bytes from file_start; what follows is zero */
};

struct space {
    pte_t *directory; /* in the direct map */
    uint32_t cr3;
    struct list regions;
    uint32_t references;
    vaddr_t brk_start, brk;
    enum postern_isolation isolation;
    enum postern_copy copy;
};

/* An empty space with one reference; NULL if memory is exhausted. */
struct space *space_create(enum postern_isolation isolation, enum postern_copy copy);

void space_get(struct space *space);

/* Drops a reference; the last frees every page. The space must not be loaded then. */
void space_put(struct space *space);

/* A copy-on-write copy: all regions, every present page shared until written. NULL: no memory. */
struct space *space_clone(struct space *space);

/*
 * Adds a region for [start, end), page-aligned, free and below USER_LIMIT. Takes over model's
 * flags, limit and file, with a reference to the file. 0, -EINVAL, or -ENOMEM.
 */
int space_map(struct space *space, vaddr_t start, vaddr_t end, const struct region *model);

/* Removes whatever lies in [start, end), page-aligned, splitting regions. 0 or -ENOMEM. */
int space_unmap(struct space *space, vaddr_t start, vaddr_t end);

/* The lowest free range of size bytes for mmap, at or above hint if that is free; 0 if none. */
vaddr_t space_find_free(struct space *space, vaddr_t hint, uint32_t size);

struct region *space_find(struct space *space, vaddr_t address);

/* True if no region touches [start, end). */
bool space_is_free(struct space *space, vaddr_t start, vaddr_t end);

/* Moves the heap's end; returns the end that now holds, as Linux's brk does. */
vaddr_t space_brk(struct space *space, vaddr_t end);

/*
 * Makes the page of address present for the access (REGION_READ, REGION_WRITE or REGION_EXEC).
 * 0, -EFAULT if no region allows it, -ENOMEM, or the file's error. May sleep in a file's read.
 */
int space_fault(struct space *space, vaddr_t address, uint32_t access);

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

/* Regions iterate in address order. */
#define space_for_each_region(region, space) list_for_each(region, &(space)->regions, link)

#endif
