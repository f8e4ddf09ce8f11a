/* The kernel's heap is the host's, which the sanitizers watch. */
#ifndef TEST_FUZZ_KERNEL_HEAP_H
#define TEST_FUZZ_KERNEL_HEAP_H

#include "mm/heap.h"
#include "trampoline/layout.h"

void *heap_alloc(size_t size)
{
    return size <= HEAP_MAX ? malloc(size) : NULL;
}

void *heap_alloc_zeroed(size_t size)
{
    return size <= HEAP_MAX ? calloc(1, size) : NULL;
}

void heap_free(void *object)
{
    free(object);
}

#endif
