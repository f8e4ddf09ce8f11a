/*
 * The copy strategy `direct`: the kernel runs on the process's own directory, so it dereferences,
 * and the MMU checks and pages in. CR0.WP makes read-only pages fault for the kernel too. A fault
 * that cannot be resolved continues at the fixup that the exception table names
 * (arch/i386/traps.c).
 *
 * The MMU checks at ring 0, which may touch supervisor pages: the range check of the callers is
 * what keeps a pointer to the kernel out.
 */
#include "arch/i386/cpu.h"
#include "mm/copy_strategy.h"

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

/* Words, then the last bytes. Returns the bytes not copied. */
static size_t copy_or_fault(void *to, const void *from, size_t size)
{
    size_t words = size / 4, tail = size % 4;

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
static size_t clear_or_fault(void *to, size_t size)
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

static size_t direct_to_kernel(struct space *space, void *to, vaddr_t from, size_t size)
{
    (void)space;
    user_pages_open();
    size_t left = copy_or_fault(to, (const void *)from, size);
    user_pages_close();
    return size - left;
}

static size_t direct_to_user(struct space *space, vaddr_t to, const void *from, size_t size)
{
    (void)space;
    user_pages_open();
    size_t left = copy_or_fault((void *)to, from, size);
    user_pages_close();
    return size - left;
}

static size_t direct_clear(struct space *space, vaddr_t to, size_t size)
{
    (void)space;
    user_pages_open();
    size_t left = clear_or_fault((void *)to, size);
    user_pages_close();
    return size - left;
}

static size_t direct_string(struct space *space, char *to, vaddr_t from, size_t size)
{
    size_t left = size;

    (void)space;
    user_pages_open();
    __asm__ volatile("1:\tmovb (%2), %%al\n\t"
                     "incl %2\n\t"
                     "stosb\n\t"
                     "decl %0\n\t"
                     "testb %%al, %%al\n\t"
                     "jz 2f\n\t"
                     "testl %0, %0\n\t"
                     "jnz 1b\n"
                     "2:\n"
                     "\t.pushsection .exception_table, \"a\"\n\t"
                     ".long 1b, 2b\n"
                     "\t.popsection"
                     : "+r"(left), "+D"(to), "+r"(from)
                     :
                     : "eax", "memory");
    user_pages_close();
    return size - left;
}

const struct copy_strategy copy_direct = {
    .to_kernel = direct_to_kernel,
    .to_user = direct_to_user,
    .clear = direct_clear,
    .string = direct_string,
};
