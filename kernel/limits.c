#include "kernel/limits.h"

#include "kernel/abi_system.h"
#include "kernel/file.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "mm/space.h"

#define UNLIMITED                      \
    {                                  \
        LIMIT_INFINITY, LIMIT_INFINITY \
    }
#define FIXED(value) \
    {                \
        value, value \
    }

const struct limits limits_default = {
    .of =
        {
            [RLIMIT_CPU] = UNLIMITED,
            [RLIMIT_FSIZE] = UNLIMITED,
            [RLIMIT_DATA] = UNLIMITED,
            [RLIMIT_STACK] = {8 << 20, LIMIT_INFINITY},
            [RLIMIT_CORE] = {0, LIMIT_INFINITY},
            [RLIMIT_RSS] = UNLIMITED,
            [RLIMIT_NPROC] = FIXED(PROCESSES_MAX),
            [RLIMIT_NOFILE] = FIXED(FILES_MAX),
            [RLIMIT_MEMLOCK] = FIXED(8 << 20),
            [RLIMIT_AS] = UNLIMITED,
            [RLIMIT_LOCKS] = UNLIMITED,
            [RLIMIT_SIGPENDING] = FIXED(PROCESSES_MAX),
            [RLIMIT_MSGQUEUE] = FIXED(819200),
            [RLIMIT_NICE] = FIXED(0),
            [RLIMIT_RTPRIO] = FIXED(0),
            [RLIMIT_RTTIME] = UNLIMITED,
        },
};

uint64_t limit_of(const struct process *process, unsigned resource)
{
    return process->limits.of[resource].current;
}

uint32_t limit_of_stack(const struct process *process)
{
    return MIN(limit_of(process, RLIMIT_STACK), (uint64_t)UINT32_MAX);
}

/* A limit may go down, and up to its maximum; only root raises that. */
static int limit_set(struct process *process, uint32_t resource, struct limit new)
{
    struct limit *limit = &process->limits.of[resource];

    if (new.current > new.maximum)
        return -EINVAL;
    if (resource == RLIMIT_NOFILE && new.maximum > FILES_MAX)
        return -EPERM;
    if (new.maximum > limit->maximum && !process_is_root())
        return -EPERM;
    *limit = new;
    struct thread *thread = process_first_thread(process);
    if (resource == RLIMIT_STACK && thread && thread->space)
        thread->space->stack_limit = limit_of_stack(process);
    return 0;
}

/* --- getrlimit, setrlimit -----------------------------------------------------------------------
 */

static uint32_t to_user(uint64_t limit, uint32_t infinity)
{
    return limit >= infinity ? infinity : limit;
}

static long limit_get32(uint32_t resource, unsafe_rlimit to, uint32_t infinity)
{
    if (resource >= NR_LIMITS)
        return -EINVAL;
    const struct limit *limit = &current_process()->limits.of[resource];
    struct rlimit result = {
        .current = to_user(limit->current, infinity),
        .maximum = to_user(limit->maximum, infinity),
    };
    return copy_object_k2u(to, &result);
}

SYSCALL_DEFINE2(getrlimit, uint32_t, resource, unsafe_rlimit, limit)
{
    return limit_get32(resource, limit, RLIM_INFINITY_OLD);
}

SYSCALL_DEFINE2(ugetrlimit, uint32_t, resource, unsafe_rlimit, limit)
{
    return limit_get32(resource, limit, RLIM_INFINITY);
}

static uint64_t from_user(uint32_t limit)
{
    return limit == RLIM_INFINITY ? LIMIT_INFINITY : limit;
}

SYSCALL_DEFINE2(setrlimit, uint32_t, resource, unsafe_rlimit, from)
{
    struct rlimit new;

    if (copy_object_u2k(&new, from))
        return -EFAULT;
    if (resource >= NR_LIMITS)
        return -EINVAL;
    return limit_set(current_process(), resource,
                     (struct limit){from_user(new.current), from_user(new.maximum)});
}

/* --- prlimit ------------------------------------------------------------------------------------
 */

static bool may_limit(const struct process *process)
{
    const struct identity *own = &current_process()->credentials.user;
    const struct identity *user = &process->credentials.user;

    return process == current_process() || process_is_root() ||
           (own->real == user->real && own->real == user->effective && own->real == user->saved);
}

SYSCALL_DEFINE4(prlimit64, int32_t, pid, uint32_t, resource, unsafe_limit, from, unsafe_limit, to)
{
    struct limit new = {0, 0}, old;

    if (!unsafe_is_null(from) && copy_object_u2k(&new, from))
        return -EFAULT;
    struct process *process = pid ? process_find(pid) : current_process();
    if (!process)
        return -ESRCH;
    if (!may_limit(process))
        return -EPERM;
    if (resource >= NR_LIMITS)
        return -EINVAL;
    old = process->limits.of[resource];
    int error = unsafe_is_null(from) ? 0 : limit_set(process, resource, new);
    if (!error && !unsafe_is_null(to) && copy_object_k2u(to, &old))
        return -EFAULT;
    return error;
}
