/*
 * nanosleep and clock_nanosleep. A sleep for a length that a signal cuts short tells what is left,
 * and goes on to its old end if no handler ran; one until a time is simply made again.
 */
#include "kernel/clocks.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "kernel/user_time.h"

/*
 * Until the clock shows end. 0 or -ERESTARTSYS. A clock may run slower than the one that wakes us
 * (a process's CPU time), or be set back: then there is something left, and we sleep again.
 */
static int sleep_until(int clock, uint64_t end)
{
    struct wait_queue nobody;
    uint64_t now;
    int error = clock_read(clock, &now);

    wait_init(&nobody);
    while (!error && now < end) {
        if (wait_deadline(&nobody, false, time_now() + (end - now)) == -ERESTARTSYS)
            return -ERESTARTSYS;
        error = clock_read(clock, &now);
    }
    return error;
}

static long sleep_rest(int clock, uint64_t end, struct user_time rest);

static long sleep_go_on(const struct restart *record)
{
    struct user_time rest = {
        .place = {.address = record->arguments[1]},
        .form = record->arguments[2],
    };

    return sleep_rest(record->arguments[0], record->until, rest);
}

static long sleep_rest(int clock, uint64_t end, struct user_time rest)
{
    uint64_t now;

    if (!sleep_until(clock, end) || clock_read(clock, &now) || now >= end)
        return 0;
    if (!user_time_is_null(rest) && user_time_store(rest, end - now))
        return -EFAULT;
    return restart_later(&(struct restart){
        .go_on = sleep_go_on,
        .until = end,
        .arguments = {clock, rest.place.address, rest.form},
    });
}

/* Setting the time of day does not change how long a length is (clock_nanosleep(2)). */
static long sleep_for(int clock, uint64_t length, struct user_time rest)
{
    uint64_t now;

    if (clock == CLOCK_REALTIME)
        clock = CLOCK_MONOTONIC;
    int error = clock_read(clock, &now);
    return error ? error : sleep_rest(clock, now + length, rest);
}

static long sleep_by_clock(int clock, uint32_t flags, struct user_time request,
                           struct user_time rest)
{
    uint64_t time;
    int error = clock_can_sleep(clock);

    if (!error)
        error = user_time_fetch(&time, request);
    if (error)
        return error;
    if (!(flags & TIMER_ABSTIME))
        return sleep_for(clock, time, rest);
    return sleep_until(clock, time) == -ERESTARTSYS ? -ERESTARTNOHAND : 0;
}

SYSCALL_DEFINE2(nanosleep, unsafe_timespec, request, unsafe_timespec, rest)
{
    return sleep_by_clock(CLOCK_MONOTONIC, 0, user_timespec(request), user_timespec(rest));
}

SYSCALL_DEFINE4(clock_nanosleep, int, clock, uint32_t, flags, unsafe_timespec, request,
                unsafe_timespec, rest)
{
    return sleep_by_clock(clock, flags, user_timespec(request), user_timespec(rest));
}

SYSCALL_DEFINE4(clock_nanosleep_time64, int, clock, uint32_t, flags, unsafe_timespec64, request,
                unsafe_timespec64, rest)
{
    return sleep_by_clock(clock, flags, user_timespec64(request), user_timespec64(rest));
}
