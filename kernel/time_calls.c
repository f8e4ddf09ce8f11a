/* nanosleep, clock_gettime and their 64-bit forms. Every clock counts from boot. */
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/time.h"

/* clock_gettime(2) */
#define CLOCK_REALTIME         0
#define CLOCK_MONOTONIC        1
#define CLOCK_MONOTONIC_RAW    4
#define CLOCK_REALTIME_COARSE  5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME         7
#define TIMER_ABSTIME          1

static bool clock_exists(int clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC ||
           (clock >= CLOCK_MONOTONIC_RAW && clock <= CLOCK_BOOTTIME);
}

static struct timespec64 to_timespec(uint64_t nanoseconds)
{
    uint32_t rest;
    uint64_t seconds = divide_u64(nanoseconds, NANOSECONDS, &rest);

    return (struct timespec64){.seconds = seconds, .nanoseconds = rest};
}

SYSCALL_DEFINE2(clock_gettime, int, clock, unsafe_timespec, time)
{
    if (!clock_exists(clock))
        return -EINVAL;
    struct timespec64 now = to_timespec(time_now());
    struct timespec result = {.seconds = now.seconds, .nanoseconds = now.nanoseconds};
    return copy_object_k2u(time, &result);
}

SYSCALL_DEFINE2(clock_gettime64, int, clock, unsafe_timespec64, time)
{
    if (!clock_exists(clock))
        return -EINVAL;
    struct timespec64 now = to_timespec(time_now());
    return copy_object_k2u(time, &now);
}

/* Nothing interrupts a sleep yet, so there is never a rest to report. */
static long sleep_for(int64_t seconds, int32_t nanoseconds, bool absolute)
{
    if (seconds < 0 || nanoseconds < 0 || nanoseconds >= (int32_t)NANOSECONDS)
        return -EINVAL;
    /* more than a century: the clock ends first */
    uint64_t length = (uint64_t)MIN(seconds, (int64_t)INT32_MAX) * NANOSECONDS + nanoseconds;
    struct wait_queue nobody;
    wait_init(&nobody);
    int error = wait_deadline(&nobody, false, absolute ? length : time_now() + length);
    return error == -ETIMEDOUT ? 0 : -ERESTARTNOHAND;
}

SYSCALL_DEFINE2(nanosleep, unsafe_timespec, request, unsafe_timespec, rest)
{
    struct timespec time;

    (void)rest;
    if (copy_object_u2k(&time, request))
        return -EFAULT;
    return sleep_for(time.seconds, time.nanoseconds, false);
}

SYSCALL_DEFINE4(clock_nanosleep_time64, int, clock, uint32_t, flags, unsafe_timespec64, request,
                unsafe_timespec64, rest)
{
    struct timespec64 time;

    (void)rest;
    if (!clock_exists(clock) || (flags & ~TIMER_ABSTIME))
        return -EINVAL;
    if (copy_object_u2k(&time, request))
        return -EFAULT;
    return sleep_for(time.seconds, time.nanoseconds, flags & TIMER_ABSTIME);
}
