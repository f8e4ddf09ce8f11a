/*
 * KASan: each access of mm/ and kernel/ is checked against a shadow, a byte for each 8 of the
 * kernel's memory, which says how much of them may be accessed (Serebryany et al.:
 * AddressSanitizer, 2012). What may not: redzones around heap objects, stack variables and globals;
 * heap objects and frames that were freed.
 *
 * The compiler calls __asan_loadN() and __asan_storeN() before its accesses, and writes the shadow
 * of stack variables itself. Copies by string instructions are checked by the hand that writes
 * them. Only in kernels that are built with FLAVOUR=kasan.
 */
#ifndef KERNEL_INSTRUMENTS_KASAN_H
#define KERNEL_INSTRUMENTS_KASAN_H

#include <stddef.h>
#include <stdint.h>

#ifdef INSTRUMENT_KASAN

/* Before any instrumented function has a variable on the stack: every shadow is one page, which
 * nobody reads. */
void kasan_init_early(void);

/* Shadows of their own for what there is of memory, and checks from now on; behind memory_init(),
 * before other directories copy the kernel's. */
void kasan_init(void);

/* For accesses that the compiler does not see. */
void kasan_check_read(const void *from, size_t size);
void kasan_check_write(const void *to, size_t size);

/* What is in quarantine goes back to the heap: for who asks what the kernel has in use. */
void kasan_settle(void);

/* Frames of the heap, which the same objects may need more or fewer of: what was allocated while
 * others were in quarantine lies elsewhere. */
uint32_t kasan_heap_frames(void);

#else

static inline void kasan_init_early(void)
{
}

static inline void kasan_init(void)
{
}

static inline void kasan_check_read(const void *from, size_t size)
{
    (void)from, (void)size;
}

static inline void kasan_check_write(const void *to, size_t size)
{
    (void)to, (void)size;
}

static inline void kasan_settle(void)
{
}

static inline uint32_t kasan_heap_frames(void)
{
    return 0;
}

#endif

#endif
