#include "kernel/cputime.h"

#include "arch/i386/pit.h"
#include "kernel/process.h"
#include "kernel/time.h"

#define MICROSECONDS_PER_TICK (1000000 / HZ)

uint32_t cputime_idle;
struct cputime cputime_all;

static void charge(struct cputime *account, bool from_user)
{
    if (from_user)
        account->user++;
    else
        account->system++;
}

void cputime_tick(bool from_user)
{
    struct thread *thread = current_thread();

    if (!thread->process) {
        cputime_idle++;
        return;
    }
    charge(&cputime_all, from_user);
    charge(&thread->time, from_user);
    charge(&thread->process->time, from_user);
    itimer_tick(thread->process, from_user);
}

struct cputime cputime_total(const struct process *process)
{
    return (struct cputime){
        .user = process->time.user + process->children_time.user,
        .system = process->time.system + process->children_time.system,
    };
}

void cputime_reap(struct process *parent, const struct process *child)
{
    struct cputime total = cputime_total(child);

    parent->children_time.user += total.user;
    parent->children_time.system += total.system;
}

static void to_timeval(int32_t timeval[2], uint32_t ticks)
{
    timeval[0] = ticks / HZ;
    timeval[1] = ticks % HZ * MICROSECONDS_PER_TICK;
}

struct rusage cputime_usage(struct cputime time)
{
    struct rusage usage = {.counts = {0}};

    to_timeval(usage.user_time, time.user);
    to_timeval(usage.system_time, time.system);
    return usage;
}

uint64_t cputime_sum(struct cputime time)
{
    return ((uint64_t)time.user + time.system) * (NANOSECONDS / HZ);
}
