#include "kernel/instruments/kcov.h"

#include "arch/i386/irq.h"
#include "arch/i386/paging.h"
#include "kernel/devices.h"
#include "kernel/fs/vfs.h"
#include "kernel/instruments/stacks.h"
#include "kernel/process.h"
#include "mm/frame.h"
#include "mm/heap.h"

#define WORDS_PER_PAGE (PAGE_SIZE / sizeof(uint32_t))
#define PAGES_MAX      (PAGE_SIZE / sizeof(uint32_t *)) /* whose addresses fill a page */

/* Of an open file, and of the thread that it traces. */
struct kcov {
    uint32_t references;
    uint32_t size;        /* words of the array; 0: it has none yet */
    uint32_t **pages;     /* of the array */
    struct kcov **traces; /* where traced[] has it; NULL: it traces nobody */
};

/* By kernel stack; what is on no thread's has no trace. */
static struct kcov *traced[NR_STACKS];

static bool in_interrupt;

/* Of blocks of mm/ and kernel/, what the compiler calls first. */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    unsigned stack = stack_number((vaddr_t)__builtin_frame_address(0));
    const struct kcov *kcov = stack < NR_STACKS ? traced[stack] : NULL;

    if (likely(!kcov) || in_interrupt)
        return;
    uint32_t position = kcov->pages[0][0] + 1;
    if (position < kcov->size) {
        kcov->pages[position / WORDS_PER_PAGE][position % WORDS_PER_PAGE] =
            (uint32_t)__builtin_return_address(0);
        kcov->pages[0][0] = position;
    }
}

/* --- the object --------------------------------------------------------------------------------
 */

static unsigned nr_pages(const struct kcov *kcov)
{
    return ROUND_UP(kcov->size, WORDS_PER_PAGE) / WORDS_PER_PAGE;
}

static void free_array(struct kcov *kcov)
{
    for (unsigned i = 0; kcov->pages && i < nr_pages(kcov); i++) {
        if (kcov->pages[i])
            frame_put(direct_map_paddr(kcov->pages[i]));
    }
    heap_free(kcov->pages);
}

static void kcov_put(struct kcov *kcov)
{
    if (--kcov->references)
        return;
    free_array(kcov);
    heap_free(kcov);
}

static void stop(struct kcov *kcov)
{
    *kcov->traces = NULL;
    kcov->traces = NULL;
    kcov_put(kcov);
}

/* --- its file ----------------------------------------------------------------------------------
 */

static int kcov_open(struct file *file)
{
    struct kcov *kcov = heap_alloc_zeroed(sizeof(*kcov));

    if (!kcov)
        return -ENOMEM;
    kcov->references = 1;
    file->object = kcov;
    return 0;
}

static void kcov_release(struct file *file)
{
    kcov_put(file->object);
}

/* All of the array or nothing: Linux maps no part of it. */
static int kcov_may_map(struct file *file, uint32_t page, uint32_t size)
{
    const struct kcov *kcov = file->object;

    return !kcov->size || page || size != kcov->size * sizeof(uint32_t) ? -EINVAL : 0;
}

static int kcov_frame(struct file *file, uint32_t page, bool for_write, paddr_t *frame)
{
    const struct kcov *kcov = file->object;

    (void)for_write;
    if (page >= nr_pages(kcov))
        return -EFAULT;
    *frame = direct_map_paddr(kcov->pages[page]);
    frame_get(*frame);
    return 0;
}

static int init_trace(struct kcov *kcov, uint32_t size)
{
    if (kcov->size)
        return -EBUSY;
    if (size < 2 || size > INT32_MAX / sizeof(uint32_t))
        return -EINVAL;
    if (size > PAGES_MAX * WORDS_PER_PAGE)
        return -ENOMEM;
    struct kcov made = {.size = size, .pages = heap_alloc_zeroed(PAGE_SIZE)};
    for (unsigned i = 0; i < nr_pages(&made); i++) {
        paddr_t frame = made.pages ? frame_alloc_zeroed() : NO_FRAME;
        if (!frame.value) {
            free_array(&made);
            return -ENOMEM;
        }
        made.pages[i] = direct_map(frame);
    }
    kcov->pages = made.pages;
    kcov->size = size;
    return 0;
}

static int enable(struct kcov *kcov, uint32_t mode)
{
    struct kcov **own = &traced[stack_number((vaddr_t)current_thread()->top)];

    if (!kcov->size)
        return -EINVAL;
    if (kcov->traces || *own)
        return kcov->traces ? -EINVAL : -EBUSY;
    if (mode != KCOV_TRACE_PC)
        return mode == KCOV_TRACE_CMP ? -ENOTSUPP : -EINVAL;
    kcov->references++;
    kcov->traces = own;
    *own = kcov;
    return 0;
}

static int disable(struct kcov *kcov, uint32_t argument)
{
    if (argument || !kcov->traces ||
        kcov->traces != &traced[stack_number((vaddr_t)current_thread()->top)])
        return -EINVAL;
    stop(kcov);
    return 0;
}

static long kcov_ioctl(struct file *file, uint32_t request, uint32_t argument)
{
    switch (request) {
    case KCOV_INIT_TRACE:
        return init_trace(file->object, argument);
    case KCOV_ENABLE:
        return enable(file->object, argument);
    case KCOV_DISABLE:
        return disable(file->object, argument);
    }
    return -ENOTTY;
}

const struct file_operations kcov_operations = {
    .open = kcov_open,
    .ioctl = kcov_ioctl,
    .may_map = kcov_may_map,
    .frame = kcov_frame,
    .release = kcov_release,
};

void kcov_init(void)
{
    static const char *const directories[] = {"/sys", "/sys/kernel", "/sys/kernel/debug"};

    for (unsigned i = 0; i < ARRAY_SIZE(directories); i++)
        node_make(directories[i], S_IFDIR | 0755, 0, NULL);
    node_make("/sys/kernel/debug/kcov", S_IFCHR | 0666, KCOV_MAJOR << 8, NULL);
}

/* --- where threads end, and what is not theirs -------------------------------------------------
 */

void __real_thread_free(struct thread *thread);
void __wrap_thread_free(struct thread *thread);
void __wrap_thread_free(struct thread *thread)
{
    struct kcov *kcov = traced[stack_number((vaddr_t)thread->top)];

    if (kcov)
        stop(kcov);
    __real_thread_free(thread);
}

/* When an interrupt comes is chance, and what it does is no part of the thread's call. */
void __real_irq_dispatch(uint32_t vector, bool from_user);
void __wrap_irq_dispatch(uint32_t vector, bool from_user);
void __wrap_irq_dispatch(uint32_t vector, bool from_user)
{
    in_interrupt = true;
    __real_irq_dispatch(vector, from_user);
    in_interrupt = false;
}
