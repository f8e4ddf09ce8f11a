/*
 * Times in user memory: nanoseconds here, one of three structures there. Calls that exist in a 32
 * and a 64-bit form differ in nothing else.
 */
#ifndef KERNEL_USER_TIME_H
#define KERNEL_USER_TIME_H

#include "kernel/abi_time.h"
#include "kernel/time.h"

/* The longest time there is: added to a time of the clock it does not wrap. */
#define TIME_MAX ((uint64_t)INT64_MAX)

enum time_form {
    FORM_TIMESPEC,
    FORM_TIMESPEC64,
    FORM_TIMEVAL,
};

struct user_time {
    unsafe_bytes place;
    enum time_form form;
};

static inline struct user_time user_timespec(unsafe_timespec time)
{
    return (struct user_time){unsafe_as_bytes(time), FORM_TIMESPEC};
}

static inline struct user_time user_timespec64(unsafe_timespec64 time)
{
    return (struct user_time){unsafe_as_bytes(time), FORM_TIMESPEC64};
}

static inline struct user_time user_timeval(unsafe_timeval time)
{
    return (struct user_time){unsafe_as_bytes(time), FORM_TIMEVAL};
}

static inline bool user_time_is_null(struct user_time time)
{
    return unsafe_is_null(time.place);
}

/* 0, -EFAULT, or -EINVAL if it is negative or its nanoseconds make a second or more. More than
 * TIME_MAX is TIME_MAX. */
int user_time_fetch(uint64_t *nanoseconds, struct user_time from);

/* 0 or -EFAULT. */
int user_time_store(struct user_time to, uint64_t nanoseconds);

/* The same between numbers: as user_time_fetch() judges them. */
int time_from_parts(uint64_t *nanoseconds, int64_t seconds, int32_t rest);
struct timespec64 time_to_timespec(uint64_t nanoseconds);

#endif
