/*
 * Calls with several faults at once: which one is told.
 *
 * Rule: Linux's order. A broken kernel looks at numbers before it knows whose they are, or at
 * rights before it knows to what. Each row was found by the comparison of fuzz runs with Linux.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "test/guest/check.h"
#include "user/lib/postern.h"

#define NOBODY      65534
#define NO_PID      0x3ffffff
#define NO_SIGNAL   65
#define NO_RESOURCE 1000
#define LAST_PAGE   ((long)0xfffff000)

/* as in futex(2), ioctl_fs(2), fallocate(2) and flock(2) */
#define FUTEX_WAIT           0
#define FUTEX_WAKE           1
#define FUTEX_PRIVATE        128
#define FUTEX_CLOCK_REALTIME 256
#define FIGETBSZ             2
#define COLLAPSE_RANGE       8
#define NO_MODE              4
#define LOCK_MAND            32

/* Descriptors at numbers of their own, for the table; opened by another user than the rows are of.
 */
enum {
    FD_FILE = 50, /* for reading */
    FD_BOTH,
    FD_DIRECTORY,
    FD_NULL,
    FD_ZERO, /* for reading */
    FD_READER,
    FD_WRITER,
    FD_NONE,
};

static const char read_only[4096] __attribute__((aligned(4096)));
static uint32_t info[32] = {0, 0, -1};
static const struct timespec bad_times[2] = {{0, -1}, {0, -1}},
                             no_times[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
static const struct sched_param no_priority;
static long long at_end = 8;
static int word;

#define PATH(text) ((long)(text))
#define HERE       AT_FDCWD

/* clang-format off */
static const struct row {
    const char *name;
    int number;
    long arguments[6];
    int error; /* 0: none */
} rows[] = {
    {"kill, nobody and no signal", SYS_kill, {NO_PID, NO_SIGNAL}, ESRCH},
    {"kill, no signal", SYS_kill, {0, NO_SIGNAL}, EINVAL},
    {"tkill, nobody and no signal", SYS_tkill, {NO_PID, NO_SIGNAL}, ESRCH},
    {"tkill, no number and no signal", SYS_tkill, {0, NO_SIGNAL}, EINVAL},
    {"tgkill, nobody and no signal", SYS_tgkill, {NO_PID, NO_PID, NO_SIGNAL}, ESRCH},
    {"tgkill, no number and no signal", SYS_tgkill, {NO_PID, 0, NO_SIGNAL}, EINVAL},
    {"rt_sigqueueinfo, nobody and no signal", SYS_rt_sigqueueinfo, {NO_PID, NO_SIGNAL, (long)info}, ESRCH},
    {"rt_tgsigqueueinfo, likewise", SYS_rt_tgsigqueueinfo, {NO_PID, NO_PID, NO_SIGNAL, (long)info}, ESRCH},
    {"prlimit64, nobody and no resource", SYS_prlimit64, {NO_PID, NO_RESOURCE}, ESRCH},
    {"prlimit64, no resource", SYS_prlimit64, {0, NO_RESOURCE}, EINVAL},
    {"flock, no descriptor and no kind", SYS_flock, {FD_NONE, 0}, EINVAL},
    {"flock, no descriptor", SYS_flock, {FD_NONE, LOCK_SH}, EBADF},
    {"flock, what Linux no longer has", SYS_flock, {FD_NONE, LOCK_MAND}, 0},
    {"fadvise64, a pipe", SYS_fadvise64, {FD_READER, 0, 0, 1, 0}, ESPIPE},
    {"fadvise64, a device", SYS_fadvise64, {FD_NULL, 0, 0, 1, 0}, 0},
    {"chroot, no name", SYS_chroot, {PATH("none")}, ENOENT},
    {"chroot, a file", SYS_chroot, {PATH("file")}, ENOTDIR},
    {"chroot, a shut directory", SYS_chroot, {PATH("shut")}, EACCES},
    {"chroot, a directory", SYS_chroot, {PATH(".")}, EPERM},
    {"mount, no name", SYS_mount, {PATH("x"), PATH("none"), PATH("proc"), 0, 0}, ENOENT},
    {"umount2, no name and no flag", SYS_umount2, {PATH("none"), 0x100}, EINVAL},
    {"umount2, no name", SYS_umount2, {PATH("none"), 0}, ENOENT},
    {"umount2, below a file", SYS_umount2, {PATH("file/x"), 0}, ENOTDIR},
    {"umount2, a name", SYS_umount2, {PATH("."), 0}, EPERM},
    {"futex, a wait without a clock to choose", SYS_futex, {(long)&word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 1}, ENOSYS},
    {"futex, a word that is only read", SYS_futex, {(long)&read_only, FUTEX_WAKE | FUTEX_PRIVATE, 1}, 0},
    {"copy_file_range, no descriptor and no flag", SYS_copy_file_range, {FD_NONE, 0, FD_BOTH, 0, 1, 1}, EBADF},
    {"copy_file_range, a directory and no flag", SYS_copy_file_range, {FD_DIRECTORY, 0, FD_BOTH, 0, 1, 1}, EINVAL},
    {"copy_file_range, a directory to what is read", SYS_copy_file_range, {FD_DIRECTORY, 0, FD_FILE, 0, 1, 0}, EISDIR},
    {"copy_file_range, a device to what is read", SYS_copy_file_range, {FD_NULL, 0, FD_FILE, 0, 1, 0}, EINVAL},
    {"copy_file_range, to what is read", SYS_copy_file_range, {FD_BOTH, 0, FD_FILE, 0, 1, 0}, EBADF},
    {"copy_file_range, over itself", SYS_copy_file_range, {FD_BOTH, 0, FD_BOTH, 0, 1, 0}, EINVAL},
    {"copy_file_range, over itself, but at its end", SYS_copy_file_range, {FD_BOTH, (long)&at_end, FD_BOTH, (long)&at_end, 9, 0}, 0},
    {"pread64, to behind the last position", SYS_pread64, {FD_FILE, (long)info, 8, -8, 0x7fffffff}, EINVAL},
    {"pread64, likewise from what is not read", SYS_pread64, {FD_WRITER, (long)info, 8, -8, 0x7fffffff}, ESPIPE},
    {"fallocate, no descriptor and no length", SYS_fallocate, {FD_NONE, COLLAPSE_RANGE, 0, 0, 0, 0}, EBADF},
    {"fallocate, no length and no mode", SYS_fallocate, {FD_FILE, NO_MODE, 0, 0, 0, 0}, EINVAL},
    {"fallocate, no mode and what is read", SYS_fallocate, {FD_FILE, NO_MODE, 0, 0, 1, 0}, EOPNOTSUPP},
    {"fallocate, another's mode and what is read", SYS_fallocate, {FD_FILE, COLLAPSE_RANGE, 0, 0, 1, 0}, EBADF},
    {"fallocate, another's mode and a pipe", SYS_fallocate, {FD_WRITER, COLLAPSE_RANGE, 0, 0, 1, 0}, ESPIPE},
    {"fallocate, another's mode and a device", SYS_fallocate, {FD_NULL, COLLAPSE_RANGE, 0, 0, 1, 0}, ENODEV},
    {"renameat, no name and no descriptor", SYS_renameat, {HERE, PATH("none/x"), FD_NONE, PATH("y")}, ENOENT},
    {"rename, in a shut directory to no name", SYS_rename, {PATH("shut/x"), PATH("")}, EACCES},
    {"rename, below a file to no name", SYS_rename, {PATH("file/x"), PATH("")}, ENOTDIR},
    {"rename, from below a file, by its descriptor", SYS_rename, {PATH("/proc/self/fd/50/x"), PATH("y")}, ENOTDIR},
    {"unlink, a dot below it", SYS_unlink, {PATH("/proc/self/fd/50/.")}, ENOTDIR},
    {"rename, a directory that is only read to another place", SYS_rename, {PATH("kept"), PATH("open/x")}, EACCES},
    {"mkdir, a dot in a shut directory", SYS_mkdir, {PATH("shut/."), 0755}, EACCES},
    {"mkdir, a dot", SYS_mkdir, {PATH("."), 0755}, EEXIST},
    {"unlink, a dot in a shut directory", SYS_unlink, {PATH("shut/.")}, EACCES},
    {"rmdir, two dots in a shut directory", SYS_rmdir, {PATH("shut/..")}, EACCES},
    {"rmdir, a file in a directory that is only read", SYS_rmdir, {PATH("kept/file")}, EACCES},
    {"rmdir, a file", SYS_rmdir, {PATH("file")}, ENOTDIR},
    {"unlink, a directory in a directory that is only read", SYS_unlink, {PATH("kept/directory")}, EACCES},
    {"unlink, a directory", SYS_unlink, {PATH("kept")}, EISDIR},
    {"mknod, a device in no directory", SYS_mknod, {PATH("none/x"), S_IFCHR, 5}, ENOENT},
    {"mknod, a device in a shut directory", SYS_mknod, {PATH("shut/x"), S_IFCHR, 5}, EACCES},
    {"mknod, a device", SYS_mknod, {PATH("x"), S_IFCHR, 5}, EPERM},
    {"mknod, a device over a name", SYS_mknod, {PATH("file"), S_IFCHR, 5}, EEXIST},
    {"mknod, the mark of a covered name", SYS_mknod, {PATH("covered"), S_IFCHR, 0}, 0},
    {"utimensat, no name and no times", SYS_utimensat_time64, {HERE, PATH("none"), (long)bad_times, 0}, ENOENT},
    {"utimensat, no times", SYS_utimensat_time64, {HERE, PATH("file"), (long)bad_times, 0}, EINVAL},
    {"utimensat, no name but nothing to do", SYS_utimensat_time64, {HERE, PATH("none"), (long)no_times, 0}, 0},
    {"mprotect, the last page and no right", SYS_mprotect, {LAST_PAGE, 64, 0x40}, EINVAL},
    {"mprotect, the last page", SYS_mprotect, {LAST_PAGE, 64, PROT_READ}, ENOMEM},
    {"mlock, beyond the last page", SYS_mlock, {LAST_PAGE, 8192}, ENOMEM},
    {"madvise, beyond the last page", SYS_madvise, {LAST_PAGE, 8192, MADV_NORMAL}, ENOMEM},
    {"mmap2, a pipe", SYS_mmap2, {0, 4096, PROT_READ, MAP_PRIVATE, FD_READER, 0}, ENODEV},
    {"mmap2, a pipe, to be executed", SYS_mmap2, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, FD_READER, 0}, EPERM},
    {"mmap2, nothing of what is only read, to write", SYS_mmap2, {0, 0, PROT_WRITE, MAP_SHARED, FD_ZERO, 0}, EINVAL},
    {"fcntl, the group that has no number", SYS_fcntl64, {FD_NULL, F_SETOWN, INT32_MIN}, EINVAL},
    {"fcntl, O_NOATIME of another's file", SYS_fcntl64, {FD_NULL, F_SETFL, O_NOATIME}, EPERM},
    {"fcntl, O_DIRECT of a device", SYS_fcntl64, {FD_NULL, F_SETFL, O_DIRECT}, EINVAL},
    {"fcntl, O_DIRECT of a pipe", SYS_fcntl64, {FD_WRITER, F_SETFL, O_DIRECT}, 0},
    {"fcntl, seals of a device", SYS_fcntl64, {FD_NULL, F_GET_SEALS, 0}, EINVAL},
    {"fcntl, a seal on what is read", SYS_fcntl64, {FD_FILE, F_ADD_SEALS, 1}, EPERM},
    {"fcntl, a seal on a device", SYS_fcntl64, {FD_NULL, F_ADD_SEALS, 1}, EINVAL},
    {"ioctl, the size of a block", SYS_ioctl, {FD_FILE, FIGETBSZ, (long)&word}, 0},
    {"prctl, whether there is a time-stamp counter", SYS_prctl, {PR_GET_TSC, (long)&word}, 0},
    {"sched_setscheduler, to the least", SYS_sched_setscheduler, {0, SCHED_IDLE, (long)&no_priority}, 0},
    {"sched_setscheduler, of somebody else", SYS_sched_setscheduler, {1, SCHED_IDLE, (long)&no_priority}, EPERM},
    {"sched_setscheduler, and back", SYS_sched_setscheduler, {0, SCHED_OTHER, (long)&no_priority}, EPERM},
};
/* clang-format on */

static void place(int fd, int at)
{
    dup2(fd, at);
    close(fd);
}

static void prepare(void)
{
    int ends[2];

    put("file", "contents");
    mkdir("shut", 0644);
    mkdir("open", 0777);
    chmod("open", 0777);
    mkdir("kept", 0755);
    mkdir("kept/directory", 0755);
    put("kept/file", "contents");
    chmod("kept", 0555);
    chmod(".", 0777);
    chmod("file", 0666);
    place(open("file", O_RDONLY), FD_FILE);
    place(open("file", O_RDWR), FD_BOTH);
    place(open(".", O_RDONLY | O_DIRECTORY), FD_DIRECTORY);
    place(open("/dev/null", O_RDWR), FD_NULL);
    place(open("/dev/zero", O_RDONLY), FD_ZERO);
    if (!pipe(ends)) {
        place(ends[0], FD_READER);
        place(ends[1], FD_WRITER);
    }
}

static void check(const struct row *row)
{
    const long *a = row->arguments;

    check_error(syscall(row->number, a[0], a[1], a[2], a[3], a[4], a[5]), row->error, row->name);
}

int main(void)
{
    ktap_begin();
    scratch_enter("order");
    prepare();
    bool is_root = !geteuid() && !seteuid(NOBODY);
    for (unsigned i = 0; i < COUNT(rows); i++)
        check(&rows[i]);
    if (is_root && !seteuid(0))
        sched_setscheduler(0, SCHED_OTHER, &no_priority);
    scratch_leave();
    return ktap_end();
}
