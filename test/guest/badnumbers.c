/*
 * Absurd numbers, argument by argument: each that kernel/syscalls.def calls a number is given four
 * that nobody means, the other arguments being good.
 *
 * Rule: what Linux answers, an error or none. A broken kernel indexes a table with the number,
 * takes a flag that it does not know, or adds two sizes until they wrap. numbers.c has those that
 * are absurd only together.
 */
#define _GNU_SOURCE
#include "test/guest/described.h"

#include "test/guest/calls.h"

/* Differs between a 32-bit and a 64-bit kernel, with the file system, the uptime, or what is
 * mapped. */
#define ANY (-1)

static const long absurd[4] = {-1, (int)0x80000000, 0x40000000, 0x7fffffff};

/* By a line of calls.h and an argument: the errors that these have; 0: none. */
/* clang-format off: a row a line */
static const struct row {
    const char *line;
    int argument;
    int errors[4];
} rows[] = {
    {"read, file", 2, {ANY, 0, 0, 0}},
    {"write, file", 2, {ANY, 0, 0, 0}},
    {"open", 1, {ENOTDIR, 0, 0, ENOTDIR}},
    {"open", 2, {0, 0, 0, 0}},
    {"waitpid", 0, {0, ESRCH, ECHILD, ECHILD}},
    {"waitpid", 2, {EINVAL, ECHILD, 0, EINVAL}},
    {"creat", 1, {0, 0, 0, 0}},
    {"mknod", 1, {EINVAL, 0, 0, EINVAL}},
    {"mknod", 2, {0, 0, 0, 0}},
    {"chmod", 1, {0, 0, 0, 0}},
    {"lchown", 1, {0, 0, 0, 0}},
    {"lchown", 2, {0, 0, 0, 0}},
    {"lseek", 1, {EINVAL, EINVAL, 0, 0}},
    {"lseek", 2, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"mount, of an unknown kind", 3, {EINVAL, EINVAL, ENODEV, ANY}},
    {"setuid", 0, {EINVAL, 0, 0, EINVAL}},
    {"alarm", 0, {0, 0, 0, 0}},
    {"access", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"nice", 0, {0, 0, 0, 0}},
    {"mkdir", 1, {0, 0, 0, 0}},
    {"setgid", 0, {EINVAL, 0, 0, EINVAL}},
    {"signal", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"signal", 1, {0, 0, 0, 0}},
    {"umount2", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"ioctl, TCGETS", 1, {ENOTTY, ENOTTY, ENOTTY, ENOTTY}},
    {"fcntl, F_GETLK", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"setpgid", 0, {EINVAL, EINVAL, ESRCH, ESRCH}},
    {"setpgid", 1, {EINVAL, EINVAL, EPERM, EPERM}},
    {"umask", 0, {0, 0, 0, 0}},
    {"sigaction", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"ssetmask", 0, {0, 0, 0, 0}},
    {"setreuid", 0, {0, 0, 0, 0}},
    {"setreuid", 1, {0, 0, 0, 0}},
    {"setregid", 0, {0, 0, 0, 0}},
    {"setregid", 1, {0, 0, 0, 0}},
    {"setrlimit", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"getrlimit", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"getrusage", 0, {0, EINVAL, EINVAL, EINVAL}},
    {"getgroups", 0, {EINVAL, EINVAL, 0, 0}},
    {"setgroups", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"readlink", 2, {EINVAL, EINVAL, 0, 0}},
    {"reboot", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"reboot", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"reboot", 2, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"truncate", 1, {EINVAL, EINVAL, 0, 0}},
    {"ftruncate", 1, {EINVAL, EINVAL, 0, 0}},
    {"fchmod", 1, {0, 0, 0, 0}},
    {"fchown", 1, {0, 0, 0, 0}},
    {"fchown", 2, {0, 0, 0, 0}},
    {"getpriority", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"getpriority", 1, {ESRCH, ESRCH, ESRCH, ESRCH}},
    {"setpriority", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"setpriority", 1, {ESRCH, ESRCH, ESRCH, ESRCH}},
    {"setpriority", 2, {0, 0, 0, 0}},
    {"socketcall", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"setitimer", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"getitimer", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"wait4", 0, {0, ESRCH, ECHILD, ECHILD}},
    {"wait4", 2, {EINVAL, ECHILD, 0, EINVAL}},
    {"setdomainname", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"sigprocmask", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"getpgid", 0, {ESRCH, ESRCH, ESRCH, ESRCH}},
    {"personality", 0, {0, 0, 0, 0}},
    {"setfsuid", 0, {0, 0, 0, 0}},
    {"setfsgid", 0, {0, 0, 0, 0}},
    {"_llseek", 1, {EINVAL, EINVAL, ANY, ANY}},
    {"_llseek", 2, {0, 0, 0, 0}},
    {"_llseek", 4, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"getdents", 2, {EINVAL, EINVAL, 0, 0}},
    {"_newselect", 0, {EINVAL, EINVAL, 0, 0}},
    {"flock", 1, {ANY, EINVAL, EINVAL, ANY}},
    {"readv", 2, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"writev", 2, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"getsid", 0, {ESRCH, ESRCH, ESRCH, ESRCH}},
    {"mlockall", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"sched_setparam", 0, {EINVAL, EINVAL, ESRCH, ESRCH}},
    {"sched_getparam", 0, {EINVAL, EINVAL, ESRCH, ESRCH}},
    {"sched_setscheduler", 0, {EINVAL, EINVAL, ESRCH, ESRCH}},
    {"sched_setscheduler", 1, {EINVAL, EINVAL, 0, EINVAL}},
    {"sched_getscheduler", 0, {EINVAL, EINVAL, ESRCH, ESRCH}},
    {"sched_get_priority_max", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"sched_get_priority_min", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"sched_rr_get_interval", 0, {EINVAL, EINVAL, ESRCH, ESRCH}},
    {"setresuid", 0, {0, 0, 0, 0}},
    {"setresuid", 1, {0, 0, 0, 0}},
    {"setresuid", 2, {0, 0, 0, 0}},
    {"poll", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"poll", 2, {0, 0, 0, 0}},
    {"setresgid", 0, {0, 0, 0, 0}},
    {"setresgid", 1, {0, 0, 0, 0}},
    {"setresgid", 2, {0, 0, 0, 0}},
    {"prctl, PR_GET_NAME", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"rt_sigaction", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"rt_sigaction", 3, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"rt_sigprocmask", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"rt_sigprocmask", 3, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"rt_sigpending", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"rt_sigtimedwait", 3, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"rt_sigsuspend", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"pread64", 2, {ANY, 0, 0, 0}},
    {"pread64", 3, {0, 0, 0, 0}},
    {"pread64", 4, {EINVAL, EINVAL, 0, 0}},
    {"pwrite64", 2, {ANY, 0, 0, 0}},
    {"pwrite64", 3, {0, 0, 0, 0}},
    {"pwrite64", 4, {EINVAL, EINVAL, EFBIG, EFBIG}},
    {"chown", 1, {0, 0, 0, 0}},
    {"chown", 2, {0, 0, 0, 0}},
    {"getcwd", 1, {0, 0, 0, 0}},
    {"sendfile", 3, {0, 0, 0, 0}},
    {"ugetrlimit", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"mmap2", 0, {0, 0, 0, 0}},
    {"mmap2", 1, {ENOMEM, ANY, 0, ANY}},
    {"mmap2", 2, {0, 0, 0, 0}},
    {"mmap2", 3, {ANY, EBADF, EBADF, ANY}},
    {"mmap2", 5, {ANY, 0, 0, 0}},
    {"truncate64", 1, {0, 0, 0, 0}},
    {"truncate64", 2, {EINVAL, EINVAL, EFBIG, EFBIG}},
    {"ftruncate64", 1, {0, 0, 0, 0}},
    {"ftruncate64", 2, {EINVAL, EINVAL, EFBIG, EFBIG}},
    {"lchown32", 1, {0, 0, 0, 0}},
    {"lchown32", 2, {0, 0, 0, 0}},
    {"setreuid32", 0, {0, 0, 0, 0}},
    {"setreuid32", 1, {0, 0, 0, 0}},
    {"setregid32", 0, {0, 0, 0, 0}},
    {"setregid32", 1, {0, 0, 0, 0}},
    {"getgroups32", 0, {EINVAL, EINVAL, 0, 0}},
    {"setgroups32", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"fchown32", 1, {0, 0, 0, 0}},
    {"fchown32", 2, {0, 0, 0, 0}},
    {"setresuid32", 0, {0, 0, 0, 0}},
    {"setresuid32", 1, {0, 0, 0, 0}},
    {"setresuid32", 2, {0, 0, 0, 0}},
    {"setresgid32", 0, {0, 0, 0, 0}},
    {"setresgid32", 1, {0, 0, 0, 0}},
    {"setresgid32", 2, {0, 0, 0, 0}},
    {"chown32", 1, {0, 0, 0, 0}},
    {"chown32", 2, {0, 0, 0, 0}},
    {"setuid32", 0, {EINVAL, 0, 0, 0}},
    {"setgid32", 0, {EINVAL, 0, 0, 0}},
    {"setfsuid32", 0, {0, 0, 0, 0}},
    {"setfsgid32", 0, {0, 0, 0, 0}},
    {"mincore", 0, {EINVAL, ENOMEM, ANY, EINVAL}},
    {"mincore", 1, {ENOMEM, ENOMEM, ENOMEM, ENOMEM}},
    {"getdents64", 2, {EINVAL, EINVAL, 0, 0}},
    {"fcntl64, F_GETLK64", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"sendfile64", 3, {0, 0, 0, 0}},
    {"futex, wait", 1, {ENOSYS, ENOSYS, ENOSYS, ENOSYS}},
    {"futex, wait", 2, {EAGAIN, EAGAIN, EAGAIN, EAGAIN}},
    {"futex, wait", 5, {ETIMEDOUT, ETIMEDOUT, ETIMEDOUT, ETIMEDOUT}},
    {"sched_setaffinity", 0, {ESRCH, ESRCH, ESRCH, ESRCH}},
    {"sched_setaffinity", 1, {0, 0, 0, 0}},
    {"sched_getaffinity", 0, {ESRCH, ESRCH, ESRCH, ESRCH}},
    {"sched_getaffinity", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"fadvise64", 1, {0, 0, 0, 0}},
    {"fadvise64", 2, {0, 0, 0, 0}},
    {"fadvise64", 3, {0, 0, 0, 0}},
    {"fadvise64", 4, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"set_tid_address", 0, {0, 0, 0, 0}},
    {"clock_settime", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"clock_gettime", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"clock_getres", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"clock_nanosleep", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"clock_nanosleep", 1, {ANY, EINTR, EINTR, ANY}},
    {"statfs64", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"fstatfs64", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"fadvise64_64", 1, {0, 0, 0, 0}},
    {"fadvise64_64", 2, {0, 0, 0, 0}},
    {"fadvise64_64", 3, {0, 0, 0, 0}},
    {"fadvise64_64", 4, {EINVAL, EINVAL, 0, 0}},
    {"fadvise64_64", 5, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"waitid", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"waitid", 1, {0, 0, 0, 0}},
    {"waitid", 3, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"openat", 2, {ENOTDIR, 0, 0, ENOTDIR}},
    {"openat", 3, {0, 0, 0, 0}},
    {"mkdirat", 2, {0, 0, 0, 0}},
    {"mknodat", 2, {EINVAL, 0, 0, EINVAL}},
    {"mknodat", 3, {0, 0, 0, 0}},
    {"fchownat", 2, {0, 0, 0, 0}},
    {"fchownat", 3, {0, 0, 0, 0}},
    {"fchownat", 4, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"fstatat64", 3, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"unlinkat", 2, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"linkat", 4, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"readlinkat", 3, {EINVAL, EINVAL, 0, 0}},
    {"fchmodat", 2, {0, 0, 0, 0}},
    {"faccessat", 2, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"pselect6", 0, {EINVAL, EINVAL, 0, 0}},
    {"ppoll", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"ppoll", 4, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"set_robust_list", 0, {0, 0, 0, 0}},
    {"set_robust_list", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"get_robust_list", 0, {ESRCH, ESRCH, ESRCH, ESRCH}},
    {"getcpu", 2, {0, 0, 0, 0}},
    {"utimensat", 3, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"dup3", 2, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"pipe2", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"preadv", 2, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"preadv", 3, {0, 0, 0, 0}},
    {"preadv", 4, {EINVAL, EINVAL, 0, 0}},
    {"pwritev", 2, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"pwritev", 3, {0, 0, 0, 0}},
    {"pwritev", 4, {EINVAL, EINVAL, EFBIG, EFBIG}},
    {"prlimit64", 0, {ESRCH, ESRCH, ESRCH, ESRCH}},
    {"prlimit64", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"renameat2", 4, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"getrandom", 1, {ANY, ANY, ANY, ANY}},
    {"getrandom", 2, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"memfd_create", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"socket", 0, {EAFNOSUPPORT, EAFNOSUPPORT, EAFNOSUPPORT, EAFNOSUPPORT}},
    {"socket", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"socket", 2, {ANY, ANY, ANY, ANY}},
    {"copy_file_range", 4, {0, 0, 0, 0}},
    {"copy_file_range", 5, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"statx", 2, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"statx", 3, {EINVAL, EINVAL, 0, 0}},
    {"clock_gettime64", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"clock_settime64", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"clock_getres_time64", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"clock_nanosleep_time64", 0, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"clock_nanosleep_time64", 1, {ANY, EINTR, EINTR, ANY}},
    {"utimensat_time64", 3, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"pselect6_time64", 0, {EINVAL, EINVAL, 0, 0}},
    {"ppoll_time64", 1, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"ppoll_time64", 4, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"rt_sigtimedwait_time64", 3, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"futex_time64", 1, {ENOSYS, ENOSYS, ENOSYS, ENOSYS}},
    {"futex_time64", 2, {EAGAIN, EAGAIN, EAGAIN, EAGAIN}},
    {"futex_time64", 5, {ETIMEDOUT, ETIMEDOUT, ETIMEDOUT, ETIMEDOUT}},
    {"sched_rr_get_interval_time64", 0, {EINVAL, EINVAL, ESRCH, ESRCH}},
    {"close_range", 0, {0, 0, 0, 0}},
    {"close_range", 1, {0, 0, 0, 0}},
    {"close_range", 2, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"faccessat2", 2, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"faccessat2", 3, {EINVAL, EINVAL, EINVAL, EINVAL}},
    {"fchmodat2", 2, {0, 0, 0, 0}},
    {"fchmodat2", 3, {EINVAL, EINVAL, EINVAL, EINVAL}},
};

/* Not tried with their line of calls.h. */
static const struct {
    const char *call;
    const char *reason;
} left_out[] = {
    {"brk", "an address that is none changes nothing: memory.c"},
    {"clone", "clone.c"},
    {"exit", "any number is good: the lowest eight bits count"},
    {"exit_group", "any number is good: the lowest eight bits count"},
    {"fallocate", "may fill a disk: filesystem.c"},
    {"kill", "may end others: numbers.c"},
    {"madvise", "numbers.c"},
    {"mlock", "memory_calls.c"},
    {"mlock2", "memory_calls.c"},
    {"mprotect", "numbers.c"},
    {"mremap", "numbers.c"},
    {"msync", "numbers.c"},
    {"munlock", "memory_calls.c"},
    {"munmap", "numbers.c"},
    {"rt_sigqueueinfo", "may end others: signal_errors.c"},
    {"rt_tgsigqueueinfo", "may end others: signal_errors.c"},
    {"sethostname", "changes the host's name: system.c"},
    {"sigsuspend", "any mask is good, and sleeps"},
    {"syslog", "may empty the host's log: numbers.c"},
    {"tgkill", "may end others: numbers.c"},
    {"tkill", "may end others: numbers.c"},
};
/* clang-format on */

static long *result; /* shared with the children */

static const struct call *call_of(const char *line)
{
    unsigned i = 0;

    while (strcmp(all_calls[i].name, line))
        i++;
    return &all_calls[i];
}

/* Who is not root may be refused first, on the host. */
static bool try_number(const struct row *row, int number)
{
    struct try try = {call_of(row->line), row->argument, absurd[number], result};

    return row->errors[number] == ANY || calls_try(try, row->errors[number], "number") ||
           (geteuid() && *result == -EPERM);
}

static void sweep(const struct row *row)
{
    bool good = true;

    for (int i = 0; i < 4; i++)
        good &= try_number(row, i);
    ktap_ok(good, "%s, argument %d", row->line, row->argument);
}

/* --- whether all are tried ----------------------------------------------------------------- */

static bool is_left_out(const char *call)
{
    for (unsigned i = 0; i < COUNT(left_out); i++) {
        if (!strcmp(left_out[i].call, call))
            return true;
    }
    return false;
}

static bool is_swept(long number, int argument)
{
    for (unsigned i = 0; i < COUNT(rows); i++) {
        if (call_of(rows[i].line)->number == number && rows[i].argument == argument)
            return true;
    }
    return false;
}

static void check_list(void)
{
    int missing = 0;

    for (unsigned i = 0; i < COUNT(described); i++) {
        for (int argument = 0; argument < 6; argument++) {
            if (described[i].kinds[argument] != KIND_NUMBER ||
                described[i].number >= POSTERN_CALL_BASE || is_left_out(described[i].name) ||
                is_swept(described[i].number, argument))
                continue;
            ktap_note("%s, argument %d: not tried", described[i].name, argument);
            missing++;
        }
    }
    ktap_equal(missing, 0, "every number of kernel/syscalls.def is tried");
}

int main(void)
{
    ktap_begin();
    calls_enter("badnumbers");
    alarm(0);
    result = mmap(NULL, PAGE, BOTH, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check_list();
    for (unsigned i = 0; i < COUNT(rows); i++)
        sweep(&rows[i]);
    calls_leave();
    return ktap_end();
}
