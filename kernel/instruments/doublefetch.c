/*
 * Double fetches: what a system call reads of user memory is written down, and that a byte is read
 * a second time is the end of the kernel. Between the two another thread may have changed it, and
 * what was checked need not be what is used. Only in kernels that are built with
 * FLAVOUR=doublefetch.
 *
 * A program that names the same memory twice is caught too, but for the ways that are known below.
 *
 * The linker gives this file the callers of the handlers and of the helpers that read (--wrap).
 */
#include "kernel/instruments/stacks.h"
#include "kernel/panic.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "kernel/syscall.h"
#include "mm/unsafe.h"

#define RANGES 32u /* of a call; the oldest gives way */

struct range {
    vaddr_t start, end;
    uint32_t reader; /* the code that asked for it */
};

/* What a call, which lives as long, has read until now. */
struct fetches {
    const char *name;
    uint32_t pointers[7]; /* its arguments, and where some doors leave the sixth */
    unsigned nr_ranges;
    struct range ranges[RANGES];
};

/* By kernel stack: the innermost call of its thread. */
static struct fetches *running[NR_STACKS];

static struct fetches **running_here(void)
{
    return &running[stack_number((vaddr_t)current_thread()->top)];
}

/* --- exceptions --------------------------------------------------------------------------------
 */

/* Functions that may read what another read before. Nothing is decided by the first read, or both
 * are of different arguments, which may be the same memory. */
static const struct {
    const char *first, *second;
} exceptions[] = {
    {"read_and_exec", "arguments_add_vector"},        /* a path and a vector of arguments */
    {"read_and_exec", "add_user_string"},             /* a path and an argument */
    {"arguments_add_vector", "add_user_string"},      /* a vector and a string */
    {"add_user_string", "arguments_add_vector"},      /* the same */
    {"add_user_string", "add_user_string"},           /* arguments; of a page the last byte */
    {"arguments_add_vector", "arguments_add_vector"}, /* arguments and environment */
    {"vector_read", "vector_gather"},                 /* a vector and an element */
    {"vector_read", "store"},                         /* the same, into a file of memory */
    {"vector_read", "tty_write"},                     /* into a terminal */
    {"vector_read", "master_write"},                  /* into its other end */
    {"vector_read", "kmsg_write"},                    /* into the log */
    {"vector_gather", "vector_gather"},               /* two elements */
    {"store", "store"},                               /* the same, into a file of memory */
    {"tty_write", "tty_write"},                       /* into a terminal */
    {"master_write", "master_write"},                 /* into its other end */
    {"kmsg_write", "kmsg_write"},                     /* into the log */
    {"pselect", "poll_take_mask"},                    /* a pointer to a mask, and the mask */
    {"pselect", "fetch_timespec"},                    /* and a time */
    {"pselect", "fetch_timespec64"},                  /* the same */
    {"fetch_timespec", "poll_take_mask"},             /* a time and the mask */
    {"fetch_timespec64", "poll_take_mask"},           /* the same */
    {"poll_take_mask", "fetch_and_scan"},             /* a mask and sets of descriptors */
    {"fetch_timespec", "set_fetch"},                  /* a time and pages of descriptors */
    {"fetch_timespec64", "set_fetch"},                /* the same */
    {"do_select", "fetch_timeval"},                   /* select's arguments and a time */
    {"do_select", "fetch_and_scan"},                  /* and sets of descriptors */
    {"fetch_timeval", "fetch_and_scan"},              /* a time and sets, both of these arguments */
    {"fetch_and_scan", "fetch_and_scan"},             /* two sets of them */
    {"poll_take_mask", "set_fetch"},                  /* a mask and descriptors */
    {"cap_pid", "do_capset"},                         /* a header and sets */
    {"key_of", "futex_wait"},                         /* the first looks whether it is there */
    {"key_of", "futex_wake_op"},                      /* so it does here */
    {"key_of", "futex_requeue"},                      /* and here */
};

static bool is_function(const char *name, uint32_t code)
{
    uint32_t offset;
    const char *found = symbol_name(code, &offset);

    /* without what the compiler adds to a function that it cut up */
    return found && !strncmp(found, name, strlen(name)) &&
           (!found[strlen(name)] || found[strlen(name)] == '.');
}

/* Names are slow to find, and thousands of arguments may be one string: the last pair is kept. */
static bool is_excepted(uint32_t first, uint32_t second)
{
    static uint32_t last_first, last_second;
    bool known = first == last_first && second == last_second;

    for (unsigned i = 0; !known && i < ARRAY_SIZE(exceptions); i++)
        known =
            is_function(exceptions[i].first, first) && is_function(exceptions[i].second, second);
    if (known) {
        last_first = first;
        last_second = second;
    }
    return known;
}

/* True if one argument leads to one place, and another to the other: the program passed the same
 * memory twice. */
static bool is_aliased(const struct fetches *call, vaddr_t first, vaddr_t second)
{
    unsigned to_first = 0, to_second = 0, to_both = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(call->pointers); i++) {
        to_first += call->pointers[i] == first;
        to_second += call->pointers[i] == second;
        to_both += call->pointers[i] == first && first == second;
    }
    return to_both ? to_both > 1 : to_first && to_second;
}

/* --- the record --------------------------------------------------------------------------------
 */

static _Noreturn void report(const struct fetches *call, const struct range *first, vaddr_t address,
                             uint32_t reader)
{
    uint32_t offset;
    const char *before = symbol_name(first->reader, &offset), *now = symbol_name(reader, &offset);

    panic("double fetch: %s reads %08x again: in %s (%08x), before in %s (%08x)", call->name,
          address, now ? now : "?", reader, before ? before : "?", first->reader);
}

static void add_range(struct fetches *call, const struct range *range)
{
    struct range *last = &call->ranges[(call->nr_ranges + RANGES - 1) % RANGES];

    if (call->nr_ranges && last->end == range->start && last->reader == range->reader)
        last->end = range->end;
    else
        call->ranges[call->nr_ranges++ % RANGES] = *range;
}

static void fetched(vaddr_t address, size_t size, uint32_t reader)
{
    struct fetches *call = *running_here();
    const struct range range = {address, address + size, reader};

    if (!call || !size)
        return;
    for (unsigned i = 0; i < MIN(call->nr_ranges, RANGES); i++) {
        const struct range *r = &call->ranges[i];
        if (address < r->end && r->start < range.end && !is_aliased(call, r->start, address) &&
            !is_excepted(r->reader, reader))
            report(call, r, MAX(address, r->start), reader);
    }
    add_range(call, &range);
}

#define READER ((uint32_t)__builtin_return_address(0))

/* --- what reads --------------------------------------------------------------------------------
 */

int __real_copy_u2k(void *to, unsafe_bytes from, size_t size);
int __wrap_copy_u2k(void *to, unsafe_bytes from, size_t size);
int __wrap_copy_u2k(void *to, unsafe_bytes from, size_t size)
{
    int error = __real_copy_u2k(to, from, size);

    if (!error)
        fetched(from.address, size, READER);
    return error;
}

#define PARTIAL(name)                                               \
    size_t __real_##name(void *to, unsafe_bytes from, size_t size); \
    size_t __wrap_##name(void *to, unsafe_bytes from, size_t size); \
    size_t __wrap_##name(void *to, unsafe_bytes from, size_t size)  \
    {                                                               \
        size_t done = __real_##name(to, from, size);                \
                                                                    \
        fetched(from.address, done, READER);                        \
        return done;                                                \
    }

PARTIAL(copy_u2k_partial)
PARTIAL(copy_u2k_over)

#define PEEK(bits)                                                          \
    int __real_unsafe_peek##bits(uint##bits##_t *value, unsafe_bytes from); \
    int __wrap_unsafe_peek##bits(uint##bits##_t *value, unsafe_bytes from); \
    int __wrap_unsafe_peek##bits(uint##bits##_t *value, unsafe_bytes from)  \
    {                                                                       \
        int error = __real_unsafe_peek##bits(value, from);                  \
                                                                            \
        if (!error)                                                         \
            fetched(from.address, sizeof(*value), READER);                  \
        return error;                                                       \
    }

PEEK(8)
PEEK(16)
PEEK(32)

ssize_t __real_copy_str_u2k(char *to, unsafe_string from, size_t size);
ssize_t __wrap_copy_str_u2k(char *to, unsafe_string from, size_t size);
ssize_t __wrap_copy_str_u2k(char *to, unsafe_string from, size_t size)
{
    ssize_t length = __real_copy_str_u2k(to, from, size);

    if (length >= 0)
        fetched(from.address, length + 1, READER);
    else if (length == -ENAMETOOLONG)
        fetched(from.address, size, READER);
    return length;
}

int __real_syscall_argument6(const struct trapframe *tf, uint32_t *value);
int __wrap_syscall_argument6(const struct trapframe *tf, uint32_t *value);
int __wrap_syscall_argument6(const struct trapframe *tf, uint32_t *value)
{
    int error = __real_syscall_argument6(tf, value);
    struct fetches *call = *running_here();

    if (call && !error)
        call->pointers[5] = *value;
    return error;
}

/* --- calls -------------------------------------------------------------------------------------
 */

/* A call within a batch has a trapframe of its own, and a record. */
static long run(const char *name, syscall_handler handler, struct trapframe *tf)
{
    struct fetches **here = running_here();
    struct fetches fetches = {
        .name = name,
        .pointers = {tf->ebx, tf->ecx, tf->edx, tf->esi, tf->edi, tf->ebp, tf->esp},
    };
    struct fetches *outer = tf == current_trapframe() ? NULL : *here;

    *here = &fetches;
    long result = handler(tf);
    *here = outer;
    return result;
}

#define SYSCALL(number, name, ...)                \
    long __real_sys_##name(struct trapframe *tf); \
    long __wrap_sys_##name(struct trapframe *tf); \
    long __wrap_sys_##name(struct trapframe *tf)  \
    {                                             \
        return run(#name, __real_sys_##name, tf); \
    }
#include "kernel/syscalls.def"
#undef SYSCALL

/* The last that a thread reads is a list that may go in circles, and it may be in no call then: one
 * that is killed may not have made any, or its last was ended by the gate page itself, when it
 * brought a message (kernel/ipc_direct.h). The next thread on this stack has no record either. */
void __real_futex_thread_exit(struct thread *thread);
void __wrap_futex_thread_exit(struct thread *thread);
void __wrap_futex_thread_exit(struct thread *thread)
{
    *running_here() = NULL;
    __real_futex_thread_exit(thread);
}
