#include "mm/heap.h"

#include "arch/i386/paging.h"
#include "kernel/list.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "mm/failalloc.h"
#include "mm/frame.h"
#include "mm/poison.h"

#define HEAP_ALIGN 16

/*
 * A slab: one frame, this header, then objects of one class. A page-aligned object can therefore
 * only be a whole page, which has no slab.
 */
struct slab {
    struct list link; /* in its class's list while it has a free object */
    void *free;       /* first free object, which holds the address of the next */
    uint16_t size, capacity, in_use;
};

#define SLAB_HEADER ROUND_UP(sizeof(struct slab), HEAP_ALIGN)

static const uint16_t class_sizes[] = {16, 32, 64, 128, 256, 512, 1008, 2016};

static struct list partial[ARRAY_SIZE(class_sizes)] = {
    LIST_INIT(partial[0]), LIST_INIT(partial[1]), LIST_INIT(partial[2]), LIST_INIT(partial[3]),
    LIST_INIT(partial[4]), LIST_INIT(partial[5]), LIST_INIT(partial[6]), LIST_INIT(partial[7]),
};

uint32_t heap_in_use;

static struct slab *slab_create(unsigned class)
{
    paddr_t frame = frame_take();
    if (!frame.value)
        return NULL;

    struct slab *slab = direct_map(frame);
    size_t size = class_sizes[class];
    char *object = (char *)slab + SLAB_HEADER;

    slab->size = size;
    slab->capacity = (PAGE_SIZE - SLAB_HEADER) / size;
    slab->in_use = 0;
    slab->free = NULL;
    for (unsigned i = slab->capacity; i-- > 0;) {
        *(void **)(object + i * size) = slab->free;
        slab->free = object + i * size;
    }
    list_insert(&partial[class], &slab->link);
    return slab;
}

static void *page_alloc(void)
{
    paddr_t frame = frame_take();
    if (!frame.value)
        return NULL;
    heap_in_use += PAGE_SIZE;
    return direct_map(frame);
}

void *heap_alloc(size_t size)
{
    unsigned class = 0;

    if (failalloc())
        return NULL;
    while (class < ARRAY_SIZE(class_sizes) && size > class_sizes[class])
        class ++;
    if (class == ARRAY_SIZE(class_sizes))
        return size <= HEAP_MAX ? page_alloc() : NULL;

    struct slab *slab = list_empty(&partial[class])
                            ? slab_create(class)
                            : list_first(&partial[class], struct slab, link);
    if (!slab)
        return NULL;
    void *object = slab->free;
    slab->free = *(void **)object;
    if (++slab->in_use == slab->capacity)
        list_remove(&slab->link);
    heap_in_use += slab->size;
    poison(object, slab->size);
    return object;
}

void *heap_alloc_zeroed(size_t size)
{
    void *object = heap_alloc(size);

    if (object)
        memset(object, 0, size);
    return object;
}

static unsigned class_of(const struct slab *slab)
{
    unsigned class = 0;

    while (class_sizes[class] != slab->size)
        class ++;
    return class;
}

void heap_free(void *object)
{
    if (!object)
        return;
    if ((vaddr_t)object % PAGE_SIZE == 0) {
        heap_in_use -= PAGE_SIZE;
        frame_put(direct_map_paddr(object));
        return;
    }

    struct slab *slab = (struct slab *)ROUND_DOWN((vaddr_t)object, PAGE_SIZE);
    if (slab->in_use == 0 || slab->in_use > slab->capacity)
        panic("heap: %p is not an allocated object", object);
    poison(object, slab->size);
    *(void **)object = slab->free;
    slab->free = object;
    heap_in_use -= slab->size;
    if (slab->in_use-- == slab->capacity)
        list_insert(&partial[class_of(slab)], &slab->link);
    if (slab->in_use == 0) {
        list_remove(&slab->link);
        frame_put(direct_map_paddr(slab));
    }
}
