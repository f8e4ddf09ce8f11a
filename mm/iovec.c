/*
 * The vectors of readv and writev. Like Linux, the whole vector is read once and checked before a
 * byte moves: another thread that rewrites it meanwhile changes nothing.
 */
#include "kernel/string.h"
#include "mm/heap.h"
#include "mm/unsafe.h"

#define PER_PAGE (PAGE_SIZE / sizeof(struct iovec))
#define FEW      8

_Static_assert(IOVEC_MAX == 2 * PER_PAGE, "the longest vector fits two heap pages");

/* A kernel copy of a vector: short ones on the stack, longer ones in heap pages. */
struct vector {
    int32_t count;
    struct iovec few[FEW];
    struct iovec *pages[2];
};

static struct iovec *element(struct vector *v, int32_t index)
{
    return v->count <= FEW ? &v->few[index] : &v->pages[index / PER_PAGE][index % PER_PAGE];
}

static void vector_free(struct vector *v)
{
    heap_free(v->pages[0]);
    heap_free(v->pages[1]);
}

static int vector_read(struct vector *v, unsafe_iovec user, int32_t count)
{
    v->count = count;
    v->pages[0] = v->pages[1] = NULL;
    if (count <= FEW)
        return copy_u2k(v->few, unsafe_as_bytes(user), count * sizeof(struct iovec));
    for (int32_t done = 0; done < count; done += PER_PAGE) {
        struct iovec *page = heap_alloc(PAGE_SIZE);
        if (!page)
            return -ENOMEM;
        v->pages[done / PER_PAGE] = page;
        size_t size = MIN((uint32_t)(count - done), PER_PAGE) * sizeof(struct iovec);
        int error = copy_u2k(page, unsafe_as_bytes(unsafe_element(user, done)), size);
        if (error)
            return error;
    }
    return 0;
}

static int vector_check(struct vector *v)
{
    uint64_t total = 0;

    for (int32_t i = 0; i < v->count; i++) {
        struct iovec *e = element(v, i);
        total += e->length;
        if (e->length > INT32_MAX || total > INT32_MAX)
            return -EINVAL;
        if (!unsafe_range_ok(e->base, e->length))
            return -EFAULT;
    }
    return 0;
}

static ssize_t vector_move(struct vector *v, iovec_body body, void *context)
{
    ssize_t total = 0;

    for (int32_t i = 0; i < v->count; i++) {
        struct iovec *e = element(v, i);
        if (!e->length)
            continue;
        ssize_t moved = body(e->base, e->length, context);
        if (moved < 0)
            return total ? total : moved;
        total += moved;
        if ((uint32_t)moved < e->length)
            break;
    }
    return total;
}

ssize_t iovec_walk(unsafe_iovec user, int32_t count, iovec_body body, void *context)
{
    struct vector v;

    if (count < 0 || count > IOVEC_MAX)
        return -EINVAL;
    ssize_t result = vector_read(&v, user, count);
    if (!result)
        result = vector_check(&v);
    if (!result)
        result = vector_move(&v, body, context);
    vector_free(&v);
    return result;
}
