/* The clock: nanoseconds since boot, from the timer's ticks and its counter. Any context. */
#ifndef KERNEL_TIME_H
#define KERNEL_TIME_H

#include "arch/i386/types.h"

#define NANOSECONDS 1000000000u

uint64_t time_now(void);

/* Ticks since boot, HZ in a second: coarse, and cheap to ask. */
uint64_t time_ticks(void);

/* Sets the time of day from the machine's battery-backed clock. Once, when time_now() runs. */
void time_init(void);

/* Nanoseconds since the epoch, 1970 in UTC, now and when time_now() was 0; and the same set. Any
 * context. */
uint64_t time_realtime(void);
uint64_t time_realtime_of_boot(void);
void time_set_realtime(uint64_t nanoseconds);

/* From the timer interrupt. */
void time_tick(void);

#endif
