#include "kernel/time.h"

#include "arch/i386/asm.h"
#include "arch/i386/pit.h"
#include "arch/i386/rtc.h"
#include "kernel/sched.h"

static uint64_t ticks;
static uint64_t boot_realtime; /* the time of day when time_now() was 0 */

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

uint64_t time_ticks(void)
{
    uint32_t flags = interrupts_save();
    uint64_t count = ticks;

    interrupts_restore(flags);
    return count;
}

void time_init(void)
{
    time_set_realtime(rtc_read() * NANOSECONDS);
}

uint64_t time_realtime(void)
{
    return boot_realtime + time_now();
}

uint64_t time_realtime_of_boot(void)
{
    return boot_realtime;
}

void time_set_realtime(uint64_t nanoseconds)
{
    boot_realtime = nanoseconds - time_now();
}
