/*
 * What a process asks about the system and itself: uname(2), sysinfo(2), clocks, usage, limits,
 * ids, names, priorities.
 *
 * Rule: the manual pages. A broken kernel leaves bytes of its own in a structure, gives the 32-bit
 * and the 64-bit form of a call different answers, or takes nonsense without an error.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "test/guest/check.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"

struct time32 {
    int seconds, nanoseconds;
};

struct time64 {
    long long seconds, nanoseconds;
};

static void check_uname(void)
{
    struct utsname name;
    size_t used;

    memset(&name, 0x55, sizeof(name));
    ktap_equal(uname(&name), 0, "uname");
    ktap_ok(!strcmp(name.sysname, on_postern() ? "Postern" : "Linux"), "says which kernel this is");
    ktap_ok(atoi(name.release) >= 4, "a release that a C library accepts");
    used = strlen(name.sysname);
    bool clean = true;
    for (size_t i = used; i < sizeof(name.sysname); i++)
        clean &= !name.sysname[i];
    ktap_ok(clean, "and nothing behind it");
    check_error(uname((void *)8), EFAULT, "uname: a bad address");
}

static void check_sysinfo(void)
{
    struct sysinfo info;
    struct timespec up;

    memset(&info, 0x55, sizeof(info));
    ktap_equal(sysinfo(&info), 0, "sysinfo");
    clock_gettime(CLOCK_BOOTTIME, &up);
    ktap_ok((unsigned long)(up.tv_sec - info.uptime) <= 1 || (long)info.uptime - up.tv_sec == 1,
            "has the uptime");
    ktap_ok(info.mem_unit >= 1 && info.totalram > 0 && info.freeram <= info.totalram, "the memory");
    ktap_ok(info.procs >= 1, "and the number of processes");
    check_error(sysinfo((void *)8), EFAULT, "sysinfo: a bad address");
}

static void check_clocks(void)
{
    static const int clocks[] = {CLOCK_REALTIME,           CLOCK_MONOTONIC,
                                 CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
                                 CLOCK_MONOTONIC_RAW,      CLOCK_REALTIME_COARSE,
                                 CLOCK_MONOTONIC_COARSE,   CLOCK_BOOTTIME};
    struct time32 narrow, resolution;
    struct time64 wide, later;

    for (unsigned i = 0; i < COUNT(clocks); i++) {
        int clock = clocks[i];
        bool ok = !syscall(SYS_clock_gettime64, clock, &wide) &&
                  !syscall(SYS_clock_gettime32, clock, &narrow) &&
                  !syscall(SYS_clock_gettime64, clock, &later);
        ktap_ok(ok && wide.nanoseconds >= 0 && wide.nanoseconds < 1000000000, "clock %d", clock);
        ktap_ok(narrow.seconds >= wide.seconds && later.seconds >= narrow.seconds &&
                    (later.seconds > wide.seconds || later.nanoseconds >= wide.nanoseconds),
                "clock %d: both forms agree, and it goes forward", clock);
        ktap_ok(!syscall(SYS_clock_getres_time64, clock, &wide) &&
                    !syscall(SYS_clock_getres_time32, clock, &resolution) && !wide.seconds &&
                    wide.nanoseconds == resolution.nanoseconds && wide.nanoseconds > 0,
                "clock %d: its resolution", clock);
    }
    check_error(syscall(SYS_clock_gettime64, 99, &wide), EINVAL, "no such clock");
    check_error(syscall(SYS_clock_getres_time64, 99, &wide), EINVAL, "no such clock's resolution");
    check_error(syscall(SYS_clock_getres_time64, CLOCK_REALTIME, 0), 0, "an answer nobody wants");
    check_error(syscall(SYS_clock_gettime64, CLOCK_REALTIME, 0), EFAULT, "a time to nowhere");
}

static void check_time_of_day(void)
{
    struct {
        int seconds, microseconds;
    } day;
    struct time64 now;
    int zone[2], stored = 0;

    ktap_ok(!syscall(SYS_clock_gettime64, CLOCK_REALTIME, &now) &&
                !syscall(SYS_gettimeofday_time32, &day, zone) && day.seconds >= now.seconds &&
                day.seconds - now.seconds <= 1,
            "gettimeofday");
    ktap_ok(day.microseconds >= 0 && day.microseconds < 1000000, "has microseconds");
    ktap_equal(syscall(SYS_gettimeofday_time32, 0, 0), 0, "gettimeofday of nothing");
    long seconds = syscall(SYS_time, &stored);
    ktap_ok(seconds == stored && labs(seconds - day.seconds) <= 1, "time");
    check_error(syscall(SYS_time, 8), EFAULT, "time: a bad address");
}

static void check_sleeping(void)
{
    struct timespec wait = {0, 20000000}, start, end, rest;
    static const struct timespec bad[] = {{0, 1000000000}, {0, -1}, {-1, 0}};

    clock_gettime(CLOCK_MONOTONIC, &start);
    ktap_equal(clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL), 0, "clock_nanosleep");
    clock_gettime(CLOCK_MONOTONIC, &end);
    long long slept = (end.tv_sec - start.tv_sec) * 1000000000LL + end.tv_nsec - start.tv_nsec;
    ktap_ok(slept >= 20000000, "sleeps for 20 ms");
    ktap_equal(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &start, NULL), 0,
               "until a time that is over");
    for (unsigned i = 0; i < COUNT(bad); i++)
        ktap_equal(clock_nanosleep(CLOCK_MONOTONIC, 0, &bad[i], &rest), EINVAL, "bad time %u", i);
    ktap_equal(clock_nanosleep(99, 0, &wait, NULL), EINVAL, "no such clock");
}

static int burn(void *unused)
{
    struct tms now;

    (void)unused;
    alarm(30); /* should the time not be counted */
    do
        times(&now);
    while (now.tms_utime + now.tms_stime < 5);
    return 0;
}

static void check_usage(void)
{
    struct tms now;
    struct rusage usage, children;

    ktap_equal(spawn_body(burn, NULL), 0, "a child that computes for 50 ms");
    ktap_ok(times(&now) != -1, "times");
    ktap_ok(now.tms_cutime + now.tms_cstime >= 5, "counts it");
    memset(&usage, 0x55, sizeof(usage));
    ktap_ok(!getrusage(RUSAGE_SELF, &usage) && usage.ru_utime.tv_usec < 1000000, "getrusage");
    ktap_ok(!getrusage(RUSAGE_CHILDREN, &children) &&
                children.ru_utime.tv_sec * 1000000 + children.ru_utime.tv_usec +
                        children.ru_stime.tv_sec * 1000000 + children.ru_stime.tv_usec >=
                    30000,
            "of children: counts it too");
    ktap_equal(getrusage(RUSAGE_THREAD, &usage), 0, "of this thread");
    check_error(getrusage(99, &usage), EINVAL, "of nobody");
    check_error(syscall(SYS_getrusage, RUSAGE_SELF, 8), EFAULT, "getrusage: a bad address");
    check_error(syscall(SYS_times, 8), EFAULT, "times: a bad address");
    ktap_ok(syscall(SYS_times, 0) != -1, "times without an answer");
}

static void check_limits(void)
{
    struct {
        unsigned soft, hard;
    } narrow;
    struct {
        unsigned long long soft, hard;
    } wide, small;

    for (int resource = 0; resource < 16; resource++) {
        bool ok = !syscall(SYS_prlimit64, 0, resource, 0, &wide) &&
                  !syscall(SYS_ugetrlimit, resource, &narrow);
        ktap_ok(ok && wide.soft <= wide.hard &&
                    narrow.soft == (wide.soft > 0xffffffff ? 0xffffffff : (unsigned)wide.soft) &&
                    narrow.hard == (wide.hard > 0xffffffff ? 0xffffffff : (unsigned)wide.hard),
                "limit %d: both forms agree", resource);
    }
    check_error(syscall(SYS_ugetrlimit, 16, &narrow), EINVAL, "no such limit");
    check_error(syscall(SYS_prlimit64, 0, 99, 0, &wide), EINVAL, "no such limit");
    syscall(SYS_prlimit64, 0, RLIMIT_CORE, 0, &wide);
    small = wide;
    small.soft = 0;
    ktap_equal(syscall(SYS_prlimit64, 0, RLIMIT_CORE, &small, 0), 0, "lower one");
    ktap_ok(!syscall(SYS_ugetrlimit, RLIMIT_CORE, &narrow) && !narrow.soft, "is kept");
    narrow.soft = 4096;
    ktap_equal(syscall(SYS_setrlimit, RLIMIT_CORE, &narrow), 0, "setrlimit");
    ktap_ok(!syscall(SYS_prlimit64, 0, RLIMIT_CORE, 0, &small) && small.soft == 4096 &&
                small.hard == wide.hard,
            "-1 is no limit in both forms");
    syscall(SYS_prlimit64, 0, RLIMIT_CORE, &(struct rlimit){.rlim_cur = 0, .rlim_max = wide.hard},
            0);
    small.hard = 0;
    small.soft = 1;
    check_error(syscall(SYS_prlimit64, 0, RLIMIT_CORE, &small, 0), EINVAL, "soft above hard");
    ktap_equal(syscall(SYS_prlimit64, getpid(), RLIMIT_CORE, &wide, &small), 0, "by process id");
    ktap_ok(small.soft == 0, "gives the old one");
    check_error(syscall(SYS_prlimit64, 0x3fffffff, RLIMIT_CORE, 0, &wide), ESRCH, "of nobody");
}

static void check_random(void)
{
    char one[64] = "", two[64] = "";

    ktap_equal(getrandom(one, 64, 0), 64, "getrandom");
    ktap_ok(getrandom(two, 64, GRND_NONBLOCK) == 64 && memcmp(one, two, 64), "is different twice");
    ktap_equal(getrandom(one, 0, 0), 0, "of nothing");
    check_error(getrandom(one, 8, 0x100), EINVAL, "with an unknown flag");
    check_error(getrandom((void *)8, 8, 0), EFAULT, "to a bad address");
}

/* In a child: it gives up root for good. */
static int change_ids(void *unused)
{
    uid_t real, effective, saved;
    gid_t groups[] = {5, 6, 7}, list[8];
    static const uint32_t version[2] = {0x20080522}, inheritable[6] = {0, 0, 32},
                          unknown[6] = {[5] = 1u << 31};
    int wrong = 0;

    (void)unused;
    wrong |= (setgroups(3, groups) || getgroups(8, list) != 3 || list[2] != 7) << 0;
    wrong |= (getgroups(0, NULL) != 3 || getgroups(2, list) != -1 || errno != EINVAL) << 1;
    wrong |= (syscall(SYS_setresgid32, 10, 11, 12) || getgid() != 10 || getegid() != 11) << 2;
    wrong |= (syscall(SYS_setresuid32, 20, 21, 22) || getuid() != 20 || geteuid() != 21) << 3;
    wrong |= (syscall(SYS_getresuid32, &real, &effective, &saved) || real != 20 ||
              effective != 21 || saved != 22)
             << 4;
    wrong |= (syscall(SYS_setresuid32, 0, -1, -1) != -1 || errno != EPERM) << 5;
    wrong |= (syscall(SYS_setresuid32, -1, 22, -1) || geteuid() != 22 || getuid() != 20) << 6;
    wrong |= (setuid(20) || geteuid() != 20 || setuid(0) != -1 || errno != EPERM) << 7;
    wrong |= (syscall(SYS_capset, version, inheritable) != -1 || errno != EPERM) << 7;
    wrong |= (syscall(SYS_capset, version, unknown) != 0) << 7;
    return wrong;
}

static void check_ids(void)
{
    uid_t real, effective, saved;

    ktap_ok(getuid() == (uid_t)syscall(SYS_getuid) && geteuid() == (uid_t)syscall(SYS_geteuid),
            "16-bit and 32-bit ids");
    ktap_ok(!syscall(SYS_getresuid32, &real, &effective, &saved) && real == getuid() &&
                effective == geteuid(),
            "getresuid");
    check_error(syscall(SYS_getresuid32, 8, &effective, &saved), EFAULT, "to a bad address");
    check_error(syscall(SYS_setresuid32, -1, -1, -1), 0, "setresuid of nothing");
    if (getuid())
        ktap_skip("not root", "changing ids");
    else
        ktap_equal(spawn_body(change_ids, NULL), 0, "ids are changed, and given up for good");
    ktap_ok(getpid() == (pid_t)syscall(SYS_gettid), "a process's first thread has its id");
    check_error(getpgid(0x3fffffff), ESRCH, "getpgid of nobody");
    check_error(getsid(0x3fffffff), ESRCH, "getsid of nobody");
    ktap_ok(getpgid(0) == getpgrp() && getpgid(getpid()) == getpgrp(), "getpgid");
}

/* What is not wanted is not read: letters behind the 15 that are kept, of whom there are
 * capabilities. */
static void check_at_hole(void)
{
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    munmap(pages + 4096, 4096);
    memset(pages, 'a', 4096);
    ktap_equal(prctl(PR_SET_NAME, pages + 4096 - 15), 0, "15 letters before a hole");
    check_error(prctl(PR_SET_NAME, pages + 4096 - 14), EFAULT, "14 letters before a hole");
    *(uint32_t *)(pages + 4096 - 4) = 0x20080522;
    ktap_equal(syscall(SYS_capget, pages + 4096 - 4, NULL), 0, "a version before a hole");
    check_error(syscall(SYS_capget, pages + 4096 - 4, pages), EFAULT, "but no process");
    munmap(pages, 4096);
}

static void check_names(void)
{
    char name[16] = "", long_name[] = "a name of more than sixteen letters";

    ktap_ok(!prctl(PR_GET_NAME, name) && !strcmp(name, "system"), "exec names a process");
    ktap_ok(!prctl(PR_SET_NAME, "other") && !prctl(PR_GET_NAME, name) && !strcmp(name, "other"),
            "PR_SET_NAME");
    prctl(PR_SET_NAME, long_name);
    ktap_ok(!prctl(PR_GET_NAME, name) && !strcmp(name, "a name of more "), "cuts after 15");
    check_error(prctl(PR_SET_NAME, 8), EFAULT, "a bad name");
    check_at_hole();
    check_error(prctl(PR_GET_NAME, 8), EFAULT, "a bad address");
    check_error(prctl(12345, 0, 0, 0, 0), EINVAL, "prctl: no such operation");
    ktap_equal(personality(0xffffffff) & 0xff, 0, "personality");
}

static void check_priorities(void)
{
    cpu_set_t cpus;

    ktap_equal(setpriority(PRIO_PROCESS, 0, 15), 0, "setpriority");
    ktap_equal(getpriority(PRIO_PROCESS, 0), 15, "is kept");
    ktap_equal(syscall(SYS_getpriority, PRIO_PROCESS, 0), 5, "the kernel's own way to say so");
    ktap_equal(nice(2), 17, "nice");
    setpriority(PRIO_PROCESS, 0, 100);
    ktap_equal(getpriority(PRIO_PROCESS, 0), 19, "there is a limit");
    check_error(getpriority(9, 0), EINVAL, "getpriority: no such kind");
    check_error(getpriority(PRIO_PROCESS, 0x3fffffff), ESRCH, "getpriority: nobody");
    ktap_equal(sched_yield(), 0, "sched_yield");
    ktap_equal(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER, "sched_getscheduler");
    ktap_ok(syscall(SYS_sched_get_priority_max, SCHED_OTHER) == 0 &&
                syscall(SYS_sched_get_priority_max, SCHED_FIFO) == 99 &&
                syscall(SYS_sched_get_priority_min, SCHED_FIFO) == 1,
            "the priorities of policies");
    check_error(syscall(SYS_sched_get_priority_max, 99), EINVAL, "of no policy");
    ktap_ok(!sched_getaffinity(0, sizeof(cpus), &cpus) && CPU_COUNT(&cpus) >= 1,
            "sched_getaffinity");
    check_error(syscall(SYS_sched_getaffinity, 0, 1, &cpus), EINVAL, "too small a set");
}

static void check_names_of_host(void)
{
    char old[65], name[65];
    struct utsname uts;

    gethostname(old, sizeof(old));
    check_error(syscall(SYS_sethostname, "x", -1), EINVAL, "sethostname of -1 letters");
    check_error(syscall(SYS_sethostname, "x", 65), EINVAL, "of 65 letters");
    if (!on_postern() && (getuid() || unshare(CLONE_NEWUTS))) {
        ktap_skip("this user may not, or not for itself alone", "sethostname");
        return;
    }
    ktap_equal(sethostname("fortress", 8), 0, "sethostname");
    ktap_ok(!gethostname(name, sizeof(name)) && !strcmp(name, "fortress"), "is kept");
    ktap_ok(!uname(&uts) && !strcmp(uts.nodename, "fortress"), "for uname");
    sethostname(old, strlen(old));
}

int main(void)
{
    ktap_begin();
    alarm(60);
    check_uname();
    check_sysinfo();
    check_clocks();
    check_time_of_day();
    check_sleeping();
    check_usage();
    check_limits();
    check_random();
    check_ids();
    check_names();
    check_priorities();
    check_names_of_host();
    return ktap_end();
}
