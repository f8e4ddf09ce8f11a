/*
 * Bad pointers, call by call: each pointer argument, and each pointer inside what an argument
 * points to, is given every kind of address that the kernel must refuse.
 *
 * Rule: Linux answers EFAULT, or a short count where it had begun. A broken kernel trusts the one
 * pointer that it forgot: it writes to itself, reads what is not the caller's, or dies.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <termios.h>
#include <time.h>

#include "test/guest/check.h"
#include "user/lib/postern.h"

#define PAGE 4096

/* as in futex(2); the headers of the C library do not have them */
#define FUTEX_WAIT        0
#define FUTEX_WAKE        1
#define FUTEX_CMP_REQUEUE 4
#define UNTESTED          (-(1L << 30)) /* no result that a call can have */

/* Descriptors at numbers of their own, for the tables. */
enum {
    FD_FILE = 50,
    FD_ZERO,
    FD_DIRECTORY,
    FD_READER,
    FD_WRITER,
    FD_TERMINAL,
};

/* What the call does with what it is pointed to. */
enum direction {
    IN,   /* reads it */
    OUT,  /* writes it, reads it or not */
    TEXT, /* reads it, bytes or words, up to a zero */
};

struct row {
    const char *name;
    int number, argument; /* which of the arguments is the pointer */
    enum direction direction;
    unsigned size;
    long arguments[6];
    long *inside;  /* where the pointer goes if it is no argument itself */
    long straddle; /* what comes of an object across a hole, if not -EFAULT */
};

static char buffer[512] __attribute__((aligned(PAGE)));
static char self[256];
static int word;
static long vector[2] = {0, 16}, strings[2], mask_of_pselect[2] = {0, 8};
static long argv_again[] = {(long)self, (long)"again", 0}, environment[] = {(long)"AGAIN=1", 0};
static struct timespec no_time;

#define GOOD ((long)buffer)
#define FILE ((long)"file")

static const struct row rows[] = {
    /* paths */
    {"open", SYS_open, 0, TEXT, 0, .arguments = {0, O_RDONLY}},
    {"creat", SYS_creat, 0, TEXT, 0, .arguments = {0, 0644}},
    {"openat", SYS_openat, 1, TEXT, 0, .arguments = {AT_FDCWD, 0, O_RDONLY}},
    {"access", SYS_access, 0, TEXT, 0, .arguments = {0, F_OK}},
    {"faccessat", SYS_faccessat, 1, TEXT, 0, .arguments = {AT_FDCWD, 0, F_OK}},
    {"chdir", SYS_chdir, 0, TEXT, 0, .arguments = {0}},
    {"chroot", SYS_chroot, 0, TEXT, 0, .arguments = {0}},
    {"chmod", SYS_chmod, 0, TEXT, 0, .arguments = {0, 0644}},
    {"fchmodat", SYS_fchmodat, 1, TEXT, 0, .arguments = {AT_FDCWD, 0, 0644}},
    {"chown32", SYS_chown32, 0, TEXT, 0, .arguments = {0, -1, -1}},
    {"lchown32", SYS_lchown32, 0, TEXT, 0, .arguments = {0, -1, -1}},
    {"fchownat", SYS_fchownat, 1, TEXT, 0, .arguments = {AT_FDCWD, 0, -1, -1}},
    {"mkdir", SYS_mkdir, 0, TEXT, 0, .arguments = {0, 0755}},
    {"mkdirat", SYS_mkdirat, 1, TEXT, 0, .arguments = {AT_FDCWD, 0, 0755}},
    {"mknod", SYS_mknod, 0, TEXT, 0, .arguments = {0, S_IFIFO | 0644}},
    {"mknodat", SYS_mknodat, 1, TEXT, 0, .arguments = {AT_FDCWD, 0, S_IFIFO | 0644}},
    {"rmdir", SYS_rmdir, 0, TEXT, 0, .arguments = {0}},
    {"unlink", SYS_unlink, 0, TEXT, 0, .arguments = {0}},
    {"unlinkat", SYS_unlinkat, 1, TEXT, 0, .arguments = {AT_FDCWD, 0}},
    {"rename, from", SYS_rename, 0, TEXT, 0, .arguments = {0, FILE}},
    {"rename, to", SYS_rename, 1, TEXT, 0, .arguments = {FILE}},
    {"renameat, from", SYS_renameat, 1, TEXT, 0, .arguments = {AT_FDCWD, 0, AT_FDCWD, FILE}},
    {"renameat, to", SYS_renameat, 3, TEXT, 0, .arguments = {AT_FDCWD, FILE, AT_FDCWD}},
    {"renameat2, to", SYS_renameat2, 3, TEXT, 0, .arguments = {AT_FDCWD, FILE, AT_FDCWD}},
    {"link, from", SYS_link, 0, TEXT, 0, .arguments = {0, FILE}},
    {"link, to", SYS_link, 1, TEXT, 0, .arguments = {FILE}},
    {"linkat, to", SYS_linkat, 3, TEXT, 0, .arguments = {AT_FDCWD, FILE, AT_FDCWD}},
    {"symlink, target", SYS_symlink, 0, TEXT, 0, .arguments = {0, (long)"new"}},
    {"symlink, name", SYS_symlink, 1, TEXT, 0, .arguments = {FILE}},
    {"symlinkat, target", SYS_symlinkat, 0, TEXT, 0, .arguments = {0, AT_FDCWD, (long)"new"}},
    {"symlinkat, name", SYS_symlinkat, 2, TEXT, 0, .arguments = {FILE, AT_FDCWD}},
    {"readlink, path", SYS_readlink, 0, TEXT, 0, .arguments = {0, GOOD, 64}},
    {"readlink, buffer", SYS_readlink, 1, OUT, 4, .arguments = {(long)"link", 0, 64}},
    {"readlinkat, path", SYS_readlinkat, 1, TEXT, 0, .arguments = {AT_FDCWD, 0, GOOD, 64}},
    {"readlinkat, buffer", SYS_readlinkat, 2, OUT, 4, .arguments = {AT_FDCWD, (long)"link", 0, 64}},
    {"truncate64", SYS_truncate64, 0, TEXT, 0, .arguments = {0, 0, 0}},
    {"utimensat, path", SYS_utimensat, 1, TEXT, 0, .arguments = {AT_FDCWD, 0, 0, 0}},
    {"utimensat, times", SYS_utimensat, 2, IN, 16, .arguments = {AT_FDCWD, FILE}},
    {"utimensat_time64, times", SYS_utimensat_time64, 2, IN, 32, .arguments = {AT_FDCWD, FILE}},
    {"utime, times", SYS_utime, 1, IN, 8, .arguments = {FILE}},
    {"utimes, times", SYS_utimes, 1, IN, 16, .arguments = {FILE}},
    {"statfs64, path", SYS_statfs64, 0, TEXT, 0, .arguments = {0, 84, GOOD}},
    {"statfs64, buffer", SYS_statfs64, 2, OUT, 84, .arguments = {FILE, 84}},
    {"fstatfs64, buffer", SYS_fstatfs64, 2, OUT, 84, .arguments = {FD_FILE, 84}},
    {"stat64, path", SYS_stat64, 0, TEXT, 0, .arguments = {0, GOOD}},
    {"stat64, buffer", SYS_stat64, 1, OUT, 96, .arguments = {FILE}},
    {"lstat64, buffer", SYS_lstat64, 1, OUT, 96, .arguments = {FILE}},
    {"fstat64, buffer", SYS_fstat64, 1, OUT, 96, .arguments = {FD_FILE}},
    {"fstatat64, path", SYS_fstatat64, 1, TEXT, 0, .arguments = {AT_FDCWD, 0, GOOD}},
    {"fstatat64, buffer", SYS_fstatat64, 2, OUT, 96, .arguments = {AT_FDCWD, FILE}},
    {"statx, path", SYS_statx, 1, TEXT, 0, .arguments = {AT_FDCWD, 0, 0, 0x7ff, GOOD}},
    {"statx, buffer", SYS_statx, 4, OUT, 256, .arguments = {AT_FDCWD, FILE, 0, 0x7ff}},
    {"execve, path", SYS_execve, 0, TEXT, 0, .arguments = {0, (long)argv_again, (long)environment}},
    {"execve, argv", SYS_execve, 1, TEXT, 0, .arguments = {(long)self, 0, (long)environment}},
    {"execve, envp", SYS_execve, 2, TEXT, 0, .arguments = {(long)self, (long)argv_again}},
    {"execve, a string of argv", SYS_execve, 1, TEXT, 0,
     .arguments = {(long)self, (long)strings, (long)environment}, .inside = strings},
    {"execve, a string of envp", SYS_execve, 2, TEXT, 0,
     .arguments = {(long)self, (long)argv_again, (long)strings}, .inside = strings},
    /* descriptors */
    {"read", SYS_read, 1, OUT, 64, .arguments = {FD_ZERO, 0, 64}, .straddle = 32},
    {"read a file", SYS_read, 1, OUT, 8, .arguments = {FD_FILE, 0, 8}, .straddle = UNTESTED},
    {"write to a pipe", SYS_write, 1, IN, 64, .arguments = {FD_WRITER, 0, 64}},
    {"write to a file", SYS_write, 1, IN, 64, .arguments = {FD_FILE, 0, 64}, .straddle = UNTESTED},
    {"pread64", SYS_pread64, 1, OUT, 64, .arguments = {FD_ZERO, 0, 64, 0, 0}, .straddle = 32},
    {"pwrite64", SYS_pwrite64, 1, IN, 64, .arguments = {FD_FILE, 0, 64, 0, 0},
     .straddle = UNTESTED},
    {"readv, vector", SYS_readv, 1, IN, 8, .arguments = {FD_ZERO, 0, 1}},
    {"readv, buffer", SYS_readv, 1, OUT, 16, .arguments = {FD_ZERO, (long)vector, 1},
     .inside = vector, .straddle = 8},
    {"writev, vector", SYS_writev, 1, IN, 8, .arguments = {FD_WRITER, 0, 1}},
    {"writev, buffer", SYS_writev, 1, IN, 16, .arguments = {FD_WRITER, (long)vector, 1},
     .inside = vector},
    {"preadv, vector", SYS_preadv, 1, IN, 8, .arguments = {FD_ZERO, 0, 1}},
    {"preadv, buffer", SYS_preadv, 1, OUT, 16, .arguments = {FD_ZERO, (long)vector, 1},
     .inside = vector, .straddle = 8},
    {"_llseek", SYS__llseek, 3, OUT, 8, .arguments = {FD_FILE, 0, 0, 0, SEEK_CUR}},
    {"getdents64", SYS_getdents64, 1, OUT, 8, .arguments = {FD_DIRECTORY, 0, 512}},
    {"getcwd", SYS_getcwd, 0, OUT, 8, .arguments = {0, 256}},
    {"pipe", SYS_pipe, 0, OUT, 8, .arguments = {0}},
    {"pipe2", SYS_pipe2, 0, OUT, 8, .arguments = {0, O_CLOEXEC}},
    {"sendfile64, offset", SYS_sendfile64, 2, OUT, 8, .arguments = {FD_WRITER, FD_FILE, 0, 1}},
    {"fcntl64 F_GETLK", SYS_fcntl64, 2, OUT, 16, .arguments = {FD_FILE, F_GETLK - 7}},
    {"fcntl64 F_GETLK64", SYS_fcntl64, 2, OUT, 24, .arguments = {FD_FILE, F_GETLK}},
    {"fcntl64 F_SETLK64", SYS_fcntl64, 2, IN, 24, .arguments = {FD_FILE, F_SETLK}},
    {"ioctl FIONREAD", SYS_ioctl, 2, OUT, 4, .arguments = {FD_READER, FIONREAD}},
    {"ioctl FIONBIO", SYS_ioctl, 2, IN, 4, .arguments = {FD_READER, FIONBIO}},
    {"ioctl TCGETS", SYS_ioctl, 2, OUT, 36, .arguments = {FD_TERMINAL, TCGETS}},
    {"ioctl TCSETS", SYS_ioctl, 2, IN, 36, .arguments = {FD_TERMINAL, TCSETS}},
    {"ioctl TIOCGWINSZ", SYS_ioctl, 2, OUT, 8, .arguments = {FD_TERMINAL, TIOCGWINSZ}},
    {"ioctl TIOCSWINSZ", SYS_ioctl, 2, IN, 8, .arguments = {FD_TERMINAL, TIOCSWINSZ}},
    {"poll", SYS_poll, 0, OUT, 8, .arguments = {0, 1, 0}},
    {"ppoll, descriptors", SYS_ppoll, 0, OUT, 8, .arguments = {0, 1, (long)&no_time, 0, 8}},
    {"ppoll, time", SYS_ppoll, 2, IN, 8, .arguments = {0, 0, 0, 0, 8}},
    {"ppoll, mask", SYS_ppoll, 3, IN, 8, .arguments = {0, 0, (long)&no_time, 0, 8}},
    {"_newselect, in", SYS__newselect, 1, OUT, 8, .arguments = {40, 0, 0, 0, (long)&no_time}},
    {"_newselect, out", SYS__newselect, 2, OUT, 8, .arguments = {40, 0, 0, 0, (long)&no_time}},
    {"_newselect, except", SYS__newselect, 3, OUT, 8, .arguments = {40, 0, 0, 0, (long)&no_time}},
    {"_newselect, time", SYS__newselect, 4, IN, 8, .arguments = {0}},
    {"select, its structure", SYS_select, 0, IN, 20, .arguments = {0}},
    {"pselect6, in", SYS_pselect6, 1, OUT, 8, .arguments = {40, 0, 0, 0, (long)&no_time, 0}},
    {"pselect6, time", SYS_pselect6, 4, IN, 8, .arguments = {0}},
    {"pselect6, mask and size", SYS_pselect6, 5, IN, 8, .arguments = {0, 0, 0, 0, (long)&no_time}},
    {"pselect6, mask", SYS_pselect6, 5, IN, 8,
     .arguments = {0, 0, 0, 0, (long)&no_time, (long)mask_of_pselect}, .inside = mask_of_pselect},
    /* signals */
    {"rt_sigaction, new", SYS_rt_sigaction, 1, IN, 20, .arguments = {SIGUSR1, 0, 0, 8}},
    {"rt_sigaction, old", SYS_rt_sigaction, 2, OUT, 20, .arguments = {SIGUSR1, 0, 0, 8}},
    {"sigaction, new", SYS_sigaction, 1, IN, 16, .arguments = {SIGUSR1}},
    {"sigaction, old", SYS_sigaction, 2, OUT, 16, .arguments = {SIGUSR1}},
    {"rt_sigprocmask, new", SYS_rt_sigprocmask, 1, IN, 8, .arguments = {SIG_BLOCK, 0, 0, 8}},
    {"rt_sigprocmask, old", SYS_rt_sigprocmask, 2, OUT, 8, .arguments = {SIG_BLOCK, 0, 0, 8}},
    {"sigprocmask, new", SYS_sigprocmask, 1, IN, 4, .arguments = {SIG_BLOCK}},
    {"sigprocmask, old", SYS_sigprocmask, 2, OUT, 4, .arguments = {SIG_BLOCK}},
    {"rt_sigpending", SYS_rt_sigpending, 0, OUT, 8, .arguments = {0, 8}},
    {"sigpending", SYS_sigpending, 0, OUT, 4, .arguments = {0}},
    {"rt_sigsuspend", SYS_rt_sigsuspend, 0, IN, 8, .arguments = {0, 8}},
    {"rt_sigtimedwait, mask", SYS_rt_sigtimedwait, 0, IN, 8,
     .arguments = {0, 0, (long)&no_time, 8}},
    {"rt_sigtimedwait, time", SYS_rt_sigtimedwait, 2, IN, 8, .arguments = {GOOD, 0, 0, 8}},
    {"rt_sigqueueinfo", SYS_rt_sigqueueinfo, 2, IN, 128, .arguments = {0x3fffffff, SIGUSR1}},
    {"rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo, 3, IN, 128,
     .arguments = {0x3fffffff, 0x3fffffff, SIGUSR1}},
    {"sigaltstack, new", SYS_sigaltstack, 0, IN, 12, .arguments = {0}},
    {"sigaltstack, old", SYS_sigaltstack, 1, OUT, 12, .arguments = {0}},
    /* times */
    {"nanosleep", SYS_nanosleep, 0, IN, 8, .arguments = {0}},
    {"clock_nanosleep", SYS_clock_nanosleep_time32, 2, IN, 8, .arguments = {CLOCK_MONOTONIC, 0}},
    {"clock_nanosleep_time64", SYS_clock_nanosleep_time64, 2, IN, 16,
     .arguments = {CLOCK_MONOTONIC, 0}},
    {"clock_gettime", SYS_clock_gettime32, 1, OUT, 8, .arguments = {CLOCK_REALTIME}},
    {"clock_gettime64", SYS_clock_gettime64, 1, OUT, 16, .arguments = {CLOCK_REALTIME}},
    {"clock_getres", SYS_clock_getres_time32, 1, OUT, 8, .arguments = {CLOCK_REALTIME}},
    {"clock_getres_time64", SYS_clock_getres_time64, 1, OUT, 16, .arguments = {CLOCK_REALTIME}},
    {"gettimeofday, time", SYS_gettimeofday_time32, 0, OUT, 8, .arguments = {0}},
    {"gettimeofday, zone", SYS_gettimeofday_time32, 1, OUT, 8, .arguments = {0}},
    {"time", SYS_time, 0, OUT, 4, .arguments = {0}},
    {"times", SYS_times, 0, OUT, 16, .arguments = {0}},
    {"getitimer", SYS_getitimer, 1, OUT, 16, .arguments = {ITIMER_REAL}},
    {"setitimer, new", SYS_setitimer, 1, IN, 16, .arguments = {ITIMER_REAL}},
    {"setitimer, old", SYS_setitimer, 2, OUT, 16, .arguments = {ITIMER_REAL, GOOD}},
    {"futex, word", SYS_futex, 0, IN, 4, .arguments = {0, FUTEX_WAIT, 1, (long)&no_time},
     .straddle = -EINVAL},
    {"futex, time", SYS_futex, 3, IN, 8, .arguments = {(long)&word, FUTEX_WAIT, 1}},
    {"futex_time64, time", SYS_futex_time64, 3, IN, 16, .arguments = {(long)&word, FUTEX_WAIT, 1}},
    {"futex, wake", SYS_futex, 0, IN, 4, .arguments = {0, FUTEX_WAKE, 1}, .straddle = -EINVAL},
    {"futex, requeue to", SYS_futex, 4, IN, 4,
     .arguments = {(long)&word, FUTEX_CMP_REQUEUE, 1, 1, 0, 0}, .straddle = -EINVAL},
    /* the process and the system */
    {"sethostname", SYS_sethostname, 0, IN, 8, .arguments = {0, 8}},
    {"uname", SYS_uname, 0, OUT, 390, .arguments = {0}},
    {"sysinfo", SYS_sysinfo, 0, OUT, 64, .arguments = {0}},
    {"getrusage", SYS_getrusage, 1, OUT, 72, .arguments = {RUSAGE_SELF}},
    {"ugetrlimit", SYS_ugetrlimit, 1, OUT, 8, .arguments = {RLIMIT_CORE}},
    {"setrlimit", SYS_setrlimit, 1, IN, 8, .arguments = {RLIMIT_CORE}},
    {"prlimit64, new", SYS_prlimit64, 2, IN, 16, .arguments = {0, RLIMIT_CORE}},
    {"prlimit64, old", SYS_prlimit64, 3, OUT, 16, .arguments = {0, RLIMIT_CORE}},
    {"getrandom", SYS_getrandom, 0, OUT, 16, .arguments = {0, 16, 0}, .straddle = 8},
    {"getresuid32, real", SYS_getresuid32, 0, OUT, 4, .arguments = {0, GOOD, GOOD}},
    {"getresuid32, effective", SYS_getresuid32, 1, OUT, 4, .arguments = {GOOD, 0, GOOD}},
    {"getresuid32, saved", SYS_getresuid32, 2, OUT, 4, .arguments = {GOOD, GOOD, 0}},
    {"getresgid32, real", SYS_getresgid32, 0, OUT, 4, .arguments = {0, GOOD, GOOD}},
    {"prctl PR_SET_NAME", SYS_prctl, 1, TEXT, 0, .arguments = {PR_SET_NAME}, .straddle = UNTESTED},
    {"prctl PR_GET_NAME", SYS_prctl, 1, OUT, 16, .arguments = {PR_GET_NAME}},
    {"sched_getparam", SYS_sched_getparam, 1, OUT, 4, .arguments = {0}},
    {"sched_setparam", SYS_sched_setparam, 1, IN, 4, .arguments = {0}},
    {"sched_setscheduler", SYS_sched_setscheduler, 2, IN, 4, .arguments = {0, SCHED_OTHER}},
    {"sched_getaffinity", SYS_sched_getaffinity, 2, OUT, 4, .arguments = {0, 128}},
    {"sched_rr_get_interval", SYS_sched_rr_get_interval, 1, OUT, 8, .arguments = {0}},
    {"getcpu", SYS_getcpu, 0, OUT, 4, .arguments = {0}},
    {"set_thread_area", SYS_set_thread_area, 0, IN, 16, .arguments = {0}},
    {"get_thread_area", SYS_get_thread_area, 0, IN, 16, .arguments = {0}, .straddle = -EINVAL},
    {"get_robust_list, head", SYS_get_robust_list, 1, OUT, 4, .arguments = {0, 0, GOOD}},
    {"get_robust_list, length", SYS_get_robust_list, 2, OUT, 4, .arguments = {0, GOOD}},
    {"mincore", SYS_mincore, 2, OUT, 1, .arguments = {GOOD, 1}, .straddle = UNTESTED},
};

/* --- addresses ---------------------------------------------------------------------------------
 */

enum { UNMAPPED, NONE, READ_ONLY, NULL_PAGE, KERNEL_SPACE, GATE, LAST };

static struct {
    const char *name;
    uintptr_t address;
    bool readable;
} addresses[] = {
    [UNMAPPED] = {"unmapped", 0, false},
    [NONE] = {"PROT_NONE", 0, false},
    [READ_ONLY] = {"read-only", 0, true},
    [NULL_PAGE] = {"the null page", 8, false},
    [KERNEL_SPACE] = {"kernel space", 0xc0100000, false},
    [GATE] = {"the gate page", 0xffffd000, false},
    [LAST] = {"the end of the address space", 0xfffffffc, false},
};

static char *straddled_end; /* of the last page before a hole */

static char *map(size_t size, int protection)
{
    return mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void make_addresses(void)
{
    char *pages = map(3 * PAGE, PROT_READ | PROT_WRITE);
    unsigned char resident;

    straddled_end = pages + PAGE;
    addresses[NONE].address = (uintptr_t)map(PAGE, PROT_NONE);
    addresses[READ_ONLY].address = (uintptr_t)map(PAGE, PROT_READ);
    munmap(straddled_end, 2 * PAGE);
    addresses[UNMAPPED].address = (uintptr_t)straddled_end;
    /* a 64-bit Linux has its stack and mappings up there, seldom right at these addresses */
    for (unsigned i = KERNEL_SPACE; i < COUNT(addresses); i++) {
        void *page = (void *)(addresses[i].address & ~(PAGE - 1u));
        if (!on_postern() && !mincore(page, 1, &resident))
            addresses[i].address = addresses[UNMAPPED].address;
    }
}

static void make_descriptors(void)
{
    int ends[2];

    put("file", "contents");
    symlink("file", "link");
    dup2(open("file", O_RDWR), FD_FILE);
    dup2(open("/dev/zero", O_RDONLY), FD_ZERO);
    dup2(open(".", O_RDONLY | O_DIRECTORY), FD_DIRECTORY);
    if (pipe(ends) == 0) {
        dup2(ends[0], FD_READER);
        dup2(ends[1], FD_WRITER);
    }
    int terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    if (terminal < 0)
        terminal = open("/dev/console", O_RDWR | O_NOCTTY);
    if (terminal >= 0 && isatty(terminal))
        dup2(terminal, FD_TERMINAL);
    for (int fd = 3; fd < FD_FILE; fd++)
        close(fd);
}

/* --- the sweep ---------------------------------------------------------------------------------
 */

static long call(const struct row *row, uintptr_t address)
{
    long a[6];

    memcpy(a, row->arguments, sizeof(a));
    if (row->inside)
        *row->inside = address;
    else
        a[row->argument] = address;
    memset(buffer, 0, sizeof(buffer));
    long result = syscall(row->number, a[0], a[1], a[2], a[3], a[4], a[5]);
    return result == -1 ? -errno : result;
}

static bool check(const struct row *row, uintptr_t address, long want, const char *kind)
{
    long got = call(row, address);

    if (got != want)
        ktap_note("%s: %s (%#lx): %ld, not %ld", row->name, kind, (long)address, got, want);
    return got == want;
}

static void sweep(const struct row *row)
{
    bool good = true;
    unsigned tail = row->direction == TEXT ? 16 : row->size / 2;

    if (row->arguments[0] == FD_TERMINAL && fcntl(FD_TERMINAL, F_GETFD) < 0) {
        ktap_skip("no terminal to ask", "%s", row->name);
        return;
    }
    if (on_postern() && call(row, addresses[UNMAPPED].address) == -ENOSYS) {
        ktap_skip("this kernel lacks the call", "%s", row->name);
        return;
    }
    for (unsigned i = 0; i < COUNT(addresses); i++) {
        if (!addresses[i].readable || row->direction == OUT)
            good &= check(row, addresses[i].address, -EFAULT, addresses[i].name);
    }
    memset(straddled_end - PAGE, row->direction == TEXT ? 'a' : 0, PAGE);
    if (row->straddle != UNTESTED)
        good &= check(row, (uintptr_t)straddled_end - tail, row->straddle ? row->straddle : -EFAULT,
                      "across a hole");
    ktap_ok(good, "%s", row->name);
}

int main(int argc, char **argv)
{
    if (argc != 1 || getenv("AGAIN")) {
        printf("Bail out! execve took a bad pointer\n");
        return 1;
    }
    if (!realpath(argv[0], self)) {
        perror(argv[0]);
        return 1;
    }
    ktap_begin();
    scratch_enter("errnos");
    make_addresses();
    make_descriptors();
    for (unsigned i = 0; i < COUNT(rows); i++)
        sweep(&rows[i]);
    int fd = open("file", O_RDONLY);
    ktap_equal(fd, 3, "and no descriptor was lost");
    close(fd);
    ktap_ok(holds("file", "contents"), "nor the file changed");
    scratch_leave();
    return ktap_end();
}
