/* Timers: functions that run when the clock has reached a time, at the next tick of the timer. */
#ifndef KERNEL_TIMER_H
#define KERNEL_TIMER_H

#include "kernel/list.h"

struct timer {
    struct list link; /* in the list of armed timers, by time */
    uint64_t at;      /* nanoseconds since boot */
    void (*fire)(struct timer *timer);
};

/* Makes a timer that is not armed; fire() runs with interrupts off, and may arm it again. */
void timer_init(struct timer *timer, void (*fire)(struct timer *timer));

/* Any context. Arming an armed timer moves it; disarming one that is not armed does nothing. */
void timer_arm(struct timer *timer, uint64_t at);
void timer_disarm(struct timer *timer);

static inline bool timer_is_armed(const struct timer *timer)
{
    return !list_empty(&timer->link);
}

/* From the timer interrupt: fires what is due. */
void timer_run(uint64_t now);

#endif
