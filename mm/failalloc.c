#include "mm/failalloc.h"

#include "kernel/process.h"

uint32_t failalloc_left;

static int32_t armed_pid;

/* The idle thread and its like have no process. */
static bool is_armed(void)
{
    const struct process *process = current_process();

    return process && process->pid == armed_pid;
}

void failalloc_arm(uint32_t allocations)
{
    failalloc_left = allocations;
    armed_pid = current_process()->pid;
}

uint32_t failalloc_remaining(void)
{
    return is_armed() ? failalloc_left : 0;
}

bool failalloc_count(void)
{
    return is_armed() && --failalloc_left == 0;
}
