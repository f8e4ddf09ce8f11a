/*
 * alarm(2), setitimer(2), getitimer(2): the three timers of a process.
 *
 * A broken kernel fires early, once instead of again and again, goes on after it was disarmed,
 * gives a child its parent's timer, or counts time that a process slept as time that it ran.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/signals.h"
#include "user/lib/spawn.h"

#define MILLISECOND 1000 /* in microseconds */
#define FIRINGS     5

static volatile int calls;

static void count(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
    calls++;
}

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static int arm(int which, int first, int interval)
{
    struct itimerval value = {{0, interval}, {0, first}};

    return setitimer(which, &value, NULL);
}

static int64_t microseconds(const struct timeval *t)
{
    return t->tv_sec * 1000000LL + t->tv_usec;
}

static void check_alarm(void)
{
    ktap_equal(alarm(1000), 0, "no alarm was set");
    ktap_ok(alarm(100) - 990 <= 10, "alarm gives the seconds that were left");
    unsigned left = alarm(0);
    ktap_ok(left > 90 && left <= 100, "alarm(0) as well");
    ktap_equal(alarm(0), 0, "and takes it away");
}

static void check_real(void)
{
    struct itimerval value = {{7, 8}, {100, 0}}, old;

    signal_catch(SIGALRM, SA_RESTART, count);
    calls = 0;
    int64_t before = now();
    arm(ITIMER_REAL, 2 * MILLISECOND, 2 * MILLISECOND);
    while (calls < FIRINGS)
        ;
    ktap_ok(now() - before >= FIRINGS * 2 * MILLISECOND - MILLISECOND,
            "five firings take their time");
    arm(ITIMER_REAL, 0, 0);
    calls = 0;
    usleep(5 * MILLISECOND);
    ktap_equal(calls, 0, "a timer that is disarmed is still");

    before = now();
    arm(ITIMER_REAL, 2 * MILLISECOND, 0);
    while (!calls)
        ;
    ktap_ok(now() - before >= 2 * MILLISECOND, "a single firing is not early");
    usleep(5 * MILLISECOND);
    ktap_equal(calls, 1, "and the only one");
    getitimer(ITIMER_REAL, &old);
    ktap_ok(!microseconds(&old.it_value) && !microseconds(&old.it_interval), "then it is disarmed");

    setitimer(ITIMER_REAL, &value, NULL);
    ktap_ok(getitimer(ITIMER_REAL, &old) == 0 && microseconds(&old.it_interval) == 7000008 &&
                microseconds(&old.it_value) <= 100000000 && microseconds(&old.it_value) > 90000000,
            "getitimer gives the interval and what is left");
    memset(&value, 0, sizeof(value));
    memset(&old, 0xff, sizeof(old));
    ktap_ok(setitimer(ITIMER_REAL, &value, &old) == 0 && microseconds(&old.it_interval) == 7000008,
            "setitimer gives the old one");
}

/* Uses the CPU, in user mode alone, until the timer has fired. */
static void burn(void)
{
    while (!calls)
        ;
}

static void check_used_time(int which, int signal, const char *name)
{
    struct itimerval left;

    signal_catch(signal, 0, count);
    calls = 0;
    arm(which, 20 * MILLISECOND, 0);
    usleep(60 * MILLISECOND);
    ktap_equal(calls, 0, "%s: a sleep is not use of the CPU", name);
    getitimer(which, &left);
    ktap_ok(microseconds(&left.it_value) > 0, "%s: there is time left", name);
    burn();
    ktap_equal(calls, 1, "%s: use of the CPU is", name);
    calls = 0;
    arm(which, 5 * MILLISECOND, 5 * MILLISECOND);
    while (calls < 3)
        ;
    arm(which, 0, 0);
    ktap_ok(calls >= 3, "%s: again and again", name);
}

static int timer_of_child(void *unused)
{
    struct itimerval value;

    (void)unused;
    return getitimer(ITIMER_REAL, &value) || microseconds(&value.it_value) || alarm(0);
}

static int timer_of_program(void *self)
{
    char *argv[] = {self, "alarm", NULL};

    alarm(1000);
    execv(self, argv);
    return 127;
}

static int die_of_timer(void *which)
{
    calls = 0;
    arm((intptr_t)which, MILLISECOND, 0);
    while (!calls)
        ;
    return 1;
}

static void check_processes(char *self)
{
    static const int signals[] = {SIGALRM, SIGVTALRM, SIGPROF};

    alarm(1000);
    ktap_equal(spawn_body(timer_of_child, NULL), 0, "a child has no timer");
    ktap_ok(alarm(0) > 900, "its parent's goes on");
    ktap_equal(spawn_body(timer_of_program, self), 0, "an exec keeps it");
    for (intptr_t which = 0; which < 3; which++) {
        signal_dispose(signals[which], SIG_DFL);
        ktap_equal(spawn_body(die_of_timer, (void *)which), signals[which],
                   "signal %d ends who does not handle it", signals[which]);
    }
}

static void check_errors(void)
{
    struct itimerval wrong = {{0, 0}, {0, 1000000}}, negative = {{0, 0}, {-1, 0}};

    ktap_ok(setitimer(3, &wrong, NULL) == -1 && errno == EINVAL, "no such timer");
    ktap_ok(getitimer(3, &wrong) == -1 && errno == EINVAL, "none to be read either");
    ktap_ok(setitimer(ITIMER_REAL, &wrong, NULL) == -1 && errno == EINVAL, "too many microseconds");
    ktap_ok(setitimer(ITIMER_REAL, &negative, NULL) == -1 && errno == EINVAL, "negative seconds");
    ktap_equal(syscall_raw(SYS_setitimer, ITIMER_REAL, 64, 0), -EFAULT, "EFAULT of setitimer");
    ktap_equal(syscall_raw(SYS_getitimer, ITIMER_REAL, 64, 0), -EFAULT, "EFAULT of getitimer");
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "alarm"))
        return alarm(0) <= 900;
    ktap_begin();
    check_alarm();
    check_real();
    check_used_time(ITIMER_VIRTUAL, SIGVTALRM, "ITIMER_VIRTUAL");
    check_used_time(ITIMER_PROF, SIGPROF, "ITIMER_PROF");
    check_processes(argv[0]);
    check_errors();
    return ktap_end();
}
