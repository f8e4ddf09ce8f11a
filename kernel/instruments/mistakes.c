#include "kernel/instruments/mistakes.h"

#include "arch/i386/paging.h"
#include "kernel/postern_abi.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/unsafe.h"

/* What nobody who reads only this file may know. */
extern volatile int hidden_zero, hidden_one, hidden_many, hidden_largest;
volatile int hidden_zero, hidden_one = 1, hidden_many = 64, hidden_largest = INT32_MAX;

static char global_text[20];

/* --- what C does not define --------------------------------------------------------------------
 */

static int add_too_much(void)
{
    return hidden_largest + hidden_one;
}

static int shift_too_far(void)
{
    return hidden_one << hidden_many;
}

static int read_misaligned(void)
{
    char bytes[2 * sizeof(int)] = {0};

    return *(volatile int *)(bytes + hidden_one);
}

static int index_too_far(void)
{
    volatile int few[4] = {0};

    return few[hidden_many];
}

static int write_to_null(void)
{
    volatile int *null = (volatile int *)hidden_zero;

    *null = hidden_one;
    return 0;
}

/* --- memory ------------------------------------------------------------------------------------
 */

/* One byte at that distance from the start of a heap object of 20 bytes. */
static int touch_heap(int distance)
{
    volatile char *object = heap_alloc(20);

    object[distance] = 'x';
    heap_free((void *)object);
    return 0;
}

static int use_freed_heap(void)
{
    volatile char *object = heap_alloc(20);

    heap_free((void *)object);
    return object[hidden_one];
}

static int free_twice(void)
{
    void *object = heap_alloc(20);

    heap_free(object);
    heap_free(object);
    return 0;
}

static int use_freed_frame(void)
{
    paddr_t frame = frame_alloc();
    volatile char *page = direct_map(frame);

    frame_put(frame);
    return page[hidden_one];
}

static int overrun_stack(void)
{
    char text[20];

    memset(text, 'x', sizeof(text) + hidden_one);
    return ((volatile char *)text)[hidden_zero];
}

static int overrun_global(void)
{
    char *volatile start = global_text; /* or the compiler knows how large it is */

    start[sizeof(global_text)] = 'x';
    return 0;
}

/* As copies across the border do it, whatever the strategy. */
static int overrun_copy(void)
{
    char *object = heap_alloc(20);
    int error =
        copy_u2k(object, (unsafe_bytes){.address = current_trapframe()->esp}, 20 + hidden_one);

    heap_free(object);
    return error;
}

static int fetch_twice(void)
{
    const unsafe_bytes user = {.address = current_trapframe()->esp};
    uint32_t first, second;

    return unsafe_peek32(&first, user) || unsafe_peek32(&second, user);
}

int make_mistake(int what)
{
    switch (what) {
    case SABOTAGE_SIGNED_OVERFLOW:
        return add_too_much();
    case SABOTAGE_SHIFT:
        return shift_too_far();
    case SABOTAGE_MISALIGNED:
        return read_misaligned();
    case SABOTAGE_INDEX:
        return index_too_far();
    case SABOTAGE_NULL:
        return write_to_null();
    case SABOTAGE_HEAP_OVERRUN:
        return touch_heap(20);
    case SABOTAGE_HEAP_UNDERRUN:
        return touch_heap(-1);
    case SABOTAGE_HEAP_FREED:
        return use_freed_heap();
    case SABOTAGE_HEAP_FREED_TWICE:
        return free_twice();
    case SABOTAGE_FRAME_FREED:
        return use_freed_frame();
    case SABOTAGE_STACK_OVERRUN:
        return overrun_stack();
    case SABOTAGE_GLOBAL_OVERRUN:
        return overrun_global();
    case SABOTAGE_COPY_OVERRUN:
        return overrun_copy();
    case SABOTAGE_DOUBLE_FETCH:
        return fetch_twice();
    }
    return -EINVAL;
}
