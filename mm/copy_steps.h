/*
 * What the copy strategies have in common that let the MMU check: `window`, `bounce`, `direct`.
 *
 * They access user memory with instructions that are in an exception table. A fault ends the access
 * short, in C the page is made present, and the rest is tried again. So a page costs nothing but
 * its first touch, and what a fault allows is decided in one place, space_fault().
 *
 * The MMU checks at ring 0, which may touch supervisor pages: the range check of the callers keeps
 * out everything but the user's own tables, in which every present page is the user's. CR0.WP makes
 * read-only pages fault for the kernel too (SDM 3A 4.6.1).
 */
#ifndef MM_COPY_STEPS_H
#define MM_COPY_STEPS_H

#include "kernel/instruments/kasan.h"
#include "mm/copy_strategy.h"

/* What is copied: between user memory and kernel memory, or zeroes into user memory (NULL). */
struct copy_job {
    struct space *space;
    vaddr_t user;
    char *kernel;
    uint32_t access; /* to user memory: REGION_READ or REGION_WRITE */
};

/* Copies size bytes from the done-th on; returns how many were left when an access faulted. */
typedef size_t (*copy_step)(const struct copy_job *job, size_t done, size_t size);

/*
 * Copies size bytes by steps of no more than at_most, none of which passes a multiple of it.
 *
 * A word that lies across two pages faults whole, even if the fault is its second page's. So the
 * step after a fault keeps to the page, which copies those bytes one by one; what follows begins
 * with the next page, and the count is exact to the byte.
 */
ALWAYS_INLINE size_t copy_in_steps(const struct copy_job *job, size_t size, size_t at_most,
                                   copy_step step)
{
    size_t done = 0;
    bool faulted = false;

    while (done < size) {
        vaddr_t user = job->user + done;
        size_t part = MIN(size - done, at_most - user % at_most);
        if (faulted)
            part = copy_page_rest(user, part);
        size_t left = step(job, done, part);
        done += part - left;
        faulted = left;
        if (faulted && copy_fault_in(job->space, job->user + done, job->access))
            break;
    }
    return done;
}

#define COPY_STRING_STEP \
    64 /* longer than most paths; what is behind the terminator is for nothing */

/* The same for a string, which ends behind its terminator; no step passes the end of a page. */
ALWAYS_INLINE size_t copy_string_in_steps(const struct copy_job *job, size_t size, copy_step step)
{
    size_t done = 0;

    while (done < size) {
        vaddr_t user = job->user + done;
        size_t part = MIN(size - done, COPY_STRING_STEP - user % COPY_STRING_STEP);
        size_t left = step(job, done, part);
        size_t end = done + part - left;
        while (done < end) {
            if (!job->kernel[done++])
                return done;
        }
        if (left && copy_fault_in(job->space, job->user + done, job->access))
            break;
    }
    return done;
}

/*
 * Makes copy_NAME of to_kernel_step(), to_user_step() and clear_step(). The first two leave job's
 * data nowhere else once done(size) has run, for a copy of that size.
 */
#define COPY_STRATEGY(name, at_most, done)                                                       \
    static size_t name##_to_kernel(struct space *space, void *to, vaddr_t from, size_t size)     \
    {                                                                                            \
        const struct copy_job job = {space, from, to, REGION_READ};                              \
        size_t copied = copy_in_steps(&job, size, at_most, to_kernel_step);                      \
        done(size);                                                                              \
        return copied;                                                                           \
    }                                                                                            \
    static size_t name##_to_user(struct space *space, vaddr_t to, const void *from, size_t size) \
    {                                                                                            \
        const struct copy_job job = {space, to, (char *)from, REGION_WRITE};                     \
        size_t copied = copy_in_steps(&job, size, at_most, to_user_step);                        \
        done(size);                                                                              \
        return copied;                                                                           \
    }                                                                                            \
    static size_t name##_clear(struct space *space, vaddr_t to, size_t size)                     \
    {                                                                                            \
        const struct copy_job job = {space, to, NULL, REGION_WRITE};                             \
        return copy_in_steps(&job, size, at_most, clear_step);                                   \
    }                                                                                            \
    static size_t name##_string(struct space *space, char *to, vaddr_t from, size_t size)        \
    {                                                                                            \
        const struct copy_job job = {space, from, to, REGION_READ};                              \
        size_t copied = copy_string_in_steps(&job, size, to_kernel_step);                        \
        done(COPY_STRING_STEP);                                                                  \
        return copied;                                                                           \
    }                                                                                            \
    const struct copy_strategy copy_##name = {                                                   \
        .to_kernel = name##_to_kernel,                                                           \
        .to_user = name##_to_user,                                                               \
        .clear = name##_clear,                                                                   \
        .string = name##_string,                                                                 \
    }

/* done() of a strategy that copies without a stop on the way. */
static inline void copy_left_nothing(size_t size)
{
    (void)size;
}

/* Words, then the last bytes. Returns the bytes not copied. */
static inline size_t copy_or_fault(void *to, const void *from, size_t size)
{
    size_t words = size / 4, tail = size % 4;

    kasan_check_read(from, size);
    kasan_check_write(to, size);
    __asm__ volatile("1:\trep movsl\n\t"
                     "movl %3, %%ecx\n"
                     "2:\trep movsb\n"
                     "3:\n"
                     "\t.pushsection .text.fixup, \"ax\"\n"
                     "4:\tleal (%3,%%ecx,4), %%ecx\n\t"
                     "jmp 3b\n"
                     "\t.popsection\n"
                     "\t.pushsection .exception_table, \"a\"\n\t"
                     ".long 1b, 4b, 2b, 3b\n"
                     "\t.popsection"
                     : "+c"(words), "+D"(to), "+S"(from)
                     : "r"(tail)
                     : "memory");
    return words;
}

/* The same with zeroes. */
static inline size_t clear_or_fault(void *to, size_t size)
{
    size_t words = size / 4, tail = size % 4;

    __asm__ volatile("1:\trep stosl\n\t"
                     "movl %2, %%ecx\n"
                     "2:\trep stosb\n"
                     "3:\n"
                     "\t.pushsection .text.fixup, \"ax\"\n"
                     "4:\tleal (%2,%%ecx,4), %%ecx\n\t"
                     "jmp 3b\n"
                     "\t.popsection\n"
                     "\t.pushsection .exception_table, \"a\"\n\t"
                     ".long 1b, 4b, 2b, 3b\n"
                     "\t.popsection"
                     : "+c"(words), "+D"(to)
                     : "r"(tail), "a"(0)
                     : "memory");
    return words;
}

#endif
