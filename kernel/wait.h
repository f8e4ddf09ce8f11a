/*
 * Wait queues: threads that sleep until something happens. Thread context for sleeping, any context
 * for waking.
 *
 *     wait_until(&queue, condition);       sleeps until the condition holds
 *     error = wait_interruptible(&queue, condition);
 *     error = wait_deadline(&queue, condition, time);
 *
 * The condition is tested with interrupts off, so a wake from an interrupt cannot fall between the
 * test and the sleep. A queue must outlive its sleepers.
 */
#ifndef KERNEL_WAIT_H
#define KERNEL_WAIT_H

#include "arch/i386/asm.h"
#include "kernel/errno.h"
#include "kernel/list.h"

struct thread;

struct wait_queue {
    struct list waiters;
};

/* One thread's place in one queue; a thread may wait in several at once (poll). */
struct waiter {
    struct list link;
    struct thread *thread;
};

#define WAIT_FOREVER UINT64_MAX

static inline void wait_init(struct wait_queue *queue)
{
    list_init(&queue->waiters);
}

/* Puts the running thread into queue and takes it out. Interrupts off. */
void wait_begin(struct waiter *waiter, struct wait_queue *queue);
void wait_end(struct waiter *waiter);

/* Which signals end a sleep. */
enum sleep_kind {
    SLEEP_UNINTERRUPTIBLE,
    SLEEP_KILLABLE,
    SLEEP_INTERRUPTIBLE,
};

/*
 * Sleeps until a wake, until such a signal, or until the clock reaches deadline (nanoseconds since
 * boot). 0, -ERESTARTSYS or -ETIMEDOUT. Interrupts are off before and after.
 */
int wait_sleep(enum sleep_kind kind, uint64_t deadline);

/* As wait_sleep(SLEEP_INTERRUPTIBLE, WAIT_FOREVER), but next, which sleeps, runs at once and not
 * after those who wait for the CPU: it gets what is left of the caller's time slice. */
int wait_hand_over(struct thread *next);

/* Makes every sleeper runnable. */
void wait_wake(struct wait_queue *queue);

#define wait_event(queue, condition, kind, deadline)                 \
    ({                                                               \
        int wait_result_ = 0;                                        \
        uint64_t wait_at_ = (deadline);                              \
        uint32_t wait_flags_ = interrupts_save();                    \
        if (!(condition)) {                                          \
            struct waiter waiter_;                                   \
            wait_begin(&waiter_, queue);                             \
            do                                                       \
                wait_result_ = wait_sleep(kind, wait_at_);           \
            while (!(condition) && !wait_result_);                   \
            /* what was waited for counts more than a late signal */ \
            if (wait_result_ && (condition))                         \
                wait_result_ = 0;                                    \
            wait_end(&waiter_);                                      \
        }                                                            \
        interrupts_restore(wait_flags_);                             \
        wait_result_;                                                \
    })

/* Not even a fatal signal ends it: only for what another thread is sure to do soon. */
#define wait_until(queue, condition) \
    ((void)wait_event(queue, condition, SLEEP_UNINTERRUPTIBLE, WAIT_FOREVER))

/* 0, or -ERESTARTSYS if the thread is to end: the caller cleans up and goes. */
#define wait_killable(queue, condition) wait_event(queue, condition, SLEEP_KILLABLE, WAIT_FOREVER)

/* 0, or -ERESTARTSYS if a signal came first. */
#define wait_interruptible(queue, condition) \
    wait_event(queue, condition, SLEEP_INTERRUPTIBLE, WAIT_FOREVER)

/* 0, -ERESTARTSYS, or -ETIMEDOUT if the clock reached deadline (nanoseconds since boot) first. */
#define wait_deadline(queue, condition, deadline) \
    wait_event(queue, condition, SLEEP_INTERRUPTIBLE, deadline)

#endif
