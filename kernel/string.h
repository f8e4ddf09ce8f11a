/* Memory and strings, with C's meaning. Any context. */
#ifndef KERNEL_STRING_H
#define KERNEL_STRING_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/instruments/kasan.h"

/*
 * Words, then the last bytes: `rep movs` is the shortest copy that every i386 has, and the fastest
 * on those that matter. The direction flag is clear in the kernel (trampoline/gate.S). Inline for
 * the copies across the border; memcpy() and memset() for everybody else.
 */
static inline void copy_bytes(void *to, const void *from, size_t size)
{
    size_t words = size / 4;

    kasan_check_read(from, size);
    kasan_check_write(to, size);
    __asm__ volatile("rep movsl" : "+c"(words), "+D"(to), "+S"(from) : : "memory");
    size %= 4;
    if (size)
        __asm__ volatile("rep movsb" : "+c"(size), "+D"(to), "+S"(from) : : "memory");
}

static inline void fill_bytes(void *to, int value, size_t size)
{
    uint32_t pattern = (uint8_t)value * 0x01010101u;
    size_t words = size / 4;

    kasan_check_write(to, size);
    __asm__ volatile("rep stosl" : "+c"(words), "+D"(to) : "a"(pattern) : "memory");
    size %= 4;
    if (size)
        __asm__ volatile("rep stosb" : "+c"(size), "+D"(to) : "a"(pattern) : "memory");
}

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

size_t strlen(const char *string);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
char *strchr(const char *string, int c);
char *strrchr(const char *string, int c);

/* Copies as much as fits to[size], always terminated; returns the length of from. */
size_t strlcpy(char *to, const char *from, size_t size);

#endif
