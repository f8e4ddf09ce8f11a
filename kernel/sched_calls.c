/*
 * Priorities and scheduling policies. The scheduler is round robin for everybody: niceness and the
 * policies that are not real-time are kept and shown, and there are no real-time ones.
 */
#include "arch/i386/pit.h"
#include "kernel/abi_system.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "kernel/user_time.h"

/* --- niceness -----------------------------------------------------------------------------------
 */

#define NICE_MIN (-20)
#define NICE_MAX 19

struct selection {
    int which;
    int32_t who;
};

static bool is_selected(const struct process *process, struct selection selection)
{
    const struct process *own = current_process();

    if (selection.which == PRIO_USER)
        return process->credentials.user.real ==
               (selection.who ? (uint32_t)selection.who : own->credentials.user.real);
    if (selection.which == PRIO_PGRP)
        return process->group == (selection.who ? selection.who : own->group);
    return process->pid == (selection.who ? selection.who : own->pid);
}

SYSCALL_DEFINE2(getpriority, int, which, int32_t, who)
{
    struct process *process;
    int best = NICE_MAX + 1;

    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    list_for_each(process, &process_list, all) {
        if (is_selected(process, (struct selection){which, who}))
            best = MIN(best, process->nice);
    }
    /* moved above 0, where it is no error: 40 to 1 stand for -20 to 19 */
    return best > NICE_MAX ? -ESRCH : 20 - best;
}

/* Whether process is the caller's to say how it runs. */
static bool may_schedule(const struct process *process)
{
    uint32_t own = current_process()->credentials.user.effective;
    const struct identity *user = &process->credentials.user;

    return process_is_root() || own == user->real || own == user->effective;
}

static int set_nice(struct process *process, int nice)
{
    if (!may_schedule(process))
        return -EPERM;
    if (nice < process->nice && !process_is_root())
        return -EACCES;
    process->nice = nice;
    return 0;
}

SYSCALL_DEFINE3(setpriority, int, which, int32_t, who, int, nice)
{
    struct process *process;
    int error = -ESRCH;

    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    nice = MAX(NICE_MIN, MIN(nice, NICE_MAX));
    list_for_each(process, &process_list, all) {
        if (!is_selected(process, (struct selection){which, who}))
            continue;
        int result = set_nice(process, nice);
        /* the first error stays, success replaces only "none found" */
        if (error == -ESRCH || (result && !error))
            error = result;
    }
    return error;
}

SYSCALL_DEFINE1(nice, int, increment)
{
    struct process *process = current_process();

    increment = MAX(-40, MIN(increment, 40));
    int nice = MAX(NICE_MIN, MIN(process->nice + increment, NICE_MAX));
    if (increment < 0 && !process_is_root())
        return -EPERM;
    process->nice = nice;
    return 0;
}

/* --- policies -----------------------------------------------------------------------------------
 */

#define RT_PRIORITY_MIN 1
#define RT_PRIORITY_MAX 99

static bool is_ordinary(int policy)
{
    return policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

static bool is_realtime(int policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* The process of a call's pid, 0 for the caller. NULL after *error is -EINVAL or -ESRCH. */
static struct process *find_process(int32_t pid, int *error)
{
    struct process *process = pid > 0 ? process_find(pid) : pid ? NULL : current_process();

    *error = process ? 0 : pid < 0 ? -EINVAL : -ESRCH;
    return process;
}

SYSCALL_DEFINE1(sched_getscheduler, int32_t, pid)
{
    int error;
    struct process *process = find_process(pid, &error);

    return process ? process->policy : error;
}

SYSCALL_DEFINE2(sched_getparam, int32_t, pid, unsafe_sched_param, to)
{
    struct sched_param param = {.priority = 0};
    int error;

    if (unsafe_is_null(to) || !find_process(pid, &error))
        return unsafe_is_null(to) ? -EINVAL : error;
    return copy_object_k2u(to, &param);
}

static long set_policy(struct process *process, int policy, unsafe_sched_param from)
{
    struct sched_param param;

    if (copy_object_u2k(&param, from))
        return -EFAULT;
    if (is_realtime(policy))
        return param.priority < RT_PRIORITY_MIN || param.priority > RT_PRIORITY_MAX ? -EINVAL
                                                                                    : -EPERM;
    if (!is_ordinary(policy) || param.priority)
        return -EINVAL;
    if (!may_schedule(process))
        return -EPERM;
    if (process->policy == SCHED_IDLE && policy != SCHED_IDLE && !process_is_root())
        return -EPERM; /* it would be more than RLIMIT_NICE allows */
    process->policy = policy;
    return 0;
}

SYSCALL_DEFINE3(sched_setscheduler, int32_t, pid, int, policy, unsafe_sched_param, param)
{
    int error;
    struct process *process = find_process(pid, &error);

    if (unsafe_is_null(param) || policy < 0)
        return -EINVAL;
    return process ? set_policy(process, policy & ~SCHED_RESET_ON_FORK, param) : error;
}

SYSCALL_DEFINE2(sched_setparam, int32_t, pid, unsafe_sched_param, param)
{
    int error;
    struct process *process = find_process(pid, &error);

    if (unsafe_is_null(param))
        return -EINVAL;
    return process ? set_policy(process, process->policy, param) : error;
}

SYSCALL_DEFINE1(sched_get_priority_max, int, policy)
{
    return is_realtime(policy) ? RT_PRIORITY_MAX : is_ordinary(policy) ? 0 : -EINVAL;
}

SYSCALL_DEFINE1(sched_get_priority_min, int, policy)
{
    return is_realtime(policy) ? RT_PRIORITY_MIN : is_ordinary(policy) ? 0 : -EINVAL;
}

static long get_slice(int32_t pid, struct user_time to)
{
    int error;

    if (!find_process(pid, &error))
        return error;
    return user_time_store(to, NANOSECONDS / HZ);
}

SYSCALL_DEFINE2(sched_rr_get_interval, int32_t, pid, unsafe_timespec, to)
{
    return get_slice(pid, user_timespec(to));
}

SYSCALL_DEFINE2(sched_rr_get_interval_time64, int32_t, pid, unsafe_timespec64, to)
{
    return get_slice(pid, user_timespec64(to));
}

/* --- CPUs: there is number 0 --------------------------------------------------------------------
 */

#define ALL_CPUS 1u

SYSCALL_DEFINE3(sched_getaffinity, int32_t, pid, uint32_t, size, unsafe_u32, to)
{
    uint32_t cpus = ALL_CPUS;
    int error;

    /* counted in bits, of which there may be none after the 2^32nd */
    if (!(size << 3) || size % sizeof(cpus))
        return -EINVAL;
    if (!find_process(pid, &error))
        return error == -EINVAL ? -ESRCH : error;
    return copy_object_k2u(to, &cpus) ? -EFAULT : (long)sizeof(cpus);
}

SYSCALL_DEFINE3(sched_setaffinity, int32_t, pid, uint32_t, size, unsafe_u32, from)
{
    uint32_t cpus = 0;
    int error;

    if (copy_u2k(&cpus, unsafe_as_bytes(from), MIN(size, (uint32_t)sizeof(cpus))))
        return -EFAULT;
    if (!find_process(pid, &error))
        return error == -EINVAL ? -ESRCH : error;
    return cpus & ALL_CPUS ? 0 : -EINVAL;
}

SYSCALL_DEFINE3(getcpu, unsafe_u32, cpu, unsafe_u32, node, unsafe_bytes, cache)
{
    uint32_t number = 0;

    (void)cache;
    if (!unsafe_is_null(cpu) && copy_object_k2u(cpu, &number))
        return -EFAULT;
    if (!unsafe_is_null(node) && copy_object_k2u(node, &number))
        return -EFAULT;
    return 0;
}

SYSCALL_DEFINE0(sched_yield)
{
    sched_switch();
    return 0;
}
