/*
 * The copy strategy `window`: the directory that the kernel runs on borrows, in the slot of
 * USER_WINDOW, the entry of the user's directory for the 4 MiB that hold the address, and the copy
 * is a plain one on window addresses. No walk and no CR3 write, but an invlpg for each page.
 *
 * The window is open during a step only. What is borrowed must not outlive the table that it names:
 * the CPU walks it whenever it likes, and writes accessed bits. The kernel is not preempted and a
 * step does not sleep, so nobody else finds the window open; interrupts do not touch it.
 */
#include "arch/i386/asm.h"
#include "kernel/counters.h"
#include "mm/copy_steps.h"

/* From so many pages on, a CR3 load is cheaper than an invlpg for each, though it drops what the
 * kernel has in the TLB too: Linux's tlb_single_page_flush_ceiling. */
#define FLUSH_PAGES_MAX 33

static pte_t *slot(const struct space *space)
{
    pte_t *loaded = space->isolation == ISOLATION_SHARED ? space->directory : kernel_directory;

    return &loaded[directory_index(USER_WINDOW)];
}

/* Without PTE_USER nothing behind the window is a user page (SDM 3A 4.6.1), so SMAP does not mind,
 * nor is anything open to user mode that the slot's neighbours are not. */
static void *window_open(const struct space *space, vaddr_t user)
{
    slot(space)->bits = space->directory[directory_index(user)].bits & ~PTE_USER;
    return (void *)(USER_WINDOW + user % LARGE_PAGE);
}

/*
 * Forgets what a step of copied bytes from user on may have left in the TLB. invlpg also drops
 * every directory entry that the CPU has cached (SDM 3A 4.10.4.1), and a slot that was not present
 * was never cached, so opening needs no invalidation; nor does a page that faulted. A word may have
 * faulted in its second page though nothing was copied.
 */
static void window_close(const struct space *space, vaddr_t user, size_t copied)
{
    vaddr_t page = USER_WINDOW + ROUND_DOWN(user % LARGE_PAGE, PAGE_SIZE);
    vaddr_t end = USER_WINDOW + user % LARGE_PAGE + copied;

    slot(space)->bits = 0;
    if (copied > FLUSH_PAGES_MAX * PAGE_SIZE) {
        write_cr3(read_cr3());
        counters.cr3_writes++;
        return;
    }
    do
        invlpg(page);
    while ((page += PAGE_SIZE) < end);
}

static size_t to_kernel_step(const struct copy_job *job, size_t done, size_t size)
{
    const void *from = window_open(job->space, job->user + done);
    size_t left = copy_or_fault(job->kernel + done, from, size);

    window_close(job->space, job->user + done, size - left);
    return left;
}

static size_t to_user_step(const struct copy_job *job, size_t done, size_t size)
{
    void *to = window_open(job->space, job->user + done);
    size_t left = copy_or_fault(to, job->kernel + done, size);

    window_close(job->space, job->user + done, size - left);
    return left;
}

static size_t clear_step(const struct copy_job *job, size_t done, size_t size)
{
    void *to = window_open(job->space, job->user + done);
    size_t left = clear_or_fault(to, size);

    window_close(job->space, job->user + done, size - left);
    return left;
}

COPY_STRATEGY(window, LARGE_PAGE, copy_left_nothing);
