#include "kernel/sched.h"

#include "arch/i386/switch.h"
#include "kernel/time.h"

static struct list run_queue = LIST_INIT(run_queue);
static struct list sleepers = LIST_INIT(sleepers); /* by wake_at */
static struct thread *idle_thread;
static struct thread *dead; /* ran last, on a stack that can be freed only now */

void sched_init(struct thread *idle)
{
    idle_thread = idle;
    idle->state = THREAD_RUNNABLE;
    list_init(&idle->queue);
    list_init(&idle->sleep_queue);
}

void sched_wake(struct thread *thread)
{
    uint32_t flags = interrupts_save();

    if (thread->state == THREAD_SLEEPING) {
        thread->state = THREAD_RUNNABLE;
        list_remove(&thread->queue);
        list_insert(&run_queue, &thread->queue);
    }
    interrupts_restore(flags);
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
    struct thread *thread;
    uint64_t now = time_now();

    list_for_each(thread, &sleepers, sleep_queue) {
        if (thread->wake_at > now)
            break;
        list_remove(&thread->sleep_queue);
        sched_wake(thread);
    }
    if (!list_empty(&run_queue))
        current_thread()->work |= WORK_RESCHEDULE;
}

void sched_sleep_until(uint64_t time)
{
    uint32_t flags = interrupts_save();
    struct thread *current = current_thread();
    struct list *position = sleepers.next;

    current->wake_at = time;
    while (position != &sleepers &&
           list_entry(position, struct thread, sleep_queue)->wake_at <= time)
        position = position->next;
    list_insert(position, &current->sleep_queue);
    while (time_now() < time) {
        current->state = THREAD_SLEEPING;
        sched_switch();
    }
    list_remove(&current->sleep_queue);
    interrupts_restore(flags);
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

void wait_sleep(struct wait_queue *queue)
{
    struct thread *current = current_thread();

    current->state = THREAD_SLEEPING;
    list_insert(&queue->threads, &current->queue);
    sched_switch();
}

void wait_wake(struct wait_queue *queue)
{
    uint32_t flags = interrupts_save();
    struct thread *thread;

    list_for_each(thread, &queue->threads, queue)
        sched_wake(thread);
    interrupts_restore(flags);
}
