/*
 * KASan's knowledge of memory that comes and goes: around the allocators, whose callers get these
 * functions instead (the linker's --wrap).
 *
 * A heap object has a header before it and 16 bytes at least behind it, both of which nobody may
 * access; whole pages have neither. What is freed stays in quarantine for a while, so that it is
 * not at once somebody else's.
 */
#include "arch/i386/paging.h"
#include "kernel/instruments/kasan.h"
#include "kernel/instruments/kasan_shadow.h"
#include "kernel/ipc_direct.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "mm/frame.h"
#include "mm/heap.h"

#define REDZONE    16
#define QUARANTINE 128

#define CALLER     ((uint32_t)__builtin_return_address(0))

/* --- frames ------------------------------------------------------------------------------------
 */

paddr_t __real_frame_alloc(void);
paddr_t __wrap_frame_alloc(void);
paddr_t __wrap_frame_alloc(void)
{
    kasan_pause();
    paddr_t frame = __real_frame_alloc();
    kasan_resume();
    if (frame.value)
        kasan_unpoison(direct_map(frame), PAGE_SIZE);
    return frame;
}

paddr_t __real_frame_alloc_zeroed(void);
paddr_t __wrap_frame_alloc_zeroed(void);
paddr_t __wrap_frame_alloc_zeroed(void)
{
    kasan_pause();
    paddr_t frame = __real_frame_alloc_zeroed();
    kasan_resume();
    if (frame.value)
        kasan_unpoison(direct_map(frame), PAGE_SIZE);
    return frame;
}

static uint32_t heap_frames;

uint32_t kasan_heap_frames(void)
{
    return heap_frames;
}

/* For the heap: its objects become accessible one by one. */
paddr_t __real_frame_take(void);
paddr_t __wrap_frame_take(void);
paddr_t __wrap_frame_take(void)
{
    paddr_t frame = __real_frame_take();

    if (frame.value) {
        kasan_poison(direct_map(frame), PAGE_SIZE, SHADOW_HEAP_REDZONE);
        heap_frames++;
    }
    return frame;
}

void __real_frame_put(paddr_t frame);
void __wrap_frame_put(paddr_t frame);
void __wrap_frame_put(paddr_t frame)
{
    bool last = frame_references(frame) == 1;

    if (*shadow_of((vaddr_t)direct_map(frame)) == SHADOW_HEAP_REDZONE)
        heap_frames--;
    kasan_pause();
    __real_frame_put(frame);
    kasan_resume();
    if (last)
        kasan_poison(direct_map(frame), PAGE_SIZE, SHADOW_FRAME_FREED);
}

/* --- the heap ----------------------------------------------------------------------------------
 */

void *__real_heap_alloc(size_t size);
void __real_heap_free(void *object);

static bool is_whole_page(const void *object)
{
    return (vaddr_t)object % PAGE_SIZE == 0;
}

static void *alloc(size_t size, uint32_t caller)
{
    size_t whole = sizeof(struct kasan_header) + ROUND_UP(size, GRANULE) + REDZONE;
    bool bare = whole > HEAP_MAX;

    kasan_pause();
    struct kasan_header *header = __real_heap_alloc(bare ? size : whole);
    if (header && !bare)
        *header = (struct kasan_header){KASAN_MAGIC, size, caller, 0};
    kasan_resume();
    if (!header)
        return NULL;
    void *object = bare ? (void *)header : header + 1;
    kasan_unpoison(object, size);
    return object;
}

void *__wrap_heap_alloc(size_t size);
void *__wrap_heap_alloc(size_t size)
{
    return alloc(size, CALLER);
}

void *__wrap_heap_alloc_zeroed(size_t size);
void *__wrap_heap_alloc_zeroed(size_t size)
{
    void *object = alloc(size, CALLER);

    if (object)
        memset(object, 0, size);
    return object;
}

/* Objects that are free for their owners, but not for the heap; the oldest is next. */
static struct kasan_header *quarantine[QUARANTINE];
static unsigned next;

static void release(struct kasan_header *header)
{
    if (!header)
        return;
    header->magic = 0;
    kasan_pause();
    __real_heap_free(header);
    kasan_resume();
}

void kasan_settle(void)
{
    for (unsigned i = 0; i < QUARANTINE; i++) {
        release(quarantine[i]);
        quarantine[i] = NULL;
    }
}

static void free_page(void *page, uint32_t caller)
{
    if (*shadow_of((vaddr_t)page) == SHADOW_FRAME_FREED)
        kasan_report("second free", (vaddr_t)page, PAGE_SIZE, caller);
    kasan_poison(page, PAGE_SIZE, SHADOW_HEAP_REDZONE);
    __real_heap_free(page);
}

static void free_object(struct kasan_header *header, uint32_t caller)
{
    void *object = header + 1;

    if (header->magic != KASAN_MAGIC || header->freed_by)
        kasan_report(header->magic == KASAN_MAGIC ? "second free" : "free of what is no object",
                     (vaddr_t)object, header->size, caller);
    header->freed_by = caller;
    kasan_poison(object, ROUND_UP(header->size, GRANULE), SHADOW_HEAP_FREED);
    release(quarantine[next]);
    quarantine[next] = header;
    next = (next + 1) % QUARANTINE;
}

void __wrap_heap_free(void *object);
void __wrap_heap_free(void *object)
{
    if (!object)
        return;
    if (is_whole_page(object))
        free_page(object, CALLER);
    else
        free_object((struct kasan_header *)object - 1, CALLER);
}

/* --- stacks ------------------------------------------------------------------------------------
 */

/* What another thread's frames left there. */
static void unpoison_stack(const struct thread *thread)
{
    vaddr_t bottom = ROUND_DOWN((vaddr_t)thread->top, KSTACK_SIZE);

    kasan_unpoison((void *)bottom, KSTACK_SIZE);
}

struct thread *__real_thread_create(void (*entry)(void));
struct thread *__wrap_thread_create(void (*entry)(void));
struct thread *__wrap_thread_create(void (*entry)(void))
{
    struct thread *thread = __real_thread_create(entry);

    if (thread)
        unpoison_stack(thread);
    return thread;
}

void __real_thread_restart(struct thread *thread, void (*entry)(void));
void __wrap_thread_restart(struct thread *thread, void (*entry)(void));
void __wrap_thread_restart(struct thread *thread, void (*entry)(void))
{
    unpoison_stack(thread);
    __real_thread_restart(thread, entry);
}

/* Below the caller's frame nothing is alive. What is poisoned there is of a call that the gate page
 * ended itself, when it brought the thread a message (kernel/ipc_direct.h). */
static void unpoison_below(const void *frame)
{
    vaddr_t bottom = ROUND_DOWN((vaddr_t)frame, KSTACK_SIZE);

    if ((vaddr_t)frame >= KSTACK_AREA && (vaddr_t)frame < KSTACK_AREA_LIMIT)
        kasan_unpoison((void *)bottom, ROUND_DOWN((vaddr_t)frame, GRANULE) - bottom);
}

void __real_direct_settle(struct thread *thread);
void __wrap_direct_settle(struct thread *thread);
void __wrap_direct_settle(struct thread *thread)
{
    unpoison_below(__builtin_frame_address(0));
    __real_direct_settle(thread);
}
