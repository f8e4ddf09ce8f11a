/* The 8254 timer's channel 0: the tick, and the time within it (Intel 8254 data sheet). */
#ifndef ARCH_I386_PIT_H
#define ARCH_I386_PIT_H

#include "arch/i386/types.h"

#define HZ 100

/* Starts HZ interrupts a second on line 0. Once. */
void pit_init(void);

/*
 * Nanoseconds since the last tick that was counted, at most two periods. A period that ended while
 * interrupts are off, so that its tick is still to come, is included, so ticks * period + this does
 * not go back. The exception is an emulator that delivers its timer's interrupt late: for that time
 * the new period shows without its tick, and who needs a monotonic clock has to keep its last
 * value. Interrupts off.
 */
uint32_t pit_elapsed_ns(void);

#endif
