/* Clocks read and set, and CPU time reported. Sleeping is in kernel/sleep_calls.c. */
#include "kernel/clocks.h"
#include "kernel/cputime.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "kernel/user_time.h"

/* --- clocks -------------------------------------------------------------------------------------
 */

static long get_time(int clock, struct user_time to)
{
    uint64_t now;

    if (clock_read(clock, &now))
        return -EINVAL;
    return user_time_store(to, now);
}

SYSCALL_DEFINE2(clock_gettime, int, clock, unsafe_timespec, time)
{
    return get_time(clock, user_timespec(time));
}

SYSCALL_DEFINE2(clock_gettime64, int, clock, unsafe_timespec64, time)
{
    return get_time(clock, user_timespec64(time));
}

static long get_resolution(int clock, struct user_time to)
{
    uint64_t resolution;

    if (clock_resolution(clock, &resolution))
        return -EINVAL;
    return user_time_is_null(to) ? 0 : user_time_store(to, resolution);
}

SYSCALL_DEFINE2(clock_getres, int, clock, unsafe_timespec, resolution)
{
    return get_resolution(clock, user_timespec(resolution));
}

SYSCALL_DEFINE2(clock_getres_time64, int, clock, unsafe_timespec64, resolution)
{
    return get_resolution(clock, user_timespec64(resolution));
}

/* The time of day cannot be set to before the boot: CLOCK_MONOTONIC is never ahead of it. */
static int set_realtime(uint64_t nanoseconds)
{
    if (!process_is_root())
        return -EPERM;
    if (nanoseconds < time_now())
        return -EINVAL;
    time_set_realtime(nanoseconds);
    return 0;
}

static long set_time(int clock, struct user_time from)
{
    uint64_t now;

    if (clock != CLOCK_REALTIME)
        return -EINVAL;
    int error = user_time_fetch(&now, from);
    return error ? error : set_realtime(now);
}

SYSCALL_DEFINE2(clock_settime, int, clock, unsafe_timespec, time)
{
    return set_time(clock, user_timespec(time));
}

SYSCALL_DEFINE2(clock_settime64, int, clock, unsafe_timespec64, time)
{
    return set_time(clock, user_timespec64(time));
}

/* --- the time of day ----------------------------------------------------------------------------
 */

#define MINUTES_WEST_MAX (15 * 60)

static struct timezone timezone;

SYSCALL_DEFINE2(gettimeofday, unsafe_timeval, time, unsafe_timezone, zone)
{
    if (!unsafe_is_null(time) && user_time_store(user_timeval(time), time_realtime()))
        return -EFAULT;
    if (!unsafe_is_null(zone) && copy_object_k2u(zone, &timezone))
        return -EFAULT;
    return 0;
}

static int set_timezone(const struct timezone *zone)
{
    if (!process_is_root())
        return -EPERM;
    if (zone->minutes_west > MINUTES_WEST_MAX || zone->minutes_west < -MINUTES_WEST_MAX)
        return -EINVAL;
    timezone = *zone;
    return 0;
}

SYSCALL_DEFINE2(settimeofday, unsafe_timeval, time, unsafe_timezone, zone)
{
    struct timeval seconds = {0};
    struct timezone new_zone;
    uint64_t now = 0;

    if (!unsafe_is_null(time)) {
        if (copy_object_u2k(&seconds, time))
            return -EFAULT;
        if (seconds.microseconds < 0 || seconds.microseconds >= 1000000 ||
            time_from_parts(&now, seconds.seconds, seconds.microseconds * 1000))
            return -EINVAL;
    }
    if (!unsafe_is_null(zone)) {
        if (copy_object_u2k(&new_zone, zone))
            return -EFAULT;
        int error = set_timezone(&new_zone);
        if (error)
            return error;
    }
    return unsafe_is_null(time) ? 0 : set_realtime(now);
}

SYSCALL_DEFINE1(time, unsafe_int, result)
{
    int32_t seconds = time_to_timespec(time_realtime()).seconds;

    if (!unsafe_is_null(result) && copy_object_k2u(result, &seconds))
        return -EFAULT;
    return seconds;
}

SYSCALL_DEFINE1(stime, unsafe_int, time)
{
    int32_t seconds;
    uint64_t now;

    if (copy_object_u2k(&seconds, time))
        return -EFAULT;
    int error = time_from_parts(&now, seconds, 0);
    return error ? error : set_realtime(now);
}

/* --- CPU time -----------------------------------------------------------------------------------
 */

SYSCALL_DEFINE1(times, unsafe_tms, to)
{
    const struct process *process = current_process();
    struct tms tms = {
        .user = process->time.user,
        .system = process->time.system,
        .children_user = process->children_time.user,
        .children_system = process->children_time.system,
    };

    if (!unsafe_is_null(to) && copy_object_k2u(to, &tms))
        return -EFAULT;
    return (int32_t)(time_ticks() & INT32_MAX);
}

SYSCALL_DEFINE2(getrusage, int, who, unsafe_rusage, to)
{
    const struct process *process = current_process();
    struct rusage usage;

    switch (who) {
    case RUSAGE_SELF:
        usage = cputime_usage(process->time);
        break;
    case RUSAGE_CHILDREN:
        usage = cputime_usage(process->children_time);
        break;
    case RUSAGE_THREAD:
        usage = cputime_usage(current_thread()->time);
        break;
    default:
        return -EINVAL;
    }
    return copy_object_k2u(to, &usage);
}
