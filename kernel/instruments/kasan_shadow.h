/* The shadow, between KASan's own files. */
#ifndef KERNEL_INSTRUMENTS_KASAN_SHADOW_H
#define KERNEL_INSTRUMENTS_KASAN_SHADOW_H

#include "arch/i386/types.h"
#include "trampoline/layout.h"

#define GRANULE 8 /* bytes of memory for a byte of shadow */

/* Shadow bytes: 0, all 8 bytes; 1 to 7, so many; else none, because. The compiler writes those of
 * the stack. */
enum shadow {
    SHADOW_ACCESSIBLE = 0,
    SHADOW_STACK_LEFT = 0xf1,
    SHADOW_STACK_MIDDLE = 0xf2,
    SHADOW_STACK_RIGHT = 0xf3,
    SHADOW_STACK_SCOPE = 0xf8,
    SHADOW_GLOBAL = 0xf9,
    SHADOW_HEAP_REDZONE = 0xfa,
    SHADOW_HEAP_FREED = 0xfb,
    SHADOW_FRAME_FREED = 0xff,
};

/* What stands before each heap object, in its left redzone. */
struct kasan_header {
    uint32_t magic;
    uint32_t size;
    uint32_t allocated_by, freed_by; /* code addresses; 0: not yet */
};
_Static_assert(sizeof(struct kasan_header) == 16, "objects stay aligned to 16");

#define KASAN_MAGIC 0x0b1ec7ed

static inline uint8_t *shadow_of(vaddr_t address)
{
    return (uint8_t *)(address / GRANULE + KASAN_OFFSET);
}

/* [start, start + size), both multiples of GRANULE, get that shadow. */
void kasan_poison(const void *start, size_t size, enum shadow shadow);

/* size bytes become accessible, and no more of the last granule. */
void kasan_unpoison(const void *start, size_t size);

/* What the kernel's allocators do with memory that is not theirs is not checked in between. */
void kasan_pause(void);
void kasan_resume(void);

_Noreturn void kasan_report(const char *what, vaddr_t address, size_t size, uint32_t caller);

#endif
