#include "mm/iovec.h"

#include "mm/heap.h"

#define PER_PAGE (PAGE_SIZE / sizeof(struct iovec))

_Static_assert(IOVEC_MAX == IOVEC_PAGES * PER_PAGE, "the longest vector fits its heap pages");

struct iovec *vector_element(struct vector *v, int32_t index)
{
    return v->count <= IOVEC_FEW ? &v->few[index] : &v->pages[index / PER_PAGE][index % PER_PAGE];
}

void vector_free(struct vector *v)
{
    for (unsigned i = 0; i < IOVEC_PAGES; i++)
        heap_free(v->pages[i]);
}

static int vector_read(struct vector *v, unsafe_iovec user, int32_t count)
{
    if (count <= IOVEC_FEW)
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
    for (int32_t i = 0; i < v->count; i++) {
        struct iovec *e = vector_element(v, i);
        if (e->length > INT32_MAX)
            return -EINVAL;
        if (!unsafe_range_ok(e->base, e->length))
            return -EFAULT;
        e->length = MIN(e->length, COUNT_MAX - v->total);
        v->total += e->length;
    }
    return 0;
}

int vector_take(struct vector *v, unsafe_iovec user, int32_t count)
{
    if (count < 0 || count > IOVEC_MAX)
        return -EINVAL;
    v->count = count;
    v->total = 0;
    v->pages[0] = v->pages[1] = NULL;
    int error = vector_read(v, user, count);
    if (!error)
        error = vector_check(v);
    if (error)
        vector_free(v);
    return error;
}

int vector_gather(struct vector *v, uint32_t offset, void *to, size_t size)
{
    size_t done = 0;

    for (int32_t i = 0; done < size; i++) {
        const struct iovec *e = vector_element(v, i);
        if (offset >= e->length) {
            offset -= e->length;
            continue;
        }
        size_t part = MIN(size - done, (size_t)(e->length - offset));
        if (copy_u2k((char *)to + done, unsafe_advance(e->base, offset), part))
            return -EFAULT;
        done += part;
        offset = 0;
    }
    return 0;
}
