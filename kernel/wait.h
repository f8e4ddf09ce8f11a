/*
 * Wait queues: threads that sleep until something happens. Thread context for sleeping, any context
 * for waking.
 *
 *     wait_until(&queue, condition);       sleeps until the condition holds
 *
 * The condition is tested with interrupts off, so a wake from an interrupt cannot fall between the
 * test and the sleep.
 */
#ifndef KERNEL_WAIT_H
#define KERNEL_WAIT_H

#include "arch/i386/asm.h"
#include "kernel/list.h"

struct wait_queue {
    struct list threads;
};

static inline void wait_init(struct wait_queue *queue)
{
    list_init(&queue->threads);
}

/* Sleeps until a wake; interrupts are off before and after. */
void wait_sleep(struct wait_queue *queue);

/* Makes every sleeper runnable. */
void wait_wake(struct wait_queue *queue);

#define wait_until(queue, condition)              \
    do {                                          \
        uint32_t wait_flags_ = interrupts_save(); \
        while (!(condition))                      \
            wait_sleep(queue);                    \
        interrupts_restore(wait_flags_);          \
    } while (0)

#endif
