/*
 * How threads end, and what becomes of the others: exit_group, exec, a leader that goes first, fork
 * with several threads, robust locks of dead owners.
 *
 * Rule: exit_group(2), execve(2), clone(2), pthread_mutexattr_setrobust(3). A broken kernel leaves
 * threads of a dead process running, changes the pid in an exec, wakes the parent while threads are
 * alive, or leaves a lock locked for ever.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/signals.h"
#include "user/lib/spawn.h"

#define SECONDS_TO_HANG 60
#define SLEEPERS        3

static int ends[2]; /* children keep the writing end: it closes when the last of them is gone */
static const char *self;

static void *sleep_in_read(void *unused)
{
    char byte;
    int empty[2];

    (void)unused;
    if (pipe(empty) == 0)
        read(empty[0], &byte, 1);
    abort();
}

static void *spin(void *null)
{
    while (!null)
        __asm__ volatile("");
    return null;
}

/* Sleepers and a spinner, which nothing but the process's end ends. */
static void crowd(void)
{
    pthread_t thread;

    for (int i = 0; i < SLEEPERS; i++)
        pthread_create(&thread, NULL, sleep_in_read, NULL);
    pthread_create(&thread, NULL, spin, NULL);
    usleep(2000);
}

static void *exit_33(void *unused)
{
    (void)unused;
    _exit(33);
}

static int end_by_exit_elsewhere(void *unused)
{
    pthread_t thread;

    crowd();
    pthread_create(&thread, NULL, exit_33, NULL);
    sleep_in_read(unused);
    return 0;
}

static int end_by_return(void *unused)
{
    (void)unused;
    crowd();
    return 34;
}

static int end_by_signal(void *unused)
{
    crowd();
    kill(getpid(), SIGTERM);
    sleep_in_read(unused);
    return 0;
}

static void *fault(void *nowhere)
{
    *(volatile char *)nowhere = 1;
    return NULL;
}

static int end_by_fault(void *unused)
{
    pthread_t thread;

    crowd();
    pthread_create(&thread, NULL, fault, (void *)16);
    sleep_in_read(unused);
    return 0;
}

/* The new program tells by its status whether it has its parent's child's pid. */
static void *exec_self(void *pid_text)
{
    char *argv[] = {(char *)self, "executed", pid_text, NULL};

    execv(self, argv);
    return NULL;
}

static int exec_elsewhere(void *unused)
{
    char text[16];
    pthread_t thread;

    crowd();
    snprintf(text, sizeof(text), "%d", getpid());
    pthread_create(&thread, NULL, exec_self, text);
    sleep_in_read(unused);
    return 0;
}

static int exec_by_leader(void *unused)
{
    char text[16];

    (void)unused;
    crowd();
    snprintf(text, sizeof(text), "%d", getpid());
    exec_self(text);
    return 1;
}

static pid_t leader;

static void *outlive(void *unused)
{
    (void)unused;
    usleep(20000);
    _exit(getpid() == leader ? 35 : 1);
}

static int leader_first(void *unused)
{
    pthread_t thread;

    (void)unused;
    leader = getpid();
    pthread_create(&thread, NULL, outlive, NULL);
    pthread_exit(NULL);
}

/* exit(2) of the last thread is the process's end; whose status counts, Linux has changed once. */
static void *last(void *unused)
{
    (void)unused;
    usleep(5000);
    syscall_raw(SYS_exit, 36, 0, 0);
    return NULL;
}

static int all_by_exit(void *unused)
{
    pthread_t thread;

    (void)unused;
    pthread_create(&thread, NULL, last, NULL);
    syscall_raw(SYS_exit, 36, 0, 0);
    return 1;
}

static const struct {
    const char *name;
    int (*body)(void *);
    int status;
} rows[] = {
    {"exit_group by one of six threads ends all", end_by_exit_elsewhere, 33 << 8},
    {"so does a return from main", end_by_return, 34 << 8},
    {"so does a signal", end_by_signal, SIGTERM},
    {"so does a fault of one", end_by_fault, SIGSEGV},
    {"exec by another thread keeps the leader's pid", exec_elsewhere, 38 << 8},
    {"exec by the leader ends the others", exec_by_leader, 38 << 8},
    {"the leader may end first", leader_first, 35 << 8},
    {"each may end alone", all_by_exit, 36 << 8},
};

static void check_row(unsigned i)
{
    char byte;
    int status;

    if (pipe(ends))
        return;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(SECONDS_TO_HANG);
        _exit(rows[i].body(NULL));
    }
    close(ends[1]);
    waitpid(pid, &status, 0);
    ktap_equal(status, rows[i].status, "%s", rows[i].name);
    ktap_equal(read(ends[0], &byte, 1), 0, "none of its threads is left");
    close(ends[0]);
}

/* A process with several threads forks: the child has one, and all the memory. */
static volatile int shared_count;

static void *count(void *stop)
{
    while (!*(volatile bool *)stop)
        shared_count++;
    return NULL;
}

static int forked(void *unused)
{
    int before = shared_count;
    pthread_t thread;
    void *result = NULL;
    bool stop = true;

    (void)unused;
    usleep(10000);
    if (shared_count != before)
        return 1;
    if (pthread_create(&thread, NULL, count, &stop) || pthread_join(thread, &result))
        return 2;
    return syscall_raw(SYS_gettid, 0, 0, 0) == getpid() ? 0 : 3;
}

static void *fork_here(void *unused)
{
    return (void *)(intptr_t)spawn_body(forked, unused);
}

static void check_fork(void)
{
    volatile bool stop = false;
    pthread_t counter, thread;
    void *result = (void *)-1;

    pthread_create(&counter, NULL, count, (void *)&stop);
    ktap_equal(spawn_body(forked, NULL), 0, "fork with two threads: the child has one");
    pthread_create(&thread, NULL, fork_here, NULL);
    pthread_join(thread, &result);
    ktap_equal((intptr_t)result, 0, "so has the child that another thread forked");
    stop = true;
    pthread_join(counter, NULL);
}

/* A child that any thread forked is every thread's to wait for. */
static void *fork_only(void *unused)
{
    (void)unused;
    pid_t pid = fork();
    if (pid == 0)
        _exit(39);
    return (void *)(intptr_t)pid;
}

static void check_wait(void)
{
    pthread_t thread;
    void *pid;
    int status = -1;

    pthread_create(&thread, NULL, fork_only, NULL);
    pthread_join(thread, &pid);
    ktap_ok(waitpid((intptr_t)pid, &status, 0) == (intptr_t)pid && status == 39 << 8,
            "a child outlives the thread that forked it, and the process waits for it");
}

static pthread_mutex_t *robust;

static void *lock_and_end(void *unused)
{
    (void)unused;
    pthread_mutex_lock(robust);
    return NULL;
}

static int lock_and_exit(void *unused)
{
    (void)unused;
    return pthread_mutex_lock(robust);
}

static int lock_and_die(void *unused)
{
    (void)unused;
    pthread_mutex_lock(robust);
    raise(SIGKILL);
    return 0;
}

static void *wait_for_lock(void *unused)
{
    (void)unused;
    return (void *)(intptr_t)pthread_mutex_lock(robust);
}

/* Makes a robust lock in shared memory. */
static void make_robust(void)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    robust = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutex_init(robust, &attributes);
}

static void recover(const char *name)
{
    ktap_equal(pthread_mutex_lock(robust), EOWNERDEAD, "%s: EOWNERDEAD", name);
    pthread_mutex_consistent(robust);
    ktap_ok(pthread_mutex_unlock(robust) == 0 && pthread_mutex_lock(robust) == 0 &&
                pthread_mutex_unlock(robust) == 0,
            "%s: then it is a lock again", name);
}

static void check_robust(void)
{
    pthread_t owner, waiter;
    void *result;

    make_robust();
    pthread_create(&owner, NULL, lock_and_end, NULL);
    pthread_join(owner, NULL);
    recover("a thread ends with a lock");
    spawn_body(lock_and_exit, NULL);
    recover("a process exits with a lock");
    spawn_body(lock_and_die, NULL);
    recover("a process is killed with a lock");

    pid_t pid = fork();
    if (pid == 0) {
        pthread_mutex_lock(robust);
        pause();
        _exit(0);
    }
    while (pthread_mutex_trylock(robust) == 0) {
        pthread_mutex_unlock(robust);
        usleep(1000);
    }
    pthread_create(&waiter, NULL, wait_for_lock, NULL);
    usleep(5000);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    pthread_join(waiter, &result);
    ktap_equal((intptr_t)result, EOWNERDEAD,
               "who waits for the lock of one that is killed gets it");
    munmap(robust, 4096);
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "executed"))
        return atoi(argv[2]) == getpid() && syscall_raw(SYS_gettid, 0, 0, 0) == getpid() ? 38 : 1;
    self = argv[0];
    alarm(SECONDS_TO_HANG);
    ktap_begin();
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(i);
    check_fork();
    check_wait();
    check_robust();
    return ktap_end();
}
