#include "kernel/oom.h"

#include "kernel/printk.h"
#include "kernel/sched.h"
#include "mm/frame.h"
#include "mm/space.h"

static uint32_t reserve(void)
{
    return frames_total / 64;
}

static uint32_t resident(const struct process *process)
{
    const struct thread *thread = process_first_thread(process);

    return thread && thread->space ? thread->space->resident : 0;
}

/* NULL if nobody but init holds as much as the reserve: then it is not user mode that took it. */
static struct process *find_greediest(void)
{
    struct process *process, *greediest = NULL;
    uint32_t most = reserve();

    list_for_each(process, &process_list, all) {
        if (process != init_process && resident(process) > most) {
            most = resident(process);
            greediest = process;
        }
    }
    return greediest;
}

bool oom_relieved(void)
{
    if (frames_total - frames_in_use > reserve())
        return false;
    struct process *greediest = find_greediest();
    if (!greediest)
        return false;
    if (!thread_is_killed(process_first_thread(greediest))) {
        printk(LOG_NOTICE, "postern: out of memory: %s[%d] holds %u KiB: signal %d\n",
               greediest->name, greediest->pid, resident(greediest) * (PAGE_SIZE / 1024), SIGKILL);
        signal_raise(greediest, SIGKILL);
    }
    if (greediest != current_process())
        sched_switch();
    return true;
}
