/* alarm, setitimer, getitimer: a process's clocks that end in a signal. */
#include "kernel/itimer.h"

#include "arch/i386/pit.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/time.h"

#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2
#define TICK           (NANOSECONDS / HZ)

static uint64_t to_nanoseconds(const struct timeval *time)
{
    return (uint64_t)time->seconds * NANOSECONDS + time->microseconds * 1000u;
}

static struct timeval to_timeval(uint64_t nanoseconds)
{
    uint32_t rest;
    uint64_t seconds = divide_u64(nanoseconds, NANOSECONDS, &rest);

    return (struct timeval){.seconds = seconds, .microseconds = rest / 1000};
}

static bool is_valid(const struct timeval *time)
{
    return time->seconds >= 0 && time->microseconds >= 0 && time->microseconds < 1000000;
}

/* --- real time -----------------------------------------------------------------------------------
 */

void itimer_ring(struct timer *timer)
{
    struct process *process = container_of(timer, struct process, real_timer);

    if (process->real_interval)
        timer_arm(timer, timer->at + MAX(process->real_interval, (uint64_t)TICK));
    signal_raise(process, SIGALRM);
}

static uint64_t real_left(const struct process *process)
{
    uint64_t now = time_now();

    if (!timer_is_armed(&process->real_timer))
        return 0;
    /* due, but the tick that fires it is not here yet: not the zero that means disarmed */
    return process->real_timer.at > now ? process->real_timer.at - now : 1000;
}

static void set_real(struct process *process, uint64_t value, uint64_t interval)
{
    timer_disarm(&process->real_timer);
    process->real_interval = interval;
    if (value)
        timer_arm(&process->real_timer, time_now() + value);
}

/* --- CPU time ------------------------------------------------------------------------------------
 */

static void run_down(struct process *process, struct cpu_itimer *timer, int signal)
{
    if (!timer->left)
        return;
    if (timer->left > TICK) {
        timer->left -= TICK;
        return;
    }
    timer->left = timer->interval;
    signal_raise(process, signal);
}

void itimer_tick(struct process *process, bool from_user)
{
    if (from_user)
        run_down(process, &process->virtual_timer, SIGVTALRM);
    run_down(process, &process->profiling_timer, SIGPROF);
}

/* The tick must not find half of it. */
static void set_cpu(struct cpu_itimer *timer, uint64_t value, uint64_t interval)
{
    uint32_t flags = interrupts_save();

    *timer = (struct cpu_itimer){.left = value, .interval = interval};
    interrupts_restore(flags);
}

/* --- calls ---------------------------------------------------------------------------------------
 */

static struct cpu_itimer *cpu_itimer(struct process *process, int which)
{
    return which == ITIMER_VIRTUAL ? &process->virtual_timer : &process->profiling_timer;
}

static struct itimerval read_itimer(struct process *process, int which)
{
    if (which == ITIMER_REAL)
        return (struct itimerval){to_timeval(process->real_interval),
                                  to_timeval(real_left(process))};
    uint32_t flags = interrupts_save();
    struct cpu_itimer timer = *cpu_itimer(process, which);
    interrupts_restore(flags);
    return (struct itimerval){to_timeval(timer.interval), to_timeval(timer.left)};
}

SYSCALL_DEFINE1(alarm, uint32_t, seconds)
{
    struct process *process = current_process();
    uint64_t left = real_left(process) + NANOSECONDS / 2;
    uint32_t rest;
    uint32_t whole = divide_u64(left, NANOSECONDS, &rest);

    /* rounded to the nearest second, but never to the zero that means there was none */
    if (!whole && timer_is_armed(&process->real_timer))
        whole = 1;
    set_real(process, (uint64_t)MIN(seconds, (uint32_t)INT32_MAX) * NANOSECONDS, 0);
    return whole;
}

SYSCALL_DEFINE2(getitimer, int, which, unsafe_itimerval, value)
{
    if (which < ITIMER_REAL || which > ITIMER_PROF)
        return -EINVAL;
    struct itimerval result = read_itimer(current_process(), which);
    return copy_object_k2u(value, &result);
}

SYSCALL_DEFINE3(setitimer, int, which, unsafe_itimerval, value, unsafe_itimerval, old)
{
    struct process *process = current_process();
    struct itimerval wanted = {};

    if (!unsafe_is_null(value) && copy_object_u2k(&wanted, value))
        return -EFAULT;
    if (which < ITIMER_REAL || which > ITIMER_PROF || !is_valid(&wanted.value) ||
        !is_valid(&wanted.interval))
        return -EINVAL;
    struct itimerval before = read_itimer(process, which);
    if (which == ITIMER_REAL)
        set_real(process, to_nanoseconds(&wanted.value), to_nanoseconds(&wanted.interval));
    else
        set_cpu(cpu_itimer(process, which), to_nanoseconds(&wanted.value),
                to_nanoseconds(&wanted.interval));
    return unsafe_is_null(old) ? 0 : copy_object_k2u(old, &before);
}
