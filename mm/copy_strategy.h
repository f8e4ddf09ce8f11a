/*
 * How bytes cross the border: the strategies behind the helpers of mm/unsafe.h. Private to mm/.
 *
 * Each function gets a range that lies in user space and the calling thread's space. It returns the
 * number of bytes moved before the first one that user mode itself could not have read or written.
 */
#ifndef MM_COPY_STRATEGY_H
#define MM_COPY_STRATEGY_H

#include "mm/space.h"

struct copy_strategy {
    size_t (*to_kernel)(struct space *space, void *to, vaddr_t from, size_t size);
    size_t (*to_user)(struct space *space, vaddr_t to, const void *from, size_t size);
    size_t (*clear)(struct space *space, vaddr_t to, size_t size);
    /* stops behind a terminator too, and counts it */
    size_t (*string)(struct space *space, char *to, vaddr_t from, size_t size);
};

/* A software page walk, then a copy through the direct map. Serves every isolation mode. */
extern const struct copy_strategy copy_walk;

/* The other three let the MMU check (mm/copy_steps.h). Dereferences: only where the kernel runs on
 * the process's own directory, ISOLATION_SHARED. */
extern const struct copy_strategy copy_direct;

/* Through a window on the user's tables, in the directory that the kernel runs on. */
extern const struct copy_strategy copy_window;

/* On the user's directory, inside the gate page, through a buffer in the gate region. */
extern const struct copy_strategy copy_bounce;

/* Makes the page present for the access, then as copy_walk_page(). */
void *copy_walk_page_fault(struct space *space, vaddr_t address, uint32_t access);

/*
 * Where the kernel sees the user's byte at address, after making its page present for the access,
 * or NULL if user mode could not. Good to the end of the page, until the thread sleeps.
 */
static inline void *copy_walk_page(struct space *space, vaddr_t address, uint32_t access)
{
    uint32_t rights = PTE_PRESENT | PTE_USER | (access == REGION_WRITE ? PTE_WRITABLE : 0);
    /* the store does not go through this entry, so the CPU will not set its bits (SDM 3A 4.8) */
    uint32_t seen = PTE_ACCESSED | (access == REGION_WRITE ? PTE_DIRTY : 0);
    pte_t *entry = space_pte(space, address);

    if (unlikely(!entry || !pte_has(*entry, rights)))
        return copy_walk_page_fault(space, address, access);
    entry->bits |= seen;
    return (char *)direct_map(pte_frame(*entry)) + address % PAGE_SIZE;
}

#endif
