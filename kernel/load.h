/* The load average: how many threads wanted the CPU in the last 1, 5 and 15 minutes, by Linux's
 * reckoning: an exponentially damped mean of a count that is taken every five seconds. */
#ifndef KERNEL_LOAD_H
#define KERNEL_LOAD_H

#include "arch/i386/types.h"

#define LOAD_SHIFT 11 /* the fixed point of load_average */

extern uint32_t load_average[3];

/* How many threads are runnable now. Any context. */
unsigned load_running(void);

/* Begins to count. Once, at boot. */
void load_init(void);

#endif
