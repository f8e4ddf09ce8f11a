/*
 * The knob that makes an allocation fail, so that a test can drive a call through each of its
 * failure points: the Nth frame or heap object that the process which armed it asks for, counted
 * from then on, is refused, once.
 */
#ifndef MM_FAILALLOC_H
#define MM_FAILALLOC_H

#include "arch/i386/types.h"

/* Allocations until the one that fails, that one included; 0: off. */
extern uint32_t failalloc_left;

/* For the calling process; 0 turns it off. There is one such setting: arming takes it over. */
void failalloc_arm(uint32_t allocations);

/* What is left for the calling process: 0 if it has fired, is off, or is another's. */
uint32_t failalloc_remaining(void);

/* Counts an allocation of the running thread; true if it must fail. */
bool failalloc_count(void);

/* What each allocation begins with; costs a test while the knob is off. */
static inline bool failalloc(void)
{
    return unlikely(failalloc_left) && failalloc_count();
}

#endif
