/*
 * Descriptors: dup(2), dup2(2), dup3(2), fcntl(2), close-on-exec, the limit of their number, locks.
 *
 * Rule: the manual pages. A broken kernel hands out a descriptor that is in use, keeps flags with
 * the file that belong to the descriptor or the other way round, or leaks descriptors over exec.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "test/guest/check.h"
#include "user/lib/spawn.h"

static void check_dup(void)
{
    int fd = open("file", O_RDWR), low = dup(fd);

    ktap_equal(low, fd + 1, "dup gives the lowest free descriptor");
    close(low);
    ktap_equal(dup2(fd, 50), 50, "dup2");
    ktap_equal(dup2(fd, fd), fd, "dup2 to itself");
    ktap_equal(dup2(50, 51), 51, "dup2 once more");
    check_error(dup2(99, 50), EBADF, "dup2 of no descriptor");
    ktap_equal(fcntl(50, F_GETFD), 0, "which leaves the target open");
    check_error(dup2(99, 99), EBADF, "dup2 of no descriptor to itself");
    check_error(dup2(fd, -1), EBADF, "dup2 to -1");
    check_error(dup2(fd, 1 << 30), EBADF, "dup2 beyond the limit");
    ktap_equal(syscall(SYS_dup3, fd, 52, O_CLOEXEC), 52, "dup3");
    ktap_equal(fcntl(52, F_GETFD), FD_CLOEXEC, "sets close-on-exec");
    ktap_equal(dup2(fd, 52), 52, "dup2 over it");
    ktap_equal(fcntl(52, F_GETFD), 0, "clears it");
    check_error(syscall(SYS_dup3, fd, fd, 0), EINVAL, "dup3 to itself");
    check_error(syscall(SYS_dup3, fd, 53, O_APPEND), EINVAL, "dup3 with another flag");
    ktap_equal(close(50) | close(51) | close(52) | close(fd), 0, "close each");
    check_error(close(50), EBADF, "close one twice");
    check_error(close(-1), EBADF, "close -1");
}

static void check_fcntl_dup(void)
{
    int fd = open("file", O_RDONLY);

    ktap_equal(fcntl(fd, F_DUPFD, 60), 60, "F_DUPFD");
    ktap_equal(fcntl(fd, F_DUPFD, 60), 61, "takes the next that is free");
    ktap_equal(fcntl(fd, F_DUPFD_CLOEXEC, 60), 62, "F_DUPFD_CLOEXEC");
    ktap_ok(fcntl(60, F_GETFD) == 0 && fcntl(62, F_GETFD) == FD_CLOEXEC, "with its flag");
    check_error(fcntl(fd, F_DUPFD, -1), EINVAL, "F_DUPFD from -1");
    check_error(fcntl(fd, F_DUPFD, 1 << 30), EINVAL, "F_DUPFD beyond the limit");
    check_error(fcntl(99, F_DUPFD, 0), EBADF, "F_DUPFD of no descriptor");
    check_error(fcntl(fd, 12345), EINVAL, "fcntl: an unknown command");
    check_error(fcntl(99, 12345), EBADF, "unknown, and no descriptor");
    close(60);
    close(61);
    close(62);
    close(fd);
}

static void check_flags(void)
{
    int fd = open("file", O_RDWR | O_APPEND | O_CLOEXEC), copy = dup(fd), ends[2];

    ktap_ok((fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND)) == (O_RDWR | O_APPEND), "F_GETFL");
    ktap_equal(fcntl(fd, F_GETFL) & (O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC), 0,
               "which tells nothing of O_CLOEXEC");
    ktap_equal(fcntl(fd, F_GETFD), FD_CLOEXEC, "F_GETFD does");
    ktap_equal(fcntl(copy, F_GETFD), 0, "a dup has not got it");
    ktap_equal(fcntl(fd, F_SETFL, O_NONBLOCK | O_WRONLY | O_CREAT), 0, "F_SETFL");
    ktap_ok((fcntl(copy, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK)) == (O_RDWR | O_NONBLOCK),
            "changes what can be changed, for the dup too");
    ktap_equal(fcntl(fd, F_SETFD, 0), 0, "F_SETFD");
    ktap_equal(fcntl(fd, F_GETFD), 0, "clears");
    ktap_equal(fcntl(fd, F_SETFD, 0xff), 0, "F_SETFD with more bits");
    ktap_equal(fcntl(fd, F_GETFD), FD_CLOEXEC, "knows one");
    close(fd);
    close(copy);
    fd = open("file", O_PATH);
    ktap_ok(fcntl(fd, F_GETFL) & O_PATH, "F_GETFL of O_PATH");
    check_error(fcntl(fd, F_SETFL, 0), EBADF, "F_SETFL of O_PATH");
    close(fd);
    ktap_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0, "pipe2");
    ktap_ok(fcntl(ends[0], F_GETFD) == FD_CLOEXEC &&
                fcntl(ends[1], F_GETFL) == (O_WRONLY | O_NONBLOCK),
            "with its flags");
    check_error(read(ends[0], &(char){0}, 1), EAGAIN, "an empty pipe with O_NONBLOCK");
    close(ends[0]);
    close(ends[1]);
    check_error(pipe2(ends, O_TRUNC), EINVAL, "pipe2 with another flag");
}

/* What a program that was started finds open: this one, with an argument. */
static int report(char **argv)
{
    int status = 0;

    for (int i = 0; argv[i]; i++)
        status |= (fcntl(atoi(argv[i]), F_GETFD) >= 0) << i;
    return status;
}

static char program[256];

static int start_report(void *unused)
{
    char *argv[] = {program, "70", "71", "72", NULL};

    (void)unused;
    execv(program, argv);
    return 127;
}

static void check_exec(void)
{
    int fd = open("file", O_RDONLY);

    dup2(fd, 70);
    syscall(SYS_dup3, fd, 71, O_CLOEXEC);
    dup2(fd, 72);
    fcntl(72, F_SETFD, FD_CLOEXEC);
    ktap_equal(WEXITSTATUS(spawn_body(start_report, NULL)), 1, "exec closes what it should");
    ktap_ok(fcntl(71, F_GETFD) >= 0 && fcntl(72, F_GETFD) >= 0, "in the child alone");
    close(70);
    close(71);
    close(72);
    close(fd);
}

static void check_limit(void)
{
    struct rlimit old, small = {20, 20};
    int fds[64], count = 0, ends[2] = {-7, -7};

    getrlimit(RLIMIT_NOFILE, &old);
    small.rlim_max = old.rlim_max;
    int high = fcntl(0, F_DUPFD, 40);
    ktap_equal(setrlimit(RLIMIT_NOFILE, &small), 0, "setrlimit: 20 descriptors");
    while (count < 64 && (fds[count] = open("file", O_RDONLY)) >= 0)
        count++;
    ktap_equal(errno, EMFILE, "then there are too many");
    ktap_ok(count > 0 && fds[count - 1] == 19, "20 of them");
    check_error(pipe(ends), EMFILE, "pipe");
    ktap_ok(ends[0] == -7 && ends[1] == -7, "leaves the numbers alone");
    check_error(dup(0), EMFILE, "dup");
    check_error(fcntl(0, F_DUPFD, 3), EMFILE, "F_DUPFD");
    check_error(fcntl(0, F_DUPFD, 20), EINVAL, "F_DUPFD from the limit");
    check_error(dup2(0, 20), EBADF, "dup2 to the limit");
    ktap_equal(dup2(0, 19), 19, "dup2 over an open one is no new one");
    close(fds[count - 2]);
    check_error(pipe(ends), EMFILE, "pipe needs two");
    ktap_equal(open("file", O_RDONLY), fds[count - 2], "and gives the one back");
    ktap_equal(fcntl(high, F_GETFD), 0, "what is open above the limit stays");
    while (count)
        close(fds[--count]);
    close(high);
    setrlimit(RLIMIT_NOFILE, &old);
}

static struct flock region(short kind, off_t start, off_t length)
{
    return (struct flock){.l_type = kind, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

/* In another process: is this region locked by its parent? 0 yes, 1 no. */
static int is_locked(void *start)
{
    struct flock lock = region(F_WRLCK, (off_t)(long)start, 1);
    int fd = open("file", O_RDWR);
    bool refused = fcntl(fd, F_SETLK, &lock) == -1 && (errno == EAGAIN || errno == EACCES);

    return !(refused && !fcntl(fd, F_GETLK, &lock) && lock.l_pid == getppid());
}

static void check_locks(void)
{
    int fd = open("file", O_RDWR), read_only = open("file", O_RDONLY);
    struct flock lock = region(F_WRLCK, 0, 10);

    if (fcntl(fd, F_SETLK, &lock) == -1 && errno == EINVAL) {
        ktap_skip("this kernel has no locks", "F_SETLK");
        close(fd);
        close(read_only);
        return;
    }
    ktap_equal(spawn_body(is_locked, (void *)5), 0, "a region is locked for others");
    ktap_equal(spawn_body(is_locked, (void *)20), 1 << 8, "what lies behind it is not");
    ktap_ok(!fcntl(fd, F_GETLK, &lock) && lock.l_type == F_UNLCK, "nor is it for its owner");
    lock = region(F_UNLCK, 4, 2);
    ktap_equal(fcntl(fd, F_SETLK, &lock), 0, "unlock the middle");
    ktap_equal(spawn_body(is_locked, (void *)5), 1 << 8, "frees that");
    ktap_equal(spawn_body(is_locked, (void *)8), 0, "alone");
    lock = region(F_WRLCK, 0, 10);
    check_error(fcntl(read_only, F_SETLK, &lock), EBADF, "a write lock needs a writer");
    lock = region(7, 0, 10);
    check_error(fcntl(fd, F_SETLK, &lock), EINVAL, "no kind of lock");
    lock = region(F_RDLCK, -5, 1);
    check_error(fcntl(fd, F_SETLK, &lock), EINVAL, "before the start");
    close(read_only);
    ktap_equal(spawn_body(is_locked, (void *)8), 1 << 8, "closing any descriptor frees all");
    close(fd);
}

static int contended;

static int waits_for_lock(void *unused)
{
    struct flock lock = region(F_WRLCK, 0, 1);

    (void)unused;
    return fcntl(contended, F_SETLKW, &lock) == -1 ? errno : 0;
}

/* The descriptor is closed by somebody who shares it, before its lock is there. */
static void check_lock_of_closed(void)
{
    static char stack[16384] __attribute__((aligned(16)));
    struct flock lock = region(F_WRLCK, 0, 1);
    int ends[2], status = -1;
    char byte;

    if (pipe(ends))
        return;
    pid_t holder = fork();
    if (holder == 0) {
        fcntl(open("file", O_RDWR), F_SETLK, &lock);
        write(ends[1], "x", 1);
        for (;;)
            pause();
    }
    read(ends[0], &byte, 1);
    contended = open("file", O_RDWR);
    pid_t waiter = clone(waits_for_lock, stack + sizeof(stack), CLONE_FILES | SIGCHLD, NULL);
    usleep(10000);
    close(contended);
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    waitpid(waiter, &status, 0);
    ktap_equal(status, EBADF << 8, "a lock for a descriptor that was closed meanwhile");
    ktap_equal(spawn_body(is_locked, (void *)0), 1 << 8, "and nobody has it");
    close(ends[0]);
    close(ends[1]);
}

static int flock_elsewhere(void *unused)
{
    int fd = open("file", O_RDWR);

    (void)unused;
    return flock(fd, LOCK_EX | LOCK_NB) == -1 ? errno : 0;
}

static void check_flock(void)
{
    int fd = open("file", O_RDONLY);

    if (flock(fd, LOCK_EX) == -1 && errno == ENOSYS) {
        ktap_skip("this kernel lacks the call", "flock");
        close(fd);
        return;
    }
    ktap_equal(spawn_body(flock_elsewhere, NULL), EAGAIN << 8, "flock keeps others out");
    ktap_equal(flock(fd, LOCK_UN), 0, "LOCK_UN");
    ktap_equal(spawn_body(flock_elsewhere, NULL), 0, "lets them in");
    check_error(flock(fd, 77), EINVAL, "flock: no such operation");
    check_error(flock(99, LOCK_EX), EBADF, "flock of no descriptor");
    close(fd);
}

static void check_devices(void)
{
    static char bytes[5000], again[32];
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR);
    int full = open("/dev/full", O_RDWR), random = open("/dev/urandom", O_RDWR);

    ktap_equal(read(null, bytes, 8), 0, "/dev/null is empty");
    ktap_equal(write(null, bytes, 5000), 5000, "and takes all");
    memset(bytes, 1, sizeof(bytes));
    ktap_ok(read(zero, bytes, 5000) == 5000 && !bytes[0] && !bytes[4999], "/dev/zero");
    ktap_equal(write(zero, bytes, 10), 10, "takes all too");
    ktap_ok(read(full, bytes, 8) == 8 && !bytes[7], "/dev/full reads as zeroes");
    check_error(write(full, bytes, 1), ENOSPC, "and is full");
    ktap_ok(read(random, bytes, 32) == 32 && read(random, again, 32) == 32 &&
                memcmp(bytes, again, 32),
            "/dev/urandom says something else each time");
    ktap_equal(lseek(null, 100, SEEK_SET) >= 0, 1, "lseek on a device");
    check_error(ftruncate(null, 0), EINVAL, "ftruncate of a device");
    close(null);
    close(zero);
    close(full);
    close(random);
    random = open("/dev/random", O_RDONLY);
    ktap_ok(read(random, bytes, 8) > 0, "/dev/random does not block");
    close(random);
    int fd = open("/dev/null", O_WRONLY | O_TRUNC | O_CREAT, 0644);
    ktap_ok(fd >= 0, "the shell's way to open /dev/null");
    close(fd);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return report(argv + 1);
    if (!realpath(argv[0], program))
        return 1;
    ktap_begin();
    scratch_enter("descriptors");
    put("file", "contents");
    check_dup();
    check_fcntl_dup();
    check_flags();
    check_exec();
    check_limit();
    check_locks();
    check_lock_of_closed();
    check_flock();
    check_devices();
    scratch_leave();
    return ktap_end();
}
