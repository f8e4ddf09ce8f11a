#include "kernel/load.h"

#include "kernel/process.h"
#include "kernel/time.h"
#include "kernel/timer.h"

#define INTERVAL (5 * (uint64_t)NANOSECONDS)
#define ONE      (1u << LOAD_SHIFT)

uint32_t load_average[3];

/* What is left of an old mean after an interval: 1 / e^(5s / 1min), ... 5min, ... 15min. */
static const uint32_t damping[3] = {1884, 2014, 2037};

static struct timer sampler;

unsigned load_running(void)
{
    uint32_t flags = interrupts_save();
    struct process *process;
    struct thread *thread;
    unsigned count = 0;

    list_for_each(process, &process_list, all) {
        for_each_thread(thread, process)
        {
            count += thread->state == THREAD_RUNNABLE;
        }
    }
    interrupts_restore(flags);
    return count;
}

static void sample(struct timer *timer)
{
    uint64_t running = (uint64_t)load_running() << LOAD_SHIFT;

    for (unsigned i = 0; i < ARRAY_SIZE(load_average); i++)
        load_average[i] =
            (load_average[i] * damping[i] + running * (ONE - damping[i])) >> LOAD_SHIFT;
    timer_arm(timer, timer->at + INTERVAL);
}

void load_init(void)
{
    timer_init(&sampler, sample);
    timer_arm(&sampler, time_now() + INTERVAL);
}
