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

/* An emulator may let the timer's counter wrap a little before it raises the tick: the clock then
 * stands still instead of going back. */
uint64_t time_now(void)
{
    static uint64_t latest;
    uint32_t flags = interrupts_save();

    latest = MAX(latest, ticks * (NANOSECONDS / HZ) + pit_elapsed_ns());
    uint64_t now = latest;
    interrupts_restore(flags);
    return now;
}
