/* The clocks of clock_gettime(2), by their numbers. Thread context. */
#ifndef KERNEL_CLOCKS_H
#define KERNEL_CLOCKS_H

#include "kernel/abi_time.h"

/* Nanoseconds that the clock shows now, or how far apart two times of it can be told. 0, or -EINVAL
 * if there is no such clock. */
int clock_read(int clock, uint64_t *nanoseconds);
int clock_resolution(int clock, uint64_t *nanoseconds);

/* 0 if a thread can sleep by the clock, -EINVAL if there is none, -EOPNOTSUPP if not by this one.
 */
int clock_can_sleep(int clock);

#endif
