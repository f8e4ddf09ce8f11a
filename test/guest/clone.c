/*
 * clone(2) without a thread library: what each flag shares, the words that it sets and clears, the
 * combinations that are refused; vfork(2), clone3(2), set_tid_address(2).
 *
 * Rule: clone(2). A broken kernel copies what is to be shared or shares what is to be copied, lets
 * a parent run before its vfork child is done, forgets the wake-up at a thread's end, or accepts
 * threads that do not share their handlers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/signals.h"
#include "user/lib/spawn.h"

#define SECONDS_TO_HANG 60
#define STACK_SIZE      16384
#define THREAD          (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define FUTEX_WAIT      0

static char stack[STACK_SIZE] __attribute__((aligned(16)));
static volatile int word, tids[2];
static volatile int parent_word = -1, child_word = -1;

/* What a child changes of its process, to be seen by its parent or not. */
static int change_all(void *descriptor)
{
    struct kernel_sigaction ignore = {.handler = SIG_IGN};

    word = 1;
    umask(0123);
    close((intptr_t)descriptor);
    syscall_via(DOOR_INT80, SYS_rt_sigaction, SIGUSR2, (long)&ignore, 0, SIGSET_SIZE, 0, 0);
    return 0;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* Runs change_all() in a child that shares by flags, and looks at what it did to its parent. */
static void check_sharing(const char *name, int flags)
{
    struct sigaction action;
    int fd = open("/dev/null", O_RDONLY), status = -1;

    word = 0;
    umask(022);
    signal_dispose(SIGUSR2, SIG_DFL);
    pid_t pid = clone(change_all, stack + STACK_SIZE, flags | SIGCHLD, (void *)(intptr_t)fd);
    waitpid(pid, &status, 0);
    ktap_equal(status, 0, "%s: a child", name);
    ktap_equal(word, !!(flags & CLONE_VM), "%s: memory", name);
    ktap_equal(umask(022), flags & CLONE_FS ? 0123 : 022, "%s: umask", name);
    ktap_ok(is_open(fd) == !(flags & CLONE_FILES), "%s: descriptors", name);
    sigaction(SIGUSR2, NULL, &action);
    ktap_ok(action.sa_handler == (flags & CLONE_SIGHAND ? SIG_IGN : SIG_DFL), "%s: handlers", name);
    close(fd);
}

static int note_ids(void *unused)
{
    (void)unused;
    tids[0] = syscall_raw(SYS_getpid, 0, 0, 0);
    tids[1] = syscall_raw(SYS_gettid, 0, 0, 0);
    return child_word == tids[1] ? 0 : 1;
}

static void check_words(void)
{
    int status = -1;

    pid_t pid = clone(note_ids, stack + STACK_SIZE,
                      CLONE_VM | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, NULL,
                      &parent_word, NULL, &child_word);
    ktap_equal(parent_word, pid, "CLONE_PARENT_SETTID: the id is there when clone returns");
    waitpid(pid, &status, 0);
    ktap_equal(status, 0, "CLONE_CHILD_SETTID: it is there when the child starts");
    ktap_ok(tids[0] == pid && tids[1] == pid, "a process's first thread has its id");

    parent_word = child_word = -1;
    pid = clone(note_ids, stack + STACK_SIZE, CLONE_CHILD_SETTID | SIGCHLD, NULL, NULL, NULL,
                &child_word);
    waitpid(pid, &status, 0);
    ktap_ok(status == 0 && child_word == -1, "without CLONE_VM in the child's memory only");
}

/* The thread's id is cleared at its end, and whoever waits for that is woken. */
static int end_thread(void *unused)
{
    note_ids(unused);
    usleep(2000);
    syscall_raw(SYS_exit, 0, 0, 0);
    return 0;
}

static void check_thread(void)
{
    int status;

    child_word = -1;
    pid_t tid =
        clone(end_thread, stack + STACK_SIZE, THREAD | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID,
              NULL, NULL, NULL, &child_word);
    while (child_word == -1)
        sched_yield();
    while (child_word)
        syscall_via(DOOR_INT80, SYS_futex, (long)&child_word, FUTEX_WAIT, tid, 0, 0, 0);
    ktap_equal(child_word, 0, "CLONE_CHILD_CLEARTID: cleared, and a futex woken");
    ktap_ok(tids[0] == getpid() && tids[1] == tid && tid != getpid(),
            "CLONE_THREAD: another thread of the same process");
    ktap_ok(waitpid(tid, &status, __WALL) == -1 && errno == ECHILD, "nobody waits for a thread");
    /* for a moment it may still be there */
    long result;
    while (!(result = syscall_raw(SYS_tgkill, getpid(), tid, 0)))
        sched_yield();
    ktap_equal(result, -ESRCH, "then its id is nobody's");
}

static volatile int signals;

static void count(int signal)
{
    (void)signal;
    signals++;
}

static int return_5(void *unused)
{
    (void)unused;
    return 5;
}

static void check_exit_signal(void)
{
    int status = -1;

    signals = 0;
    signal(SIGUSR1, count);
    signal_mask(SIG_BLOCK, SIGUSR1);
    pid_t pid = clone(return_5, stack + STACK_SIZE, SIGUSR1, NULL);
    ktap_ok(waitpid(pid, &status, 0) == -1 && errno == ECHILD,
            "a child that ends with SIGUSR1 is none for waitpid");
    ktap_ok(waitpid(pid, &status, __WCLONE) == pid && status == 5 << 8, "but with __WCLONE");
    signal_mask(SIG_UNBLOCK, SIGUSR1);
    ktap_equal(signals, 1, "and SIGUSR1 has come");
    pid = clone(return_5, stack + STACK_SIZE, 0, NULL);
    ktap_ok(waitpid(pid, &status, __WALL) == pid && status == 5 << 8,
            "one without a signal is there for __WALL");
}

static int sleep_then_store(void *unused)
{
    (void)unused;
    usleep(10000);
    word = 2;
    return 0;
}

static const char *self;
static int ends[2];

static int exec_reader(void *unused)
{
    char fd[2] = {'0' + ends[0], 0};
    char *argv[] = {(char *)self, "read", fd, NULL};

    (void)unused;
    close(ends[1]);
    execv(self, argv);
    return 127;
}

static void check_vfork(void)
{
    int status = -1;

    word = 0;
    pid_t pid = clone(sleep_then_store, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
    ktap_equal(word, 2, "CLONE_VFORK: the parent waits for its child's end");
    waitpid(pid, &status, 0);
    if (pipe(ends))
        return;
    pid = clone(exec_reader, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
    ktap_equal(waitpid(pid, &status, WNOHANG), 0, "or for its exec, after which both run");
    close(ends[0]);
    close(ends[1]);
    ktap_ok(waitpid(pid, &status, 0) == pid && status == 6 << 8, "with descriptors of their own");
    word = 0;
    pid = vfork();
    if (pid == 0) {
        word = 3;
        _exit(0);
    }
    waitpid(pid, &status, 0);
    ktap_equal(word, 3, "vfork shares memory");
}

/* A child of its parent's parent. */
static int make_sibling(void *unused)
{
    (void)unused;
    pid_t pid = clone(return_5, stack + STACK_SIZE, CLONE_PARENT | SIGCHLD, NULL);
    return waitpid(pid, NULL, 0) == -1 && errno == ECHILD ? 0 : 1;
}

static void check_parent(void)
{
    int status = -1;

    ktap_equal(spawn_body(make_sibling, NULL), 0, "CLONE_PARENT: not the caller's child");
    ktap_ok(waitpid(-1, &status, 0) > 0 && status == 5 << 8, "but its parent's");
}

static void check_refused(void)
{
    static uint32_t any_entry[4] = {-1, 0, 0xfffff, 0x51};
    static const struct {
        const char *name;
        long flags, tls, error;
    } rows[] = {
        {"CLONE_SIGHAND without CLONE_VM", CLONE_SIGHAND, 0, -EINVAL},
        {"CLONE_THREAD without CLONE_SIGHAND", CLONE_THREAD | CLONE_VM, 0, -EINVAL},
        {"CLONE_THREAD alone", CLONE_THREAD, 0, -EINVAL},
        {"CLONE_SETTLS from the null page", CLONE_SETTLS, 64, -EFAULT},
        {"CLONE_SETTLS for any entry", CLONE_SETTLS, (long)any_entry, -EINVAL},
        {"CLONE_SETTLS from the kernel", CLONE_SETTLS, 0xfffff000, -EFAULT},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        long result =
            syscall_via(DOOR_INT80, SYS_clone, rows[i].flags | SIGCHLD, 0, 0, rows[i].tls, 0, 0);
        if (result == 0)
            _exit(1);
        ktap_equal(result, rows[i].error, "%s", rows[i].name);
    }
    ktap_ok(waitpid(-1, NULL, 0) == -1 && errno == ECHILD, "none of them has left a child");
}

static void check_others(void)
{
    uint64_t arguments[8] = {[4] = SIGCHLD};
    static volatile int cleared;
    int status = -1;

    ktap_equal(syscall_raw(SYS_set_tid_address, (long)&cleared, 0, 0), getpid(),
               "set_tid_address gives the id");
    long pid = syscall_raw(SYS_clone3, (long)arguments, sizeof(arguments), 0);
    if (pid == 0)
        _exit(7);
    ktap_ok(pid == -ENOSYS || (waitpid(pid, &status, 0) == pid && status == 7 << 8),
            "clone3 works, or is not there");
    pid = syscall_raw(SYS_clone3, 64, sizeof(arguments), 0);
    ktap_ok(pid == -ENOSYS || pid == -EFAULT, "clone3: EFAULT, or it is not there");
    ktap_equal(syscall_raw(SYS_set_robust_list, 0, 13, 0), -EINVAL, "set_robust_list: a bad size");
    ktap_equal(syscall_raw(SYS_set_robust_list, 64, 12, 0), 0,
               "set_robust_list: the address counts when the thread ends");
    syscall_raw(SYS_set_robust_list, 0, 12, 0);
}

/* A thread may say what it likes about its locks: the kernel walks a list that an attacker made. */
static uint32_t ring[3];

static int end_with_list(void *head)
{
    syscall_raw(SYS_set_robust_list, (long)head, 12, 0);
    return 8;
}

static void check_robust_lists(void)
{
    static uint32_t to_nowhere[3] = {64, 0, 0}, to_kernel[3] = {0xfffff000, 0, 0};
    static uint32_t offset[3], node[2];

    ring[0] = (uint32_t)node;
    node[0] = (uint32_t)node; /* a list that never comes back to its head */
    ring[1] = 4;
    offset[0] = (uint32_t)node;
    offset[1] = 0x7fffffff;
    const struct {
        const char *name;
        void *head;
    } rows[] = {
        {"in the null page", (void *)64},          {"in the kernel", (void *)0xfffff000},
        {"misaligned", (char *)ring + 1},          {"that leads nowhere", to_nowhere},
        {"that leads into the kernel", to_kernel}, {"without an end", ring},
        {"with an absurd offset", offset},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ktap_equal(spawn_body(end_with_list, rows[i].head), 8 << 8, "a list of locks %s",
                   rows[i].name);
}

int main(int argc, char **argv)
{
    char byte;

    alarm(SECONDS_TO_HANG);
    if (argc == 3 && !strcmp(argv[1], "read"))
        return read(argv[2][0] - '0', &byte, 1) == 0 ? 6 : 1;
    self = argv[0];
    ktap_begin();
    check_sharing("nothing shared", 0);
    check_sharing("CLONE_VM", CLONE_VM);
    check_sharing("CLONE_FS", CLONE_FS);
    check_sharing("CLONE_FILES", CLONE_FILES);
    check_sharing("CLONE_VM and CLONE_SIGHAND", CLONE_VM | CLONE_SIGHAND);
    check_words();
    check_thread();
    check_exit_signal();
    check_vfork();
    check_parent();
    check_refused();
    check_others();
    check_robust_lists();
    return ktap_end();
}
