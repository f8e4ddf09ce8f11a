/*
 * Physical page frames, with reference counts.
 *
 * Thread context only: interrupt handlers never allocate, and the kernel is not preempted, so there
 * is no lock. Frames are named by physical address. A frame is freed when its last reference goes.
 */
#ifndef MM_FRAME_H
#define MM_FRAME_H

#include "arch/i386/types.h"

#define NO_FRAME PADDR(0) /* never a usable frame: what frame_alloc() gives when there is none */

/*
 * Sets up the table of frames for physical memory [0, limit) inside table, which must hold
 * frame_table_size(limit) bytes; every frame starts reserved.
 */
size_t frame_table_size(uint32_t limit);
void frame_init(void *table, uint32_t limit);

/* Gives the frames wholly inside physical [start, end) to the allocator. */
void frame_add(uint32_t start, uint32_t end);

/* One frame with one reference, contents undefined; NO_FRAME if memory is exhausted. */
paddr_t frame_alloc(void);

/* The same, not counted by failalloc: for the heap, which counts objects. */
paddr_t frame_take(void);

/* As frame_alloc(), filled with zeroes. */
paddr_t frame_alloc_zeroed(void);

/* Another reference; a put for each get and for the alloc. */
void frame_get(paddr_t frame);
void frame_put(paddr_t frame);

uint32_t frame_references(paddr_t frame);

/* Frames allocated now, and frames ever added. */
extern uint32_t frames_in_use, frames_total;

#endif
