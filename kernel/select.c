/* select(2) and pselect6(2): bit sets of descriptors, and two ways to pass them. */
#include "kernel/file.h"
#include "kernel/poll.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "mm/heap.h"

#define SET_WORDS (FILES_MAX / 32)

enum {
    SET_READ,
    SET_WRITE,
    SET_EXCEPT,
    NR_SETS,
};

/* What poll says of a descriptor that is in the set's sense ready. */
static const uint32_t ready_bits[NR_SETS] = {
    [SET_READ] = POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
    [SET_WRITE] = POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR,
    [SET_EXCEPT] = POLLPRI,
};

struct select {
    uint32_t count; /* descriptors that are looked at */
    uint32_t asked[NR_SETS][SET_WORDS];
    uint32_t ready[NR_SETS][SET_WORDS];
};

/* What the three sets are in user memory. */
struct user_sets {
    unsafe_bytes sets[NR_SETS];
};

static size_t set_bytes(const struct select *select)
{
    return (select->count + 31) / 32 * sizeof(uint32_t);
}

static bool is_asked(const struct select *select, unsigned set, uint32_t fd)
{
    return select->asked[set][fd / 32] & (1u << fd % 32);
}

/* How many sets the descriptor is ready in; -EBADF if it is none. */
static int scan_descriptor(struct select *select, struct poll_table *table, uint32_t fd)
{
    uint32_t bits = poll_descriptor(table, fd);
    int ready = 0;

    if (bits & POLLNVAL)
        return -EBADF;
    for (unsigned set = 0; set < NR_SETS; set++) {
        if (is_asked(select, set, fd) && (bits & ready_bits[set])) {
            select->ready[set][fd / 32] |= 1u << fd % 32;
            ready++;
        }
    }
    return ready;
}

static int scan_sets(void *context, struct poll_table *table)
{
    struct select *select = context;
    int ready = 0;

    memset(select->ready, 0, sizeof(select->ready));
    for (uint32_t fd = 0; fd < select->count; fd++) {
        if (!is_asked(select, SET_READ, fd) && !is_asked(select, SET_WRITE, fd) &&
            !is_asked(select, SET_EXCEPT, fd))
            continue;
        int result = scan_descriptor(select, table, fd);
        if (result < 0)
            return result;
        ready += result;
    }
    return ready;
}

static long fetch_and_scan(struct select *select, const struct user_sets *user, uint64_t deadline)
{
    for (unsigned set = 0; set < NR_SETS; set++) {
        if (!unsafe_is_null(user->sets[set]) &&
            copy_u2k(select->asked[set], user->sets[set], set_bytes(select)))
            return -EFAULT;
    }
    long result = poll_until(scan_sets, select, deadline);
    if (result < 0)
        return result;
    for (unsigned set = 0; set < NR_SETS; set++) {
        if (!unsafe_is_null(user->sets[set]) &&
            copy_k2u(user->sets[set], select->ready[set], set_bytes(select)))
            return -EFAULT;
    }
    return result;
}

static long select_files(int32_t count, const struct user_sets *user, uint64_t deadline)
{
    if (count < 0)
        return -EINVAL;
    struct select *select = heap_alloc_zeroed(sizeof(*select));
    if (!select)
        return -ENOMEM;
    select->count = MIN(count, FILES_MAX);
    long result = fetch_and_scan(select, user, deadline);
    heap_free(select);
    return result;
}

static long select_timeval(int32_t count, const struct user_sets *user, unsafe_timeval time)
{
    struct poll_timeout timeout;
    int error = poll_take_timeout(&timeout, user_timeval(time));

    if (error)
        return error;
    return poll_give_rest(&timeout, select_files(count, user, timeout.deadline));
}

SYSCALL_DEFINE5(_newselect, int32_t, count, unsafe_bytes, in, unsafe_bytes, out, unsafe_bytes,
                except, unsafe_timeval, timeout)
{
    return select_timeval(count, &(struct user_sets){{in, out, except}}, timeout);
}

/* The oldest form: one pointer to all arguments. */
struct select_arguments {
    int32_t count;
    struct user_sets user;
    unsafe_timeval timeout;
};
_Static_assert(sizeof(struct select_arguments) == 20, "select: size of the arguments");
UNSAFE_POINTER(select_arguments, struct select_arguments);

SYSCALL_DEFINE1(select, unsafe_select_arguments, from)
{
    struct select_arguments arguments;

    if (copy_object_u2k(&arguments, from))
        return -EFAULT;
    return select_timeval(arguments.count, &arguments.user, arguments.timeout);
}

/* pselect6's sixth argument points to its sixth and seventh. */
struct mask_argument {
    unsafe_bytes mask;
    uint32_t size;
};
UNSAFE_POINTER(mask_argument, struct mask_argument);

static long pselect(int32_t count, const struct user_sets *user, struct user_time time,
                    unsafe_mask_argument from)
{
    struct mask_argument argument = {.size = 0};
    struct poll_timeout timeout;

    if (!unsafe_is_null(from) && copy_object_u2k(&argument, from))
        return -EFAULT;
    int error = poll_take_timeout(&timeout, time);
    if (!error)
        error = poll_take_mask(argument.mask, argument.size);
    if (error)
        return error;
    return poll_give_rest(&timeout, select_files(count, user, timeout.deadline));
}

SYSCALL_DEFINE6(pselect6, int32_t, count, unsafe_bytes, in, unsafe_bytes, out, unsafe_bytes, except,
                unsafe_timespec, timeout, unsafe_mask_argument, mask)
{
    return pselect(count, &(struct user_sets){{in, out, except}}, user_timespec(timeout), mask);
}

SYSCALL_DEFINE6(pselect6_time64, int32_t, count, unsafe_bytes, in, unsafe_bytes, out, unsafe_bytes,
                except, unsafe_timespec64, timeout, unsafe_mask_argument, mask)
{
    return pselect(count, &(struct user_sets){{in, out, except}}, user_timespec64(timeout), mask);
}
