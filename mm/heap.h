/*
 * The kernel heap: objects of up to a page, by size classes in slabs of one frame.
 *
 * Thread context only, like the frames it is made of. Objects are aligned to 16 bytes; whole pages
 * to a page.
 */
#ifndef MM_HEAP_H
#define MM_HEAP_H

#include "arch/i386/types.h"

#define HEAP_MAX PAGE_SIZE

/* An object of at least size bytes, 1 <= size <= HEAP_MAX, contents undefined; NULL if there is
 * none. */
void *heap_alloc(size_t size);

/* The same, filled with zeroes. */
void *heap_alloc_zeroed(size_t size);

/* Frees what heap_alloc() gave; NULL is ignored. */
void heap_free(void *object);

/* Bytes in allocated objects, by their class. Returns to its old value when all is freed. */
extern uint32_t heap_in_use;

#endif
