/*
 * How bytes cross the border: the strategies behind the helpers of mm/unsafe.h. Private to mm/.
 *
 * Each function gets a range that lies in user space and the calling thread's space. It returns the
 * number of bytes moved before the first one that user mode itself could not have read or written.
 */
#ifndef MM_COPY_STRATEGY_H
#define MM_COPY_STRATEGY_H

#include "kernel/errno.h"
#include "kernel/process.h"
#include "mm/space.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

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

/* What of size bytes from address on lies in its page. */
static inline size_t copy_page_rest(vaddr_t address, size_t size)
{
    return MIN(size, PAGE_SIZE - address % PAGE_SIZE);
}

/* Makes the page of address present for the access. 0, or space_fault()'s error. */
static inline int copy_fault_in(struct space *space, vaddr_t address, uint32_t access)
{
    int error = space_fault(space, address, access);

    if (unlikely(error == -ENOMEM))
        thread_out_of_memory();
    return error;
}

/* The entry of the user's page at address; none if there is no table. */
static inline pte_t copy_entry(const struct space *space, vaddr_t address)
{
    pte_t table = space->directory[directory_index(address)];

    return likely(pte_has(table, PTE_PRESENT)) ? pte_table(table)[table_index(address)]
                                               : (pte_t){0};
}

static inline uint32_t copy_rights(uint32_t access)
{
    return PTE_PRESENT | PTE_USER | (access == REGION_WRITE ? PTE_WRITABLE : 0);
}

/* Where the kernel sees the user's byte at address, whose page has that entry. */
static inline void *copy_byte_of(pte_t entry, vaddr_t address)
{
    return (char *)direct_map(pte_frame(entry)) + address % PAGE_SIZE;
}

/*
 * Where the kernel sees the user's byte at address, after making its page present for the access,
 * or NULL if user mode could not. Good to the end of the page, until the thread sleeps.
 *
 * The access does not go through the entry, so the CPU will not mark it there (SDM 3A 4.8): entries
 * have those bits from the beginning (mm/pages.h).
 */
static inline void *copy_walk_page(struct space *space, vaddr_t address, uint32_t access)
{
    do {
        pte_t entry = copy_entry(space, address);
        if (likely(pte_has(entry, copy_rights(access))))
            return copy_byte_of(entry, address);
    } while (!copy_fault_in(space, address, access));
    return NULL;
}

#endif
