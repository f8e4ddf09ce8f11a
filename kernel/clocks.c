#include "kernel/clocks.h"

#include "arch/i386/pit.h"
#include "kernel/cputime.h"
#include "kernel/process.h"
#include "kernel/time.h"

#define TICK (NANOSECONDS / HZ)

static uint64_t monotonic_coarse(void)
{
    return time_ticks() * TICK;
}

static uint64_t realtime_coarse(void)
{
    return time_realtime_of_boot() + monotonic_coarse();
}

static uint64_t process_cputime(void)
{
    return cputime_sum(current_process()->time);
}

static uint64_t thread_cputime(void)
{
    return cputime_sum(current_thread()->time);
}

static const struct clock {
    uint64_t (*read)(void);
    uint32_t resolution;
    bool sleeps;
} clocks[NR_CLOCKS] = {
    [CLOCK_REALTIME] = {time_realtime, 1, true},
    [CLOCK_MONOTONIC] = {time_now, 1, true},
    [CLOCK_PROCESS_CPUTIME_ID] = {process_cputime, 1, true},
    [CLOCK_THREAD_CPUTIME_ID] = {thread_cputime, 1, false},
    [CLOCK_MONOTONIC_RAW] = {time_now, 1, false},
    [CLOCK_REALTIME_COARSE] = {realtime_coarse, TICK, false},
    [CLOCK_MONOTONIC_COARSE] = {monotonic_coarse, TICK, false},
    [CLOCK_BOOTTIME] = {time_now, 1, true},
    [CLOCK_TAI] = {time_realtime, 1, true},
};

static const struct clock *find_clock(int clock)
{
    if (clock < 0 || clock >= NR_CLOCKS || !clocks[clock].read)
        return NULL;
    return &clocks[clock];
}

int clock_read(int clock, uint64_t *nanoseconds)
{
    const struct clock *found = find_clock(clock);

    if (!found)
        return -EINVAL;
    *nanoseconds = found->read();
    return 0;
}

int clock_resolution(int clock, uint64_t *nanoseconds)
{
    const struct clock *found = find_clock(clock);

    if (!found)
        return -EINVAL;
    *nanoseconds = found->resolution;
    return 0;
}

int clock_can_sleep(int clock)
{
    const struct clock *found = find_clock(clock);

    if (!found)
        return -EINVAL;
    return found->sleeps ? 0 : -EOPNOTSUPP;
}
