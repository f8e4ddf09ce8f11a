#include "kernel/sched.h"

#include "arch/i386/switch.h"
#include "kernel/ipc_direct.h"
#include "kernel/resident.h"
#include "kernel/time.h"
#include "kernel/timer.h"

static struct list run_queue = LIST_INIT(run_queue);
static struct thread *idle_thread;
static struct thread *dead; /* ran last, on a stack that can be freed only now */

void sched_init(struct thread *idle)
{
    idle_thread = idle;
    idle->state = THREAD_RUNNABLE;
    list_init(&idle->queue);
}

void sched_wake(struct thread *thread)
{
    uint32_t flags = interrupts_save();

    if (thread->state == THREAD_SLEEPING) {
        thread->state = THREAD_RUNNABLE;
        list_insert(&run_queue, &thread->queue);
        if (thread->ipc.slot)
            direct_suspend(thread);
        resident_not_alone();
    }
    interrupts_restore(flags);
}

bool sched_is_alone(void)
{
    return list_empty(&run_queue);
}

static struct thread *next_thread(struct thread *current)
{
    if (!list_empty(&run_queue)) {
        struct thread *next = list_first(&run_queue, struct thread, queue);
        list_remove(&next->queue);
        return next;
    }
    return current->state == THREAD_RUNNABLE ? current : idle_thread;
}

void sched_switch(void)
{
    uint32_t flags = interrupts_save();
    struct thread *current = current_thread();
    struct thread *next = next_thread(current);

    if (next != current) {
        if (current->state == THREAD_RUNNABLE && current != idle_thread)
            list_insert(&run_queue, &current->queue);
        switch_thread(current, next);
        sched_begin();
    }
    interrupts_restore(flags);
}

bool sched_pause(void)
{
    struct thread *current = current_thread();

    if (current->work & WORK_RESCHEDULE) {
        uint32_t flags = interrupts_save();
        current->work &= ~WORK_RESCHEDULE;
        sched_switch();
        interrupts_restore(flags);
    }
    return !thread_is_killed(current);
}

void sched_begin(void)
{
    if (dead) {
        thread_free(dead);
        dead = NULL;
    }
}

void sched_die(void)
{
    interrupts_disable();
    struct thread *current = current_thread();
    current->state = THREAD_DEAD;
    dead = current;
    switch_thread(current, next_thread(current));
    __builtin_unreachable();
}

void sched_tick(void)
{
    timer_run(time_now());
    if (!list_empty(&run_queue))
        current_thread()->work |= WORK_RESCHEDULE;
}

void sched_idle(void)
{
    for (;;) {
        interrupts_disable();
        sched_switch();
        if (list_empty(&run_queue))
            interrupts_wait();
    }
}

/* --- waiting ------------------------------------------------------------------------------------
 */

void wait_begin(struct waiter *waiter, struct wait_queue *queue)
{
    waiter->thread = current_thread();
    list_insert(&queue->waiters, &waiter->link);
}

void wait_end(struct waiter *waiter)
{
    list_remove(&waiter->link);
}

struct alarm_clock {
    struct timer timer;
    struct thread *thread;
};

static void ring(struct timer *timer)
{
    sched_wake(container_of(timer, struct alarm_clock, timer)->thread);
}

static void sleep_until(struct thread *current, uint64_t deadline)
{
    struct alarm_clock clock = {.thread = current};

    timer_init(&clock.timer, ring);
    timer_arm(&clock.timer, deadline);
    sched_switch();
    timer_disarm(&clock.timer);
}

static bool is_interrupted(const struct thread *thread, enum sleep_kind kind)
{
    return (kind == SLEEP_INTERRUPTIBLE && (thread->work & WORK_SIGNAL)) ||
           (kind == SLEEP_KILLABLE && thread_is_killed(thread));
}

int wait_sleep(enum sleep_kind kind, uint64_t deadline)
{
    struct thread *current = current_thread();

    if (deadline != WAIT_FOREVER && time_now() >= deadline)
        return -ETIMEDOUT;
    if (is_interrupted(current, kind))
        return -ERESTARTSYS;
    current->sleep = kind;
    current->state = THREAD_SLEEPING;
    if (deadline == WAIT_FOREVER)
        sched_switch();
    else
        sleep_until(current, deadline);
    return is_interrupted(current, kind) ? -ERESTARTSYS : 0;
}

int wait_hand_over(struct thread *next)
{
    struct thread *current = current_thread();

    if (next->state != THREAD_SLEEPING || is_interrupted(current, SLEEP_INTERRUPTIBLE)) {
        sched_wake(next);
        return wait_sleep(SLEEP_INTERRUPTIBLE, WAIT_FOREVER);
    }
    current->sleep = SLEEP_INTERRUPTIBLE;
    current->state = THREAD_SLEEPING;
    next->state = THREAD_RUNNABLE;
    switch_thread(current, next);
    sched_begin();
    return is_interrupted(current, SLEEP_INTERRUPTIBLE) ? -ERESTARTSYS : 0;
}

void wait_wake(struct wait_queue *queue)
{
    uint32_t flags = interrupts_save();
    struct waiter *waiter;

    list_for_each(waiter, &queue->waiters, link)
        sched_wake(waiter->thread);
    interrupts_restore(flags);
}
