#include "mm/frame.h"

#include "arch/i386/paging.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "mm/failalloc.h"
#include "mm/poison.h"

struct frame {
    uint32_t references; /* 0: free; RESERVED: not the allocator's */
    uint32_t next_free;  /* frame number; 0 ends the list */
};

#define RESERVED 0xffffffff

static struct frame *frames;
static uint32_t nr_frames;
static uint32_t first_free;

uint32_t frames_in_use, frames_total;
uint8_t poison_byte;

size_t frame_table_size(uint32_t limit)
{
    return (limit >> PAGE_SHIFT) * sizeof(struct frame);
}

void frame_init(void *table, uint32_t limit)
{
    frames = table;
    nr_frames = limit >> PAGE_SHIFT;
    first_free = 0;
    frames_in_use = frames_total = 0;
    for (uint32_t i = 0; i < nr_frames; i++)
        frames[i].references = RESERVED;
}

/* Downwards, so that frames are handed out upwards. Frame 0 stays reserved: it is NO_FRAME. */
void frame_add(uint32_t start, uint32_t end)
{
    uint32_t first = MAX(ROUND_UP(start, PAGE_SIZE) >> PAGE_SHIFT, 1u);
    uint32_t last = MIN(end >> PAGE_SHIFT, nr_frames);

    for (uint32_t i = last; i-- > first;) {
        if (frames[i].references != RESERVED)
            continue;
        frames[i].references = 0;
        frames[i].next_free = first_free;
        first_free = i;
        frames_total++;
    }
}

paddr_t frame_take(void)
{
    uint32_t number = first_free;

    if (!number)
        return NO_FRAME;
    paddr_t frame = PADDR(number << PAGE_SHIFT);
    first_free = frames[number].next_free;
    frames[number].references = 1;
    frames_in_use++;
    poison(direct_map(frame), PAGE_SIZE);
    return frame;
}

paddr_t frame_alloc(void)
{
    return failalloc() ? NO_FRAME : frame_take();
}

paddr_t frame_alloc_zeroed(void)
{
    paddr_t frame = frame_alloc();

    if (frame.value)
        memset(direct_map(frame), 0, PAGE_SIZE);
    return frame;
}

static struct frame *frame_of(paddr_t frame)
{
    uint32_t number = frame.value >> PAGE_SHIFT;

    if (number >= nr_frames || frames[number].references == 0 ||
        frames[number].references == RESERVED)
        panic("frame %08x is not allocated", frame.value);
    return &frames[number];
}

void frame_get(paddr_t frame)
{
    frame_of(frame)->references++;
}

void frame_put(paddr_t frame)
{
    struct frame *f = frame_of(frame);

    if (--f->references)
        return;
    poison(direct_map(frame), PAGE_SIZE);
    f->next_free = first_free;
    first_free = frame.value >> PAGE_SHIFT;
    frames_in_use--;
}

uint32_t frame_references(paddr_t frame)
{
    return frame_of(frame)->references;
}
