/*
 * The vectors of readv and writev: a kernel copy. Like Linux, the whole vector is read once and
 * checked before a byte moves: another thread that rewrites it meanwhile changes nothing.
 */
#ifndef MM_IOVEC_H
#define MM_IOVEC_H

#include "mm/unsafe.h"

#define IOVEC_FEW   8
#define IOVEC_PAGES 2

/* Short ones on the stack, longer ones in heap pages. */
struct vector {
    int32_t count;
    uint32_t total; /* bytes of all elements */
    struct iovec few[IOVEC_FEW];
    struct iovec *pages[IOVEC_PAGES];
};

/* Copies and checks; what exceeds COUNT_MAX bytes in all is cut off. 0 with a vector to be freed,
 * or -EINVAL for a bad count or length, -EFAULT, -ENOMEM. */
int vector_take(struct vector *vector, unsafe_iovec user, int32_t count);
void vector_free(struct vector *vector);

struct iovec *vector_element(struct vector *vector, int32_t index);

/* Copies the vector's bytes from offset on into to[size], which they fill. 0 or -EFAULT. */
int vector_gather(struct vector *vector, uint32_t offset, void *to, size_t size);

/* The most that one call moves (read(2)): results are signed. */
#define COUNT_MAX 0x7ffff000u

#endif
