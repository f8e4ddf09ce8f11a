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

/* Dereferences, with an exception table for what faults. Only where the kernel runs on the
 * process's own directory: ISOLATION_SHARED. */
extern const struct copy_strategy copy_direct;

/*
 * Where the kernel sees the user's byte at address, after making its page present for the access,
 * or NULL if user mode could not. Good to the end of the page, until the thread sleeps.
 */
void *copy_walk_page(struct space *space, vaddr_t address, uint32_t access);

#endif
