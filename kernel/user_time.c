#include "kernel/user_time.h"

#include "arch/i386/asm.h"

#define MICROSECONDS 1000000
#define SECONDS_MAX  (TIME_MAX / NANOSECONDS)

int time_from_parts(uint64_t *nanoseconds, int64_t seconds, int32_t rest)
{
    if (seconds < 0 || rest < 0 || rest >= (int32_t)NANOSECONDS)
        return -EINVAL;
    *nanoseconds =
        (uint64_t)seconds >= SECONDS_MAX ? TIME_MAX : (uint64_t)seconds * NANOSECONDS + rest;
    return 0;
}

struct timespec64 time_to_timespec(uint64_t nanoseconds)
{
    uint32_t rest;
    uint64_t seconds = divide_u64(nanoseconds, NANOSECONDS, &rest);

    return (struct timespec64){.seconds = seconds, .nanoseconds = rest};
}

static int fetch_timespec(uint64_t *nanoseconds, unsafe_timespec from)
{
    struct timespec time;

    if (copy_object_u2k(&time, from))
        return -EFAULT;
    return time_from_parts(nanoseconds, time.seconds, time.nanoseconds);
}

static int fetch_timespec64(uint64_t *nanoseconds, unsafe_timespec64 from)
{
    struct timespec64 time;

    if (copy_object_u2k(&time, from))
        return -EFAULT;
    return time_from_parts(nanoseconds, time.seconds, time.nanoseconds);
}

/* Microseconds that make seconds are welcome here, as select(2) has it. */
static int fetch_timeval(uint64_t *nanoseconds, unsafe_timeval from)
{
    struct timeval time;

    if (copy_object_u2k(&time, from))
        return -EFAULT;
    return time_from_parts(nanoseconds, (int64_t)time.seconds + time.microseconds / MICROSECONDS,
                           time.microseconds % MICROSECONDS *
                               (int32_t)(NANOSECONDS / MICROSECONDS));
}

int user_time_fetch(uint64_t *nanoseconds, struct user_time from)
{
    vaddr_t address = from.place.address;

    switch (from.form) {
    case FORM_TIMESPEC:
        return fetch_timespec(nanoseconds, (unsafe_timespec){.address = address});
    case FORM_TIMESPEC64:
        return fetch_timespec64(nanoseconds, (unsafe_timespec64){.address = address});
    case FORM_TIMEVAL:
        return fetch_timeval(nanoseconds, (unsafe_timeval){.address = address});
    }
    return -EINVAL;
}

int user_time_store(struct user_time to, uint64_t nanoseconds)
{
    struct timespec64 time = time_to_timespec(nanoseconds);
    struct timespec time32 = {.seconds = time.seconds, .nanoseconds = time.nanoseconds};
    struct timeval timeval = {.seconds = time.seconds,
                              .microseconds =
                                  time.nanoseconds / (int32_t)(NANOSECONDS / MICROSECONDS)};

    switch (to.form) {
    case FORM_TIMESPEC:
        return copy_k2u(to.place, &time32, sizeof(time32));
    case FORM_TIMESPEC64:
        return copy_k2u(to.place, &time, sizeof(time));
    case FORM_TIMEVAL:
        return copy_k2u(to.place, &timeval, sizeof(timeval));
    }
    return -EINVAL;
}
