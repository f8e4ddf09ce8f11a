/* The kernel's basic types and the few macros that every file needs. */
#ifndef ARCH_I386_TYPES_H
#define ARCH_I386_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int32_t ssize_t;

/* A virtual address as a number. */
typedef uint32_t vaddr_t;

/* A physical address: a struct, so that it can neither be dereferenced nor mixed with a vaddr_t. */
typedef struct {
    uint32_t value;
} paddr_t;

#define PADDR(number)                       ((paddr_t){(number)})

#define ARRAY_SIZE(array)                   (sizeof(array) / sizeof((array)[0]))
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#define likely(condition)                   __builtin_expect(!!(condition), 1)
#define unlikely(condition)                 __builtin_expect(!!(condition), 0)

#define MIN(a, b)                          \
    ({                                     \
        __typeof__(a) min_a_ = (a);        \
        __typeof__(b) min_b_ = (b);        \
        min_a_ < min_b_ ? min_a_ : min_b_; \
    })
#define MAX(a, b)                          \
    ({                                     \
        __typeof__(a) max_a_ = (a);        \
        __typeof__(b) max_b_ = (b);        \
        max_a_ > max_b_ ? max_a_ : max_b_; \
    })

/* Power-of-two rounding of numbers and addresses. */
#define ROUND_DOWN(value, to) ((value) & ~((__typeof__(value))(to)-1))
#define ROUND_UP(value, to)   ROUND_DOWN((value) + ((__typeof__(value))(to)-1), to)

#endif
