#include "kernel/timer.h"

#include "arch/i386/asm.h"

static struct list armed = LIST_INIT(armed);

void timer_init(struct timer *timer, void (*fire)(struct timer *timer))
{
    list_init(&timer->link);
    timer->at = 0;
    timer->fire = fire;
}

void timer_arm(struct timer *timer, uint64_t at)
{
    uint32_t flags = interrupts_save();
    struct timer *later;

    list_remove(&timer->link);
    timer->at = at;
    list_for_each(later, &armed, link) {
        if (later->at > at)
            break;
    }
    list_insert(&later->link, &timer->link);
    interrupts_restore(flags);
}

void timer_disarm(struct timer *timer)
{
    uint32_t flags = interrupts_save();

    list_remove(&timer->link);
    interrupts_restore(flags);
}

void timer_run(uint64_t now)
{
    while (!list_empty(&armed)) {
        struct timer *first = list_first(&armed, struct timer, link);
        if (first->at > now)
            return;
        list_remove(&first->link);
        first->fire(first);
    }
}
