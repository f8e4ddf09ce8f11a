/*
 * Unit tests: kernel code in a program of the host, as i386 code under ASan and UBSan, with KTAP
 * results. A test includes the sources that it tests; what they need of the rest of the kernel is
 * here or in the test.
 */
#ifndef TEST_UNIT_UNIT_H
#define TEST_UNIT_UNIT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static unsigned unit_results, unit_failures;

#define unit_ok(condition, ...)                                         \
    do {                                                                \
        bool unit_good_ = (condition);                                  \
        printf("%sok %u - ", unit_good_ ? "" : "not ", ++unit_results); \
        printf(__VA_ARGS__);                                            \
        printf("\n");                                                   \
        unit_failures += !unit_good_;                                   \
    } while (0)

static inline int unit_end(void)
{
    printf("1..%u\n", unit_results);
    return unit_failures != 0;
}

/* A copy of exactly size bytes on the heap, so that ASan sees one byte too far. */
static inline void *unit_copy(const void *bytes, size_t size)
{
    void *copy = malloc(size ? size : 1);

    if (size)
        memcpy(copy, bytes, size);
    return copy;
}

/* Physical memory as the kernel sees it: at KERNEL_BASE, which is free in a 32-bit process. */
static inline bool unit_physical_memory(size_t size)
{
    void *wanted = (void *)0xc0000000;

    return mmap(wanted, size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == wanted;
}

size_t strlcpy(char *to, const char *from, size_t size);
size_t strlcpy(char *to, const char *from, size_t size)
{
    size_t length = strlen(from);

    if (size) {
        size_t copied = length < size ? length : size - 1;
        memcpy(to, from, copied);
        to[copied] = '\0';
    }
    return length;
}

void panic(const char *format, ...);
void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    printf("Bail out! panic: ");
    vprintf(format, arguments);
    printf("\n");
    exit(1);
}

#endif
