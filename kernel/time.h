/* The clock: nanoseconds since boot, from the timer's ticks and its counter. Any context. */
#ifndef KERNEL_TIME_H
#define KERNEL_TIME_H

#include "arch/i386/types.h"

#define NANOSECONDS 1000000000u

uint64_t time_now(void);

/* From the timer interrupt. */
void time_tick(void);

#endif
