/*
 * The copy strategy `direct`: the kernel runs on the process's own directory, so it dereferences.
 */
#include "arch/i386/cpu.h"
#include "mm/copy_steps.h"

/* CR4.SMAP keeps ring 0 from user pages while EFLAGS.AC is clear (SDM 3A 4.6.1): it is set for
 * these copies alone. A fault in their middle is handled with AC clear, as every entry has it. */
static inline void user_pages_open(void)
{
    if (cpu.smap)
        __asm__ volatile("stac" : : : "memory", "cc");
}

static inline void user_pages_close(void)
{
    if (cpu.smap)
        __asm__ volatile("clac" : : : "memory", "cc");
}

static size_t to_kernel_step(const struct copy_job *job, size_t done, size_t size)
{
    user_pages_open();
    size_t left = copy_or_fault(job->kernel + done, (const void *)(job->user + done), size);
    user_pages_close();
    return left;
}

static size_t to_user_step(const struct copy_job *job, size_t done, size_t size)
{
    user_pages_open();
    size_t left = copy_or_fault((void *)(job->user + done), job->kernel + done, size);
    user_pages_close();
    return left;
}

static size_t clear_step(const struct copy_job *job, size_t done, size_t size)
{
    user_pages_open();
    size_t left = clear_or_fault((void *)(job->user + done), size);
    user_pages_close();
    return left;
}

COPY_STRATEGY(direct, LARGE_PAGE, copy_left_nothing);
