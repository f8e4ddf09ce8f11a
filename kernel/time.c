#include "kernel/time.h"

#include "arch/i386/asm.h"
#include "arch/i386/pit.h"
#include "kernel/sched.h"

static uint64_t ticks;

void time_tick(void)
{
    ticks++;
    sched_tick();
}

uint64_t time_now(void)
{
    uint32_t flags = interrupts_save();
    uint64_t now = ticks * (NANOSECONDS / HZ) + pit_elapsed_ns();
    interrupts_restore(flags);
    return now;
}
