/* Linux's i386 structures and constants of time, beside the timespecs of kernel/abi.h. */
#ifndef KERNEL_ABI_TIME_H
#define KERNEL_ABI_TIME_H

#include "kernel/abi.h"

/* clock_gettime(2) */
#define CLOCK_REALTIME           0
#define CLOCK_MONOTONIC          1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID  3
#define CLOCK_MONOTONIC_RAW      4
#define CLOCK_REALTIME_COARSE    5
#define CLOCK_MONOTONIC_COARSE   6
#define CLOCK_BOOTTIME           7
#define CLOCK_TAI                11
#define NR_CLOCKS                12

#define TIMER_ABSTIME            1

/* gettimeofday(2) */
struct timeval {
    int32_t seconds, microseconds;
};
_Static_assert(sizeof(struct timeval) == 8, "timeval: size");

struct timezone {
    int32_t minutes_west, dst_time;
};
_Static_assert(sizeof(struct timezone) == 8, "timezone: size");

/* times(2): in ticks of a hundredth of a second. */
struct tms {
    int32_t user, system, children_user, children_system;
};
_Static_assert(sizeof(struct tms) == 16, "tms: size");

UNSAFE_POINTER(timeval, struct timeval);
UNSAFE_POINTER(timezone, struct timezone);
UNSAFE_POINTER(tms, struct tms);

/* getrusage(2) */
#define RUSAGE_SELF     0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD   1

#endif
