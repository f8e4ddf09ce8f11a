#include "kernel/resident.h"

#include "arch/i386/asm.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "mm/space.h"

/* Linux's numbers; the 16-bit forms of the ids have the same answers here, as ids fit. */
enum {
    NR_GETPID = 20,
    NR_GETPPID = 64,
    NR_GETPGRP = 65,
    NR_SCHED_YIELD = 158,
    NR_GETUID32 = 199,
    NR_GETGID32 = 200,
    NR_GETEUID32 = 201,
    NR_GETEGID32 = 202,
    NR_GETTID = 224,
};

static uint32_t *answers(void)
{
    return (uint32_t *)(GATE_CPU(0) + CPU_RESIDENT);
}

void resident_init(void)
{
    for (unsigned number = 0; number < RESIDENT_CALLS; number++)
        answers()[number] = RESIDENT_NONE;
    resident_stop();
}

/* An id could be any number, and the mark of no answer is one: then the kernel is asked, too. */
void resident_update(const struct thread *thread)
{
    const struct process *process = thread->process;
    uint32_t *answer = answers();

    if (!thread->space || !thread->space->answers)
        return;
    answer[NR_GETPID] = process->pid;
    answer[NR_GETPPID] = process->parent->pid;
    answer[NR_GETPGRP] = process->group;
    answer[NR_GETTID] = thread->tid;
    answer[NR_GETUID32] = process->credentials.user.real;
    answer[NR_GETEUID32] = process->credentials.user.effective;
    answer[NR_GETGID32] = process->credentials.group.real;
    answer[NR_GETEGID32] = process->credentials.group.effective;
    answer[NR_SCHED_YIELD] = sched_is_alone() ? 0 : RESIDENT_NONE;
    gate_words(0)->resident_limit = thread->nr_calls ? RESIDENT_CALLS : 0;
}

void resident_changed(const struct process *process)
{
    uint32_t flags = interrupts_save();

    if (current_process() == process)
        resident_update(current_thread());
    interrupts_restore(flags);
}

void resident_not_alone(void)
{
    answers()[NR_SCHED_YIELD] = RESIDENT_NONE;
}
