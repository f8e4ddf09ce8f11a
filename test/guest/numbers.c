/*
 * Absurd numbers, call by call: descriptors, sizes, flags, signals, ids, times that nobody means.
 *
 * Rule: the errno that Linux answers, which the manual pages name. A broken kernel indexes a table
 * with the number, adds two sizes until they wrap, or takes a flag that it does not know.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "test/guest/check.h"
#include "user/lib/postern.h"

#define MIN_INT ((long)0x80000000)
#define MAX_INT 0x7fffffffL
#define NOBODY  0x3fffffff
#define FD      50 /* a file */

static char buffer[512] __attribute__((aligned(4096)));
static struct iovec one[1] = {{buffer, 16}};
static struct iovec too_long[2] = {{buffer, 0x7fffffff}, {buffer, 0x7fffffff}};
static struct iovec negative[1] = {{buffer, 0x80000000}};
static struct timespec bad_time = {.tv_nsec = 1000000000};
static int bad_time32[2] = {0, 1000000000}, negative_time32[2] = {-1, 0};
static int bad_timer[4] = {0, 0, 0, 1000000};
static int word;

#define GOOD   ((long)buffer)
#define VECTOR ((long)one)

/* --- descriptors -------------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    int number, argument;
    long arguments[6];
} takers[] = {
    {"read", SYS_read, 0, {0, GOOD, 8}},
    {"write", SYS_write, 0, {0, GOOD, 8}},
    {"readv", SYS_readv, 0, {0, VECTOR, 1}},
    {"writev", SYS_writev, 0, {0, VECTOR, 1}},
    {"pread64", SYS_pread64, 0, {0, GOOD, 8}},
    {"pwrite64", SYS_pwrite64, 0, {0, GOOD, 8}},
    {"close", SYS_close, 0, {0}},
    {"dup", SYS_dup, 0, {0}},
    {"dup2", SYS_dup2, 0, {0, 60}},
    {"dup3", SYS_dup3, 0, {0, 60, 0}},
    {"lseek", SYS_lseek, 0, {0}},
    {"_llseek", SYS__llseek, 0, {0, 0, 0, GOOD, 0}},
    {"fstat64", SYS_fstat64, 0, {0, GOOD}},
    {"fstatfs64", SYS_fstatfs64, 0, {0, 84, GOOD}},
    {"ftruncate64", SYS_ftruncate64, 0, {0}},
    {"fchmod", SYS_fchmod, 0, {0, 0644}},
    {"fchown32", SYS_fchown32, 0, {0, -1, -1}},
    {"fchdir", SYS_fchdir, 0, {0}},
    {"fsync", SYS_fsync, 0, {0}},
    {"fdatasync", SYS_fdatasync, 0, {0}},
    {"flock", SYS_flock, 0, {0, 2}},
    {"fcntl64", SYS_fcntl64, 0, {0, F_GETFL}},
    {"ioctl", SYS_ioctl, 0, {0, 0x5401, GOOD}},
    {"getdents64", SYS_getdents64, 0, {0, GOOD, 512}},
    {"openat", SYS_openat, 0, {0, (long)"x", 0}},
    {"mkdirat", SYS_mkdirat, 0, {0, (long)"x", 0755}},
    {"unlinkat", SYS_unlinkat, 0, {0, (long)"x", 0}},
    {"fstatat64", SYS_fstatat64, 0, {0, (long)"x", GOOD, 0}},
    {"statx", SYS_statx, 0, {0, (long)"x", 0, 0x7ff, GOOD}},
    {"readlinkat", SYS_readlinkat, 0, {0, (long)"x", GOOD, 64}},
    {"faccessat", SYS_faccessat, 0, {0, (long)"x", 0}},
    {"utimensat", SYS_utimensat, 0, {0, (long)"x", 0, 0}},
    {"sendfile64, in", SYS_sendfile64, 1, {FD, 0, 0, 1}},
    {"sendfile64, out", SYS_sendfile64, 0, {0, FD, 0, 1}},
    {"mmap2", SYS_mmap2, 4, {0, 4096, PROT_READ, MAP_PRIVATE}},
};

static long call_with(unsigned taker, long fd)
{
    long a[6];

    memcpy(a, takers[taker].arguments, sizeof(a));
    a[takers[taker].argument] = fd;
    return outcome(syscall(takers[taker].number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

static void check_descriptors(void)
{
    static const long numbers[] = {-1, 61, 1023, 65536, 0x10000000, MAX_INT, MIN_INT, -2, -4095};

    for (unsigned i = 0; i < COUNT(takers); i++) {
        int wrong = 0;
        if (on_postern() && call_with(i, -1) == -ENOSYS) {
            ktap_skip("this kernel lacks the call", "%s", takers[i].name);
            continue;
        }
        for (unsigned j = 0; j < COUNT(numbers); j++) {
            long got = call_with(i, numbers[j]);
            if (got != -EBADF) {
                ktap_note("%s %ld: %ld, not %d", takers[i].name, numbers[j], got, -EBADF);
                wrong++;
            }
        }
        ktap_equal(wrong, 0, "%s: descriptors that are none", takers[i].name);
    }
}

/* --- the other numbers -------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    int number;
    long arguments[6];
    int error;
} rows[] = {
    {"a call that is none", 1023, {0}, ENOSYS},
    {"call -1", -1, {0}, ENOSYS},
    {"call 2^31 - 1", MAX_INT, {0}, ENOSYS},

    {"read of 0 bytes", SYS_read, {FD, GOOD, 0}, 0},
    {"pread64 at -1", SYS_pread64, {FD, GOOD, 8, -1, -1}, EINVAL},
    {"pwrite64 at -2^63", SYS_pwrite64, {FD, GOOD, 8, 0, MIN_INT}, EINVAL},
    {"readv of 0 parts", SYS_readv, {FD, VECTOR, 0}, 0},
    {"readv of -1 parts", SYS_readv, {FD, VECTOR, -1}, EINVAL},
    {"readv of 1025 parts", SYS_readv, {FD, VECTOR, 1025}, EINVAL},
    {"writev of 2^31 parts", SYS_writev, {FD, VECTOR, MIN_INT}, EINVAL},
    {"writev of a negative part", SYS_writev, {FD, (long)negative, 1}, EINVAL},
    {"readv of too much", SYS_readv, {FD, (long)too_long, 2}, 0},
    {"lseek: whence 5", SYS_lseek, {FD, 0, 5}, EINVAL},
    {"lseek: whence -1", SYS_lseek, {FD, 0, -1}, EINVAL},
    {"_llseek to -1", SYS__llseek, {FD, -1, -1, GOOD, SEEK_SET}, EINVAL},
    {"_llseek: whence 77", SYS__llseek, {FD, 0, 0, GOOD, 77}, EINVAL},
    {"ftruncate64 to -1", SYS_ftruncate64, {FD, -1, -1}, EINVAL},
    {"truncate64 to -2^63", SYS_truncate64, {(long)"file", 0, MIN_INT}, EINVAL},
    {"fcntl64: command -1", SYS_fcntl64, {FD, -1}, EINVAL},
    {"fcntl64: F_DUPFD from -1", SYS_fcntl64, {FD, F_DUPFD, -1}, EINVAL},
    {"fcntl64: F_DUPFD from 2^31 - 1", SYS_fcntl64, {FD, F_DUPFD, MAX_INT}, EINVAL},
    {"ioctl: a request that is none", SYS_ioctl, {FD, -1, GOOD}, ENOTTY},
    {"ioctl: TCGETS of a file", SYS_ioctl, {FD, 0x5401, 8}, ENOTTY},
    {"dup3 with all flags", SYS_dup3, {FD, 60, -1}, EINVAL},
    {"pipe2 with all flags", SYS_pipe2, {GOOD, -1}, EINVAL},
    {"access: mode -1", SYS_access, {(long)"file", -1}, EINVAL},
    {"unlinkat: all flags", SYS_unlinkat, {AT_FDCWD, (long)"file", -1}, EINVAL},
    {"linkat: all flags", SYS_linkat, {AT_FDCWD, (long)"file", AT_FDCWD, (long)"x", -1}, EINVAL},
    {"renameat2: all flags",
     SYS_renameat2,
     {AT_FDCWD, (long)"file", AT_FDCWD, (long)"x", -1},
     EINVAL},
    {"fstatat64: all flags", SYS_fstatat64, {AT_FDCWD, (long)"file", GOOD, -1}, EINVAL},
    {"statx: all flags", SYS_statx, {AT_FDCWD, (long)"file", -1, 0x7ff, GOOD}, EINVAL},
    {"utimensat: all flags", SYS_utimensat, {AT_FDCWD, (long)"file", 0, -1}, EINVAL},
    {"utimensat: 10^9 ns",
     SYS_utimensat_time64,
     {AT_FDCWD, (long)"file", (long)&bad_time, 0},
     EINVAL},
    {"readlink into -1 bytes", SYS_readlink, {(long)"link", GOOD, -1}, EINVAL},
    {"readlink into 0 bytes", SYS_readlink, {(long)"link", GOOD, 0}, EINVAL},
    {"getcwd into 1 byte", SYS_getcwd, {GOOD, 1}, ERANGE},
    {"statfs64: size 0", SYS_statfs64, {(long)"file", 0, GOOD}, EINVAL},
    {"mknod: a kind that is none", SYS_mknod, {(long)"x", 0170644, 0}, EINVAL},

    {"mmap2 of 0 bytes", SYS_mmap2, {0, 0, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}, EINVAL},
    {"mmap2 of -1 bytes", SYS_mmap2, {0, -1, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}, ENOMEM},
    {"mmap2 without a kind", SYS_mmap2, {0, 4096, 3, MAP_ANONYMOUS, -1, 0}, EINVAL},
    {"munmap of -1 bytes", SYS_munmap, {0x30000000, -1}, EINVAL},
    {"munmap at 1", SYS_munmap, {1, 4096}, EINVAL},
    {"mprotect at 1", SYS_mprotect, {1, 4096, 0}, EINVAL},
    {"mprotect of -1 bytes", SYS_mprotect, {0x30000000, -1, 0}, ENOMEM},
    {"mprotect: all bits", SYS_mprotect, {0x30000000, 4096, -1}, EINVAL},
    {"mremap: all flags", SYS_mremap, {0x30000000, 4096, 8192, -1, 0}, EINVAL},
    {"mremap to 0 bytes", SYS_mremap, {0x30000000, 4096, 0, 1, 0}, EINVAL},
    {"madvise: advice -1", SYS_madvise, {GOOD, 4096, -1}, EINVAL},
    {"msync: all flags", SYS_msync, {GOOD, 4096, -1}, EINVAL},

    {"kill: signal -1", SYS_kill, {0, -1}, EINVAL},
    {"kill: signal 65", SYS_kill, {0, 65}, EINVAL},
    {"kill: nobody", SYS_kill, {NOBODY, 0}, ESRCH},
    {"kill: a group that is none", SYS_kill, {-NOBODY, 0}, ESRCH},
    {"kill: -2^31", SYS_kill, {MIN_INT, 0}, ESRCH},
    {"tkill: thread 0", SYS_tkill, {0, 0}, EINVAL},
    {"tkill: thread -1", SYS_tkill, {-1, 0}, EINVAL},
    {"tkill: nobody", SYS_tkill, {NOBODY, 0}, ESRCH},
    {"tgkill: group -1", SYS_tgkill, {-1, 1, 0}, EINVAL},
    {"tgkill: nobody", SYS_tgkill, {NOBODY, NOBODY, 0}, ESRCH},
    {"rt_sigaction: signal 0", SYS_rt_sigaction, {0, 0, 0, 8}, EINVAL},
    {"rt_sigaction: signal 65", SYS_rt_sigaction, {65, 0, 0, 8}, EINVAL},
    {"rt_sigaction: signal -1", SYS_rt_sigaction, {-1, 0, 0, 8}, EINVAL},
    {"rt_sigaction of SIGKILL", SYS_rt_sigaction, {SIGKILL, GOOD, 0, 8}, EINVAL},
    {"rt_sigaction: size 4", SYS_rt_sigaction, {SIGUSR1, 0, 0, 4}, EINVAL},
    {"rt_sigprocmask: how 99", SYS_rt_sigprocmask, {99, GOOD, 0, 8}, EINVAL},
    {"rt_sigprocmask: size 4", SYS_rt_sigprocmask, {0, GOOD, 0, 4}, EINVAL},
    {"rt_sigpending: size -1", SYS_rt_sigpending, {GOOD, -1}, EINVAL},
    {"rt_sigsuspend: size 4", SYS_rt_sigsuspend, {GOOD, 4}, EINVAL},
    {"rt_sigtimedwait: size 4", SYS_rt_sigtimedwait, {GOOD, 0, 0, 4}, EINVAL},
    {"rt_sigtimedwait: 10^9 ns", SYS_rt_sigtimedwait, {GOOD, 0, (long)bad_time32, 8}, EINVAL},

    {"nanosleep of 10^9 ns", SYS_nanosleep, {(long)bad_time32, 0}, EINVAL},
    {"nanosleep of -1 s", SYS_nanosleep, {(long)negative_time32, 0}, EINVAL},
    {"clock_gettime: clock 99", SYS_clock_gettime32, {99, GOOD}, EINVAL},
    {"clock_gettime: clock 2^31 - 1", SYS_clock_gettime32, {MAX_INT, GOOD}, EINVAL},
    {"clock_nanosleep: clock 99", SYS_clock_nanosleep_time32, {99, 0, GOOD, 0}, EINVAL},
    {"getitimer: timer 3", SYS_getitimer, {3, GOOD}, EINVAL},
    {"getitimer: timer -1", SYS_getitimer, {-1, GOOD}, EINVAL},
    {"setitimer: timer 3", SYS_setitimer, {3, GOOD, 0}, EINVAL},
    {"setitimer: 10^6 us", SYS_setitimer, {0, (long)bad_timer, 0}, EINVAL},
    {"futex: operation 99", SYS_futex, {(long)&word, 99, 0, 0, 0, 0}, ENOSYS},
    {"futex: an unaligned word", SYS_futex, {(long)&word + 1, 1, 1, 0, 0, 0}, EINVAL},
    {"futex: another value", SYS_futex, {(long)&word, 0, 7, 0, 0, 0}, EAGAIN},
    {"futex: 10^9 ns", SYS_futex, {(long)&word, 0, 0, (long)bad_time32, 0, 0}, EINVAL},

    {"waitpid: options -1", SYS_waitpid, {-1, 0, -1}, EINVAL},
    {"wait4: no child", SYS_wait4, {-1, 0, WNOHANG, 0}, ECHILD},
    {"wait4: -2^31", SYS_wait4, {MIN_INT, 0, WNOHANG, 0}, ESRCH},
    {"wait4: nobody", SYS_wait4, {NOBODY, 0, WNOHANG, 0}, ECHILD},
    {"waitid: kind 99", SYS_waitid, {99, 0, GOOD, WEXITED, 0}, EINVAL},
    {"waitid: no process's descriptor", SYS_waitid, {P_PIDFD, 0, GOOD, WEXITED, 0}, EBADF},
    {"waitid: no options", SYS_waitid, {P_ALL, 0, GOOD, 0, 0}, EINVAL},
    {"getpgid: -1", SYS_getpgid, {-1}, ESRCH},
    {"setpgid: group -1", SYS_setpgid, {0, -1}, EINVAL},
    {"setpgid: nobody", SYS_setpgid, {NOBODY, 0}, ESRCH},
    {"getsid: -1", SYS_getsid, {-1}, ESRCH},
    {"getpriority: kind 3", SYS_getpriority, {3, 0}, EINVAL},
    {"setpriority: kind -1", SYS_setpriority, {-1, 0, 0}, EINVAL},
    {"getrusage: who 99", SYS_getrusage, {99, GOOD}, EINVAL},
    {"ugetrlimit: 16", SYS_ugetrlimit, {16, GOOD}, EINVAL},
    {"ugetrlimit: -1", SYS_ugetrlimit, {-1, GOOD}, EINVAL},
    {"setrlimit: -1", SYS_setrlimit, {-1, GOOD}, EINVAL},
    {"prlimit64: -1", SYS_prlimit64, {0, -1, 0, GOOD}, EINVAL},
    {"prlimit64: process -1", SYS_prlimit64, {-1, 0, 0, GOOD}, ESRCH},
    {"sched_getscheduler: -1", SYS_sched_getscheduler, {-1}, EINVAL},
    {"sched_getscheduler: nobody", SYS_sched_getscheduler, {NOBODY}, ESRCH},
    {"sched_get_priority_max: -1", SYS_sched_get_priority_max, {-1}, EINVAL},
    {"sched_getaffinity: 0 bytes", SYS_sched_getaffinity, {0, 0, GOOD}, EINVAL},
    {"getgroups: -1", SYS_getgroups32, {-1, GOOD}, EINVAL},
    {"prctl: -1", SYS_prctl, {-1, 0, 0, 0, 0}, EINVAL},
    {"getrandom: all flags", SYS_getrandom, {GOOD, 8, -1}, EINVAL},
    {"poll of -1", SYS_poll, {GOOD, -1, 0}, EINVAL},
    {"poll of 2^29", SYS_poll, {GOOD, 1 << 29, 0}, EINVAL},
    {"_newselect of -1", SYS__newselect, {-1, 0, 0, 0, 0}, EINVAL},
    {"_newselect of -2^31", SYS__newselect, {MIN_INT, 0, 0, 0, 0}, EINVAL},
    {"syslog: action 99", SYS_syslog, {99, GOOD, 8}, EINVAL},
    {"set_robust_list: size 1", SYS_set_robust_list, {GOOD, 1}, EINVAL},
    {"clone: a thread without memory", SYS_clone, {CLONE_THREAD, 0, 0, 0, 0}, EINVAL},
    {"clone: handlers without memory", SYS_clone, {CLONE_SIGHAND, 0, 0, 0, 0}, EINVAL},
};

static void check_row(unsigned i)
{
    const long *a = rows[i].arguments;
    long got = outcome(syscall(rows[i].number, a[0], a[1], a[2], a[3], a[4], a[5]));

    if (on_postern() && got == -ENOSYS && rows[i].error != ENOSYS)
        ktap_skip("this kernel lacks the call", "%s", rows[i].name);
    else
        ktap_equal(got < 0 && got > -4096 ? -got : 0, rows[i].error, "%s", rows[i].name);
}

int main(void)
{
    ktap_begin();
    scratch_enter("numbers");
    put("file", "");
    symlink("file", "link");
    dup2(open("file", O_RDWR), FD);
    check_descriptors();
    for (unsigned i = 0; i < COUNT(rows); i++)
        check_row(i);
    struct stat s;
    ktap_ok(!stat("file", &s) && s.st_size == 0 && s.st_nlink == 1, "the file is as it was");
    scratch_leave();
    return ktap_end();
}
