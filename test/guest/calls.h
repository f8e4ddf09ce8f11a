/*
 * Every call of kernel/syscalls.def once or more, with arguments that are good: what poison.c looks
 * at the answers of, and what failalloc.c drives through its failures. A new call is a line here;
 * both tests name those that have none.
 *
 * The arguments point into one arena of two pages, the second of which the calls only write to. The
 * descriptors and files are those of calls_enter(). A call runs in a child of its own, so it may
 * leave what it likes but files, which calls_restore() puts back.
 */
#ifndef TEST_GUEST_CALLS_H
#define TEST_GUEST_CALLS_H

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "test/guest/check.h"
#include "user/lib/ipc.h"
#include "user/lib/postern.h"
#include "user/lib/pty.h"
#include "user/lib/signals.h"
#include "user/lib/spawn.h"
#include "user/lib/syscall.h"

#define PAGE 4096

enum {
    FD_FILE = 50,
    FD_EMPTY,     /* a file to write to */
    FD_DIRECTORY, /* which has entries */
    FD_ZERO,
    FD_NULL,
    FD_READER, /* of a pipe with bytes in it */
    FD_WRITER,
    FD_MASTER,
    FD_SLAVE,
    FD_FREE,         /* the first that is none */
    FD_RECEIVE = 70, /* an endpoint's, after an_endpoint() */
    FD_SEND,
};

/* --- what the arguments point to ----------------------------------------------------------- */

struct arena {
    char out[4][1024];
    long word, pair[2], wide_time[2];
    struct pollfd poll[2];
    uint32_t sets[3][32], zero_time[4], short_time[4], long_time[4], time_of_day[4],
        time_of_day64[4];
    long mask[2], awaited[2], mask_argument[2], select_arguments[5], mmap_arguments[6];
    struct iovec in_vector[2], out_vector[2];
    int64_t offset, other_offset;
    uint32_t descriptor[4], capabilities[2], limit[2], wide_limit[4], parameter, stack[3], lock[6],
        lock64[6];
    uint32_t timer[4], termios[16], affinity[32], ids[4], groups[1], times[8];
    struct kernel_sigaction action;
    struct old_sigaction old_action;
    uint32_t info[32], batch[2], words[4];
    struct postern_message message;
    char bytes[64];
};

static struct {
    struct arena arena;
    char signal_stack[8192] __attribute__((aligned(PAGE)));
} calls __attribute__((aligned(PAGE)));

#define arena     calls.arena
#define P(member) ((long)&arena.member)
#define OUT(n)    P(out[n])
#define OUT_SIZE  (sizeof(arena.out[0]))
#define S(text)   ((long)text)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)
#define BOTH      (PROT_READ | PROT_WRITE)

static uint32_t *mapped;                   /* three pages */
static char *calls_program = "/test/true"; /* what execve() starts */

static void calls_catch(int signal)
{
    (void)signal;
}

/* The arena as it is before each call; pattern is what the call does not write. */
static inline void calls_prepare(int pattern)
{
    memset(&arena, 0, sizeof(arena));
    memset(arena.out, pattern, sizeof(arena.out));
    arena.poll[0] = (struct pollfd){.fd = FD_READER, .events = POLLIN};
    arena.poll[1] = (struct pollfd){.fd = FD_SLAVE, .events = POLLIN | POLLOUT};
    arena.sets[0][FD_READER / 32] = 1u << FD_READER % 32;
    arena.sets[1][FD_WRITER / 32] = 1u << FD_WRITER % 32;
    arena.short_time[1] = 1000; /* nanoseconds */
    arena.wide_time[0] = 1;
    arena.time_of_day[0] = arena.time_of_day64[0] = time(NULL);
    arena.awaited[0] = SIGNAL_BIT(SIGUSR1);
    arena.mask_argument[0] = P(mask);
    arena.mask_argument[1] = 8;
    memcpy(arena.select_arguments, (long[]){64, P(sets[0]), P(sets[1]), P(sets[2]), P(zero_time)},
           sizeof(arena.select_arguments));
    memcpy(arena.mmap_arguments, (long[]){0, PAGE, BOTH, ANONYMOUS, -1, 0},
           sizeof(arena.mmap_arguments));
    for (int i = 0; i < 2; i++) {
        arena.out_vector[i] = (struct iovec){arena.out[i], 8};
        arena.in_vector[i] = (struct iovec){arena.bytes, 8};
    }
    memcpy(arena.descriptor, (uint32_t[]){-1, 0, 0xfffff, 0x51}, sizeof(arena.descriptor));
    arena.capabilities[0] = 0x20080522;
    arena.limit[0] = arena.limit[1] = 0x100000;
    arena.wide_limit[0] = arena.wide_limit[2] = 0x100000;
    arena.long_time[0] = 5;
    memcpy(arena.stack, (long[]){(long)calls.signal_stack, 0, sizeof(calls.signal_stack)},
           sizeof(arena.stack));
    arena.lock[0] = arena.lock64[0] = F_RDLCK;
    arena.affinity[0] = 1;
    arena.action.handler = arena.old_action.handler = (void *)calls_catch;
    memcpy(arena.info, (int[]){SIGUSR1, 0, SI_QUEUE}, 3 * sizeof(int));
    arena.message = (struct postern_message){
        .buffer = P(bytes),
        .size = sizeof(arena.bytes),
        .room_at = OUT(0),
        .room = OUT_SIZE,
        .timeout = -1,
    };
    memcpy(arena.batch, (uint32_t[]){NR_getppid, NR_getuid}, sizeof(arena.batch));
    strcpy(arena.bytes, "bytes of the user's");
}

/* --- what must be so before some calls ----------------------------------------------------- */

/* A child that has ended. */
static void a_zombie(void)
{
    siginfo_t info;

    if (fork() == 0)
        _exit(3);
    waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
}

static void a_pending_signal(void)
{
    signal(SIGUSR1, calls_catch);
    signal_mask(SIG_BLOCK, SIGUSR1);
    raise(SIGUSR1);
}

static void an_alarm(void)
{
    signal(SIGALRM, calls_catch);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 20000}, NULL);
}

/* Its frame goes to a stack that may have no pages yet. */
static void a_caught_signal(void)
{
    struct sigaction action = {.sa_handler = calls_catch, .sa_flags = SA_ONSTACK};

    syscall(NR_sigaltstack, arena.stack, NULL);
    sigaction(SIGUSR1, &action, NULL);
}

static void a_timer(void)
{
    setitimer(ITIMER_REAL, &(struct itimerval){{50, 0}, {50, 0}}, NULL);
}

static void pipe_input(void)
{
    write(FD_WRITER, "in the pipe", 11);
}

static void terminal_input(void)
{
    write(FD_MASTER, "line\n", 5);
}

static void a_session(void)
{
    setsid();
    ioctl(FD_SLAVE, TIOCSCTTY, 0);
}

/* The world outside is left alone. */
static void a_mount(void)
{
    if (on_postern())
        mount("none", "directory", "tmpfs", 0, NULL);
}

static void a_group(void)
{
    setgroups(1, arena.groups);
}

static void a_mapping(void)
{
    mapped = mmap(NULL, 3 * PAGE, BOTH, ANONYMOUS, -1, 0);
}

static void a_thread_area(void)
{
    syscall_raw(NR_set_thread_area, P(descriptor), 0, 0);
}

/* --- calls that need more than arguments --------------------------------------------------- */

static long wait_for(long pid)
{
    if (pid == 0)
        _exit(0);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return pid < 0 ? -errno : 0;
}

static long call_fork(void)
{
    return wait_for(fork());
}

static long call_vfork(void)
{
    return wait_for(vfork());
}

static long call_clone(void)
{
    return wait_for(syscall(NR_clone, SIGCHLD | 0x01100000, 0, OUT(0), 0, OUT(1)));
}

static long call_execve(void)
{
    char *argv[] = {calls_program, "again", NULL}, *envp[] = {"A=B", NULL};

    execve(calls_program, argv, envp);
    return -errno;
}

static long call_mount(void)
{
    return outcome(mount("none", "directory", "tmpfs", 0, NULL));
}

/* To what it is. */
static long call_sethostname(void)
{
    char name[65];

    gethostname(name, sizeof(name));
    return outcome(sethostname(name, strlen(name)));
}

static long call_brk(void)
{
    long start = syscall_raw(NR_brk, 0, 0, 0);

    return syscall_raw(NR_brk, start + 5 * PAGE, 0, 0) == start ? -ENOMEM : 0;
}

static long on_mapping(long number, long length, long a, long b, long c)
{
    if (mapped == MAP_FAILED)
        return -ENOMEM;
    return outcome(syscall(number, (long)mapped + PAGE, length, a, b, c));
}

static long call_munmap(void)
{
    return on_mapping(NR_munmap, PAGE, 0, 0, 0);
}

static long call_mprotect(void)
{
    return on_mapping(NR_mprotect, PAGE, PROT_NONE, 0, 0);
}

static long call_mremap(void)
{
    long moved = on_mapping(NR_mremap, PAGE, 1025 * PAGE, MREMAP_MAYMOVE, 0);

    return moved < 0 && moved > -4096 ? moved : 0;
}

static long call_mlock(void)
{
    return on_mapping(NR_mlock, PAGE, 0, 0, 0);
}

static long call_mlock2(void)
{
    return on_mapping(NR_mlock2, PAGE, 0, 0, 0);
}

static long call_munlock(void)
{
    return on_mapping(NR_munlock, PAGE, 0, 0, 0);
}

static long call_madvise(void)
{
    return on_mapping(NR_madvise, PAGE, 23, 0, 0); /* MADV_POPULATE_WRITE */
}

static long call_msync(void)
{
    return on_mapping(NR_msync, PAGE, MS_SYNC, 0, 0);
}

static long call_mmap_fixed(void)
{
    long result = on_mapping(NR_mmap2, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1);

    return result < 0 && result > -4096 ? result : 0;
}

/* Signal frames: a store in a handler's frame needs the page that it is on. */
static long call_tgkill(void)
{
    return outcome(syscall(NR_tgkill, getpid(), getpid(), SIGUSR1));
}

static long call_tkill(void)
{
    return outcome(syscall(NR_tkill, getpid(), SIGUSR1));
}

static long call_kill(void)
{
    return outcome(syscall(NR_kill, getpid(), SIGUSR1));
}

static long call_rt_sigqueueinfo(void)
{
    return outcome(syscall(NR_rt_sigqueueinfo, getpid(), SIGUSR1, P(info)));
}

static long call_rt_tgsigqueueinfo(void)
{
    return outcome(syscall(NR_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR1, P(info)));
}

static long call_writev(void)
{
    static struct iovec vector[600];

    for (int i = 0; i < 600; i++)
        vector[i] = (struct iovec){arena.bytes, 1};
    return outcome(syscall(NR_writev, FD_NULL, vector, 600));
}

static long call_ptmx(void)
{
    return outcome(open("/dev/ptmx", O_RDWR | O_NOCTTY));
}

static long call_fifo(void)
{
    unlink("new");
    return mkfifo("new", 0600) ? -errno : outcome(open("new", O_RDWR));
}

static long call_pipe_write(void)
{
    int ends[2];

    if (pipe(ends))
        return -errno;
    return outcome(write(ends[1], calls.signal_stack, 6000));
}

static long call_copy_to_new(void)
{
    int fd = open("new", O_RDWR | O_CREAT, 0644);

    return fd < 0 ? -errno : outcome(write(fd, calls.signal_stack, 6000));
}

static void an_endpoint(void)
{
    int fds[2];

    if (endpoint_create(fds, 0))
        return;
    dup2(fds[0], FD_RECEIVE);
    dup2(fds[1], FD_SEND);
    close(fds[0]);
    close(fds[1]);
}

/* A child that gives buffers back as it gets them. */
static void a_server(void)
{
    struct postern_message message = {.room_at = OUT(1), .room = OUT_SIZE, .timeout = -1};

    an_endpoint();
    if (fork())
        return;
    close(FD_SEND);
    int result = ipc_message(IPC_RECEIVE, FD_RECEIVE, &message);
    while (result >= 0) {
        message.buffer = OUT(1);
        message.size = message.received;
        result = ipc_message(result ? IPC_REPLY_AND_WAIT : IPC_RECEIVE, FD_RECEIVE, &message);
    }
    _exit(0);
}

static void two_callers(void)
{
    an_endpoint();
    for (int i = 0; i < 2; i++) {
        if (fork() == 0) {
            close(FD_RECEIVE);
            _exit(ipc_call(FD_SEND, arena.words));
        }
        usleep(1000);
    }
}

static void a_request(void)
{
    two_callers();
    ipc_receive(FD_RECEIVE, arena.words);
}

/* --- the calls -------------------------------------------------------------------------------- */

struct call {
    const char *name;
    long number, arguments[6];
    void (*before)(void);
    long (*body)(void); /* in place of the arguments */
};

#define CALL(name, variant, ...)                             \
    {                                                        \
#name variant, NR_##name, {__VA_ARGS__ }, NULL, NULL \
    }
#define CALL_AFTER(before, name, variant, ...)                 \
    {                                                          \
#name variant, NR_##name, {__VA_ARGS__ }, before, NULL \
    }
#define CALL_BODY(before, name, variant, body)       \
    {                                                \
#name variant, NR_##name, {0 }, before, body \
    }

static const struct call all_calls[] = {
    CALL(restart_syscall, "", 0),
    CALL_BODY(NULL, fork, "", call_fork),
    CALL(read, ", file", FD_FILE, OUT(0), 64),
    CALL(read, ", zero", FD_ZERO, OUT(0), 64),
    CALL_AFTER(pipe_input, read, ", pipe", FD_READER, OUT(0), 64),
    CALL_AFTER(terminal_input, read, ", terminal", FD_SLAVE, OUT(0), 64),
    CALL(write, ", file", FD_EMPTY, P(bytes), 32),
    CALL_BODY(NULL, write, ", new file", call_copy_to_new),
    CALL(write, ", pipe", FD_WRITER, P(bytes), 32),
    CALL_BODY(NULL, write, ", new pipe", call_pipe_write),
    CALL(write, ", terminal", FD_SLAVE, P(bytes), 32),
    CALL(open, "", S("file"), O_RDWR),
    CALL(open, ", new", S("new"), O_RDWR | O_CREAT, 0644),
    CALL_BODY(NULL, open, ", terminal", call_ptmx),
    CALL_BODY(NULL, open, ", fifo", call_fifo),
    CALL(close, "", FD_FILE),
    CALL_AFTER(a_zombie, waitpid, "", -1, OUT(0), 0),
    CALL(creat, "", S("new"), 0644),
    CALL(link, "", S("file"), S("new")),
    CALL(unlink, "", S("file")),
    CALL_BODY(NULL, execve, "", call_execve),
    CALL(chdir, "", S("directory")),
    CALL(time, "", OUT(0)),
    CALL(mknod, "", S("new"), S_IFIFO | 0644),
    CALL(chmod, "", S("file"), 0600),
    CALL(lchown, "", S("link"), -1, -1),
    CALL(lseek, "", FD_FILE, 1),
    CALL(getpid, "", 0),
    CALL_BODY(NULL, mount, "", call_mount),
    CALL(mount, ", of an unknown kind", S("none"), S("directory"), S("unknown")),
    CALL_AFTER(a_mount, umount, "", S("directory")),
    CALL(setuid, "", 0),
    CALL(getuid, "", 0),
    CALL(stime, "", P(time_of_day)),
    CALL(alarm, "", 50),
    CALL_AFTER(an_alarm, pause, "", 0),
    CALL(utime, "", S("file")),
    CALL(access, "", S("file"), R_OK),
    CALL(nice, "", 0),
    CALL(sync, "", 0),
    CALL_BODY(a_caught_signal, kill, "", call_kill),
    CALL(rename, "", S("file"), S("new")),
    CALL(mkdir, "", S("new"), 0755),
    CALL(rmdir, "", S("empty")),
    CALL(dup, "", FD_FILE),
    CALL(pipe, "", OUT(0)),
    CALL(times, "", OUT(0)),
    CALL_BODY(NULL, brk, "", call_brk),
    CALL(setgid, "", 0),
    CALL(getgid, "", 0),
    CALL(signal, "", SIGUSR1, (long)SIG_IGN),
    CALL(geteuid, "", 0),
    CALL(getegid, "", 0),
    CALL_AFTER(a_mount, umount2, "", S("directory")),
    CALL(ioctl, ", TCGETS", FD_SLAVE, TCGETS, OUT(0)),
    CALL(ioctl, ", TCSETS", FD_SLAVE, TCSETS, P(termios)),
    CALL(ioctl, ", TCGETS2", FD_SLAVE, (int)0x802c542a, OUT(0)),
    CALL(ioctl, ", TIOCGWINSZ", FD_SLAVE, TIOCGWINSZ, OUT(0)),
    CALL(ioctl, ", TIOCSWINSZ", FD_SLAVE, TIOCSWINSZ, P(pair)),
    CALL_AFTER(a_session, ioctl, ", TIOCGPGRP", FD_SLAVE, TIOCGPGRP, OUT(0)),
    CALL_AFTER(a_session, ioctl, ", TIOCGSID", FD_SLAVE, TIOCGSID, OUT(0)),
    CALL(ioctl, ", TIOCGPTN", FD_MASTER, (int)0x80045430, OUT(0)),
    CALL(ioctl, ", TIOCGPTLCK", FD_MASTER, (int)0x80045439, OUT(0)),
    CALL(ioctl, ", TIOCOUTQ", FD_SLAVE, TIOCOUTQ, OUT(0)),
    CALL(ioctl, ", TIOCGETD", FD_SLAVE, TIOCGETD, OUT(0)),
    CALL_AFTER(terminal_input, ioctl, ", FIONREAD of a terminal", FD_SLAVE, FIONREAD, OUT(0)),
    CALL(ioctl, ", FIONREAD of a pipe", FD_READER, FIONREAD, OUT(0)),
    CALL(ioctl, ", FIONREAD of a file", FD_FILE, FIONREAD, OUT(0)),
    CALL(ioctl, ", FIONBIO", FD_READER, FIONBIO, P(word)),
    CALL(fcntl, ", F_GETLK", FD_EMPTY, 5, P(lock)),
    CALL(fcntl, ", F_SETLK", FD_FILE, 6, P(lock)),
    CALL(fcntl, ", F_DUPFD", FD_FILE, F_DUPFD, 200),
    CALL(setpgid, "", 0),
    CALL(umask, "", 022),
    CALL(chroot, "", S("directory")),
    CALL(dup2, "", FD_FILE, 200),
    CALL(getppid, "", 0),
    CALL(getpgrp, "", 0),
    CALL(setsid, "", 0),
    CALL(sigaction, "", SIGUSR1, P(old_action), OUT(0)),
    CALL(sgetmask, "", 0),
    CALL(ssetmask, "", 0),
    CALL(setreuid, "", -1, -1),
    CALL(setregid, "", -1, -1),
    CALL_AFTER(a_pending_signal, sigsuspend, "", 0),
    CALL_AFTER(a_pending_signal, sigpending, "", OUT(0)),
    CALL_BODY(NULL, sethostname, "", call_sethostname),
    CALL(setrlimit, "", 4, P(limit)),
    CALL(getrlimit, "", 4, OUT(0)),
    CALL(getrusage, "", 0, OUT(0)),
    CALL(gettimeofday, "", OUT(0), OUT(1)),
    CALL(settimeofday, "", 0, P(pair)),
    CALL_AFTER(a_group, getgroups, "", 32, OUT(0)),
    CALL(setgroups, "", 1, P(ids)),
    CALL(select, "", P(select_arguments)),
    CALL(symlink, "", S("file"), S("new")),
    CALL(readlink, "", S("link"), OUT(0), 64),
    CALL(reboot, "", 0),
    CALL(mmap, "", P(mmap_arguments)),
    CALL_BODY(a_mapping, munmap, "", call_munmap),
    CALL(truncate, "", S("file"), 5000),
    CALL(ftruncate, "", FD_EMPTY, 5000),
    CALL(fchmod, "", FD_FILE, 0600),
    CALL(fchown, "", FD_FILE, -1, -1),
    CALL(getpriority, "", 0),
    CALL(setpriority, "", 0),
    CALL(statfs, "", S("file"), OUT(0)),
    CALL(fstatfs, "", FD_FILE, OUT(0)),
    CALL(socketcall, "", 1, P(ids)),
    CALL(syslog, ", read all", 3, OUT(0), 1024),
    CALL_AFTER(a_timer, setitimer, "", 0, P(timer), OUT(0)),
    CALL_AFTER(a_timer, getitimer, "", 0, OUT(0)),
    CALL(stat, "", S("file"), OUT(0)),
    CALL(lstat, "", S("link"), OUT(0)),
    CALL(fstat, "", FD_FILE, OUT(0)),
    CALL(vhangup, "", 0),
    CALL_AFTER(a_zombie, wait4, "", -1, OUT(0), 0, OUT(1)),
    CALL(sysinfo, "", OUT(0)),
    CALL(fsync, "", FD_FILE),
    CALL_BODY(NULL, clone, "", call_clone),
    CALL(setdomainname, "", S("(none)"), 6),
    CALL(uname, "", OUT(0)),
    CALL_BODY(a_mapping, mprotect, "", call_mprotect),
    CALL(sigprocmask, "", 0, P(mask), OUT(0)),
    CALL(getpgid, "", 0),
    CALL(fchdir, "", FD_DIRECTORY),
    CALL(personality, "", -1),
    CALL(setfsuid, "", 0),
    CALL(setfsgid, "", 0),
    CALL(_llseek, "", FD_FILE, 0, 1, OUT(0), 0),
    CALL(getdents, "", FD_DIRECTORY, OUT(0), OUT_SIZE),
    CALL(_newselect, "", 64, P(sets[0]), P(sets[1]), P(sets[2]), P(zero_time)),
    CALL(flock, "", FD_FILE, 5),
    CALL_BODY(a_mapping, msync, "", call_msync),
    CALL(readv, "", FD_ZERO, P(out_vector), 2),
    CALL(readv, ", file", FD_FILE, P(out_vector), 2),
    CALL(writev, "", FD_EMPTY, P(in_vector), 2),
    CALL_BODY(NULL, writev, ", of 600", call_writev),
    CALL(getsid, "", 0),
    CALL(fdatasync, "", FD_FILE),
    CALL_BODY(a_mapping, mlock, "", call_mlock),
    CALL_BODY(a_mapping, munlock, "", call_munlock),
    CALL(mlockall, "", 1),
    CALL(munlockall, "", 0),
    CALL(sched_setparam, "", 0, P(parameter)),
    CALL(sched_getparam, "", 0, OUT(0)),
    CALL(sched_setscheduler, "", 0, 0, P(parameter)),
    CALL(sched_getscheduler, "", 0),
    CALL(sched_yield, "", 0),
    CALL(sched_get_priority_max, "", 0),
    CALL(sched_get_priority_min, "", 0),
    CALL(sched_rr_get_interval, "", 0, OUT(0)),
    CALL_AFTER(an_alarm, nanosleep, "", P(long_time), OUT(0)),
    CALL_BODY(a_mapping, mremap, "", call_mremap),
    CALL(setresuid, "", -1, -1, -1),
    CALL(getresuid, "", OUT(0), OUT(1), OUT(2)),
    CALL(poll, "", P(poll), 2, 0),
    CALL(setresgid, "", -1, -1, -1),
    CALL(getresgid, "", OUT(0), OUT(1), OUT(2)),
    CALL(prctl, ", PR_GET_NAME", PR_GET_NAME, OUT(0)),
    CALL(prctl, ", PR_SET_NAME", PR_SET_NAME, P(bytes)),
    CALL(rt_sigaction, "", SIGUSR1, P(action), OUT(0), 8),
    CALL(rt_sigprocmask, "", 0, P(mask), OUT(0), 8),
    CALL_AFTER(a_pending_signal, rt_sigpending, "", OUT(0), 8),
    CALL_AFTER(a_pending_signal, rt_sigtimedwait, "", P(awaited), OUT(0), P(zero_time), 8),
    CALL_BODY(a_caught_signal, rt_sigqueueinfo, "", call_rt_sigqueueinfo),
    CALL_AFTER(a_pending_signal, rt_sigsuspend, "", P(mask), 8),
    CALL(pread64, "", FD_FILE, OUT(0), 64),
    CALL(pwrite64, "", FD_EMPTY, P(bytes), 32),
    CALL(chown, "", S("file"), -1, -1),
    CALL(getcwd, "", OUT(0), OUT_SIZE),
    CALL(capget, "", P(capabilities), OUT(0)),
    CALL(capset, "", P(capabilities), P(ids)),
    CALL(sigaltstack, "", P(stack), OUT(0)),
    CALL(sendfile, "", FD_EMPTY, FD_FILE, P(word), 8),
    CALL_BODY(NULL, vfork, "", call_vfork),
    CALL(ugetrlimit, "", 4, OUT(0)),
    CALL(mmap2, "", 0, PAGE, BOTH, MAP_SHARED | MAP_ANONYMOUS, -1),
    CALL_BODY(a_mapping, mmap2, ", over a part", call_mmap_fixed),
    CALL(mmap2, ", a file", 0, PAGE, PROT_READ, MAP_PRIVATE, FD_FILE),
    CALL(mmap2, ", populated", 0, 3 * PAGE, BOTH, ANONYMOUS | MAP_POPULATE, -1),
    CALL(truncate64, "", S("file"), 5000),
    CALL(ftruncate64, "", FD_EMPTY, 5000),
    CALL(stat64, "", S("file"), OUT(0)),
    CALL(lstat64, "", S("link"), OUT(0)),
    CALL(fstat64, "", FD_FILE, OUT(0)),
    CALL(fstat64, ", pipe", FD_READER, OUT(0)),
    CALL(fstat64, ", terminal", FD_SLAVE, OUT(0)),
    CALL(lchown32, "", S("link"), -1, -1),
    CALL(getuid32, "", 0),
    CALL(getgid32, "", 0),
    CALL(geteuid32, "", 0),
    CALL(getegid32, "", 0),
    CALL(setreuid32, "", -1, -1),
    CALL(setregid32, "", -1, -1),
    CALL_AFTER(a_group, getgroups32, "", 32, OUT(0)),
    CALL(setgroups32, "", 1, P(ids)),
    CALL(fchown32, "", FD_FILE, -1, -1),
    CALL(setresuid32, "", -1, -1, -1),
    CALL(getresuid32, "", OUT(0), OUT(1), OUT(2)),
    CALL(setresgid32, "", -1, -1, -1),
    CALL(getresgid32, "", OUT(0), OUT(1), OUT(2)),
    CALL(chown32, "", S("file"), -1, -1),
    CALL(setuid32, "", 0),
    CALL(setgid32, "", 0),
    CALL(setfsuid32, "", 0),
    CALL(setfsgid32, "", 0),
    CALL(mincore, "", P(out), PAGE, OUT(2)),
    CALL_BODY(a_mapping, madvise, "", call_madvise),
    CALL(getdents64, "", FD_DIRECTORY, OUT(0), OUT_SIZE),
    CALL(fcntl64, ", F_GETLK64", FD_EMPTY, 12, P(lock64)),
    CALL(fcntl64, ", F_SETLK64", FD_FILE, 13, P(lock64)),
    CALL(fcntl64, ", F_SETFL", FD_READER, F_SETFL, O_NONBLOCK),
    CALL(gettid, "", 0),
    CALL_BODY(a_caught_signal, tkill, "", call_tkill),
    CALL(sendfile64, "", FD_WRITER, FD_FILE, P(offset), 8),
    CALL(futex, ", wait", P(word), 0, 0, P(short_time)),
    CALL(futex, ", wake", P(word), 1, 1),
    CALL(sched_setaffinity, "", 0, 128, P(affinity)),
    CALL(sched_getaffinity, "", 0, 128, OUT(0)),
    CALL(set_thread_area, "", P(descriptor)),
    CALL_AFTER(a_thread_area, get_thread_area, "", P(descriptor)),
    CALL(fadvise64, "", FD_FILE),
    CALL(set_tid_address, "", P(word)),
    CALL(clock_settime, "", 0, P(time_of_day)),
    CALL(clock_gettime, "", 0, OUT(0)),
    CALL(clock_getres, "", 0, OUT(0)),
    CALL_AFTER(an_alarm, clock_nanosleep, "", 1, 0, P(long_time), OUT(0)),
    CALL(statfs64, "", S("file"), 84, OUT(0)),
    CALL(fstatfs64, "", FD_FILE, 84, OUT(0)),
    CALL_BODY(a_caught_signal, tgkill, "", call_tgkill),
    CALL(utimes, "", S("file"), P(times)),
    CALL(fadvise64_64, "", FD_FILE),
    CALL_AFTER(a_zombie, waitid, "", P_ALL, 0, OUT(0), WEXITED, OUT(1)),
    CALL(openat, "", AT_FDCWD, S("file"), O_RDONLY),
    CALL(openat, ", proc", AT_FDCWD, S("/proc/self/maps"), O_RDONLY),
    CALL(mkdirat, "", AT_FDCWD, S("new"), 0755),
    CALL(mknodat, "", AT_FDCWD, S("new"), S_IFIFO | 0644),
    CALL(fchownat, "", AT_FDCWD, S("file"), -1, -1),
    CALL(futimesat, "", AT_FDCWD, S("file"), P(times)),
    CALL(fstatat64, "", AT_FDCWD, S("file"), OUT(0)),
    CALL(unlinkat, "", AT_FDCWD, S("file")),
    CALL(renameat, "", AT_FDCWD, S("file"), AT_FDCWD, S("new")),
    CALL(linkat, "", AT_FDCWD, S("file"), AT_FDCWD, S("new")),
    CALL(symlinkat, "", S("file"), AT_FDCWD, S("new")),
    CALL(readlinkat, "", AT_FDCWD, S("link"), OUT(0), 64),
    CALL(readlinkat, ", proc", AT_FDCWD, S("/proc/self/exe"), OUT(0), 64),
    CALL(fchmodat, "", AT_FDCWD, S("file"), 0600),
    CALL(faccessat, "", AT_FDCWD, S("file"), R_OK),
    CALL(pselect6, "", 64, P(sets[0]), P(sets[1]), P(sets[2]), P(zero_time), P(mask_argument)),
    CALL(ppoll, "", P(poll), 2, P(zero_time), P(mask), 8),
    CALL(set_robust_list, "", OUT(0), 12),
    CALL(get_robust_list, "", 0, OUT(0), OUT(1)),
    CALL(getcpu, "", OUT(0), OUT(1)),
    CALL(utimensat, "", AT_FDCWD, S("file"), P(times)),
    CALL(fallocate, "", FD_EMPTY, 0, 0, 0, 5000),
    CALL(dup3, "", FD_FILE, 200, O_CLOEXEC),
    CALL(pipe2, "", OUT(0), O_CLOEXEC),
    CALL(preadv, "", FD_FILE, P(out_vector), 2),
    CALL(pwritev, "", FD_EMPTY, P(in_vector), 2),
    CALL_BODY(a_caught_signal, rt_tgsigqueueinfo, "", call_rt_tgsigqueueinfo),
    CALL(prlimit64, "", 0, 4, P(wide_limit), OUT(0)),
    CALL(syncfs, "", FD_FILE),
    CALL(renameat2, "", AT_FDCWD, S("file"), AT_FDCWD, S("new"), 1),
    CALL(getrandom, "", OUT(0), 16),
    CALL(memfd_create, "", S("memory")),
    CALL(socket, "", 1, 1),
    CALL(copy_file_range, "", FD_FILE, P(offset), FD_EMPTY, P(other_offset), 8),
    CALL_BODY(a_mapping, mlock2, "", call_mlock2),
    CALL(statx, "", AT_FDCWD, S("file"), 0, 0x7ff, OUT(0)),
    CALL(clock_gettime64, "", 0, OUT(0)),
    CALL(clock_settime64, "", 0, P(time_of_day64)),
    CALL(clock_getres_time64, "", 0, OUT(0)),
    CALL_AFTER(an_alarm, clock_nanosleep_time64, "", 1, 0, P(long_time), OUT(0)),
    CALL(utimensat_time64, "", AT_FDCWD, S("file"), P(times)),
    CALL(pselect6_time64, "", 64, P(sets[0]), P(sets[1]), P(sets[2]), P(zero_time),
         P(mask_argument)),
    CALL(ppoll_time64, "", P(poll), 2, P(zero_time), P(mask), 8),
    CALL_AFTER(a_pending_signal, rt_sigtimedwait_time64, "", P(awaited), OUT(0), P(zero_time), 8),
    CALL(futex_time64, "", P(word), 0, 0, P(zero_time)),
    CALL(sched_rr_get_interval_time64, "", 0, OUT(0)),
    CALL(close_range, "", FD_FREE, -1),
    CALL(faccessat2, "", AT_FDCWD, S("file"), R_OK),
    CALL(fchmodat2, "", AT_FDCWD, S("file"), 0600),
    CALL(postern_get, "", 0),
    CALL(postern_set, "", POSTERN_TRACE, 0),
    CALL(postern_counters, "", OUT(0), 44),
    CALL(postern_exposure, "", OUT(0), OUT_SIZE),
    CALL(endpoint_create, "", OUT(0), O_CLOEXEC),
    CALL_AFTER(a_server, ipc_send, "", FD_SEND, 1, 2, 3, 4),
    CALL_AFTER(two_callers, ipc_receive, "", FD_RECEIVE),
    CALL_AFTER(a_server, ipc_call, "", FD_SEND, 1, 2, 3, 4),
    CALL_AFTER(a_request, ipc_reply, "", FD_RECEIVE, 1, 2, 3, 4),
    CALL_AFTER(a_request, ipc_reply_and_wait, "", FD_RECEIVE, 1, 2, 3, 4),
    CALL_AFTER(a_server, ipc_message, "", IPC_CALL, FD_SEND, P(message)),
    CALL(postern_batch, "", P(batch), 2, OUT(0)),
    CALL(postern_touch, "", 8),
};

/* Those without a line, each with the reason. */
static const struct {
    long number;
    const char *reason;
} calls_left_out[] = {
    {NR_exit, "ends the caller: threads_exit.c"},
    {NR_exit_group, "ends the caller: threads_exit.c"},
    {NR_sigreturn, "takes a frame: every line that delivers a signal"},
    {NR_rt_sigreturn, "takes a frame: every line that delivers a signal"},
    {NR_postern_poweroff, "ends the machine"},
    {NR_postern_sabotage, "breaks the kernel on purpose"},
    {NR_postern_strike, "interrupts the gate page, with sweep=on alone"},
    {NR_postern_struck, "tells what that did"},
};

/* Whether each call of kernel/syscalls.def is in one of the lists; a result for itself. */
static inline void calls_check(void)
{
    static const struct {
        long number;
        const char *name;
    } listed[] = {
#define SYSCALL(number, name, ...) {number, #name},
#include "kernel/syscalls.def"
#undef SYSCALL
    };
    int missing = 0;

    for (unsigned i = 0; i < COUNT(listed); i++) {
        bool found = false;
        for (unsigned j = 0; j < COUNT(all_calls); j++)
            found |= all_calls[j].number == listed[i].number;
        for (unsigned j = 0; j < COUNT(calls_left_out); j++)
            found |= calls_left_out[j].number == listed[i].number;
        if (!found) {
            ktap_note("%s has no line in test/guest/calls.h", listed[i].name);
            missing++;
        }
    }
    ktap_equal(missing, 0, "every call of kernel/syscalls.def has a line");
}

/* In the child: the call's value or -errno. */
static inline long calls_do(const struct call *call)
{
    const long *a = call->arguments;

    return call->body ? call->body()
                      : outcome(syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

/* --- files --------------------------------------------------------------------------------- */

/* What a call may have changed is as calls_enter() made it. */
static inline void calls_restore(void)
{
    if (rmdir("new"))
        unlink("new");
    if (access("file", F_OK))
        link("kept", "file");
    truncate("file", 8);
    truncate("writable", 0);
    mkdir("empty", 0755);
    umount("directory");
    flock(FD_FILE, LOCK_UN);
    for (int fd = FD_FILE; fd <= FD_DIRECTORY; fd++)
        lseek(fd, 0, SEEK_SET);
}

/* In a scratch directory of the test's own, which calls_leave() removes. */
static inline void calls_enter(const char *name)
{
    struct pty pty;
    int ends[2];

    scratch_enter(name);
    put("file", "contents");
    put("writable", "");
    link("file", "kept");
    symlink("file", "link");
    mkdir("directory", 0755);
    mkdir("empty", 0755);
    dup2(open("file", O_RDWR), FD_FILE);
    dup2(open("writable", O_RDWR), FD_EMPTY);
    dup2(open(".", O_RDONLY | O_DIRECTORY), FD_DIRECTORY);
    dup2(open("/dev/zero", O_RDONLY), FD_ZERO);
    dup2(open("/dev/null", O_WRONLY), FD_NULL);
    if (pipe(ends) == 0) {
        dup2(ends[0], FD_READER);
        dup2(ends[1], FD_WRITER);
        write(FD_WRITER, "in the pipe", 11);
    }
    if (pty_open(&pty)) {
        dup2(pty.master, FD_MASTER);
        dup2(pty.slave, FD_SLAVE);
    }
    for (int fd = 3; fd < FD_FILE; fd++)
        close(fd);
    fcntl(FD_EMPTY, F_SETLK, &(struct flock){.l_type = F_WRLCK}); /* for F_GETLK to tell of */
}

static inline void calls_leave(void)
{
    scratch_leave();
}

/* --- one call with one argument that is another -------------------------------------------- */

struct
try {
    const struct call *call;
    int argument;
    long value;
    long *result; /* shared with the child: as calls_do() gives it */
};

static inline int calls_take_try(void *argument)
{
    const struct try *try = argument;
    struct call call = *try->call;

    alarm(10);
    calls_prepare(0);
    if (call.before)
        call.before();
    call.arguments[try->argument] = try->value;
    *try->result = calls_do(&call);
    return 0;
}

/* Whether it gives that error, 0: none; a note says what else. */
static inline bool calls_try(struct try try, long error, const char *kind)
{
    *try.result = 0;
    int status = spawn_body(calls_take_try, &try);
    calls_restore();
    bool failed = *try.result < 0 && *try.result > -4096;
    if (!status && (failed ? -*try.result : 0) == error)
        return true;
    ktap_note("%s, argument %d, %s (%#lx): %ld, not %ld, status %x", try.call->name, try.argument,
              kind, try.value, *try.result, -error, status);
    return false;
}

#endif
