/*
 * futex(2) by itself: what musl's and glibc's locks stand on.
 *
 * Rule: futex(2). A broken kernel sleeps although the word has changed, loses a wake-up, wakes too
 * many or the wrong ones, takes a futex in shared memory for two, or follows a bad address.
 * Sleepers are processes that share a page; before they are woken, they have said that they are
 * about to sleep, and a wake-up is repeated until it has found them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/signals.h"
#include "user/lib/spawn.h"

#define SECONDS_TO_HANG 60
#define MILLISECOND     1000000
#define SLEEPERS        5

enum {
    WAIT = 0,
    WAKE = 1,
    REQUEUE = 3,
    CMP_REQUEUE = 4,
    WAKE_OP = 5,
    WAIT_BITSET = 9,
    WAKE_BITSET = 10,
    PRIVATE = 128,
    REALTIME = 256,
};

/* In a page that forked children share. */
struct shared {
    volatile int32_t first, second;
    volatile int ready, woken, order[SLEEPERS];
};
static struct shared *shared;

static long futex(volatile void *word, int operation, int value, const void *timeout,
                  volatile void *other, int last)
{
    return syscall_via(DOOR_INT80, SYS_futex, (long)word, operation, value, (long)timeout,
                       (long)other, last);
}

/* The second form of the call, with 64 bits of seconds. */
static long futex64(volatile void *word, int operation, int value, const int64_t *timeout)
{
    return syscall_via(DOOR_INT80, SYS_futex_time64, (long)word, operation, value, (long)timeout, 0,
                       -1);
}

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void check_values(void)
{
    int32_t instant[2] = {0, MILLISECOND}, zero[2] = {0, 0};
    int64_t instant64[2] = {0, MILLISECOND};

    shared->first = 5;
    ktap_equal(futex(&shared->first, WAIT, 6, NULL, NULL, 0), -EAGAIN, "another value: EAGAIN");
    ktap_equal(futex(&shared->first, WAIT | PRIVATE, 6, NULL, NULL, 0), -EAGAIN, "private as well");
    int64_t before = now();
    ktap_equal(futex(&shared->first, WAIT, 5, instant, NULL, 0), -ETIMEDOUT, "ETIMEDOUT");
    ktap_ok(now() - before >= MILLISECOND, "and not before its time");
    ktap_equal(futex(&shared->first, WAIT | PRIVATE, 5, zero, NULL, 0), -ETIMEDOUT,
               "at once for 0");
    ktap_equal(futex64(&shared->first, WAIT, 5, instant64), -ETIMEDOUT, "futex_time64: ETIMEDOUT");
    ktap_equal(futex(&shared->first, WAKE, 100, NULL, NULL, 0), 0, "nobody to wake");
}

/* WAIT_BITSET's time is a point in time. */
static void check_absolute(void)
{
    int64_t until = now() + 2 * MILLISECOND;
    int32_t time[2] = {until / 1000000000, until % 1000000000}, past[2] = {0, 1};
    struct timespec wall;

    ktap_equal(futex(&shared->first, WAIT_BITSET, 5, time, NULL, -1), -ETIMEDOUT,
               "WAIT_BITSET: until a time");
    ktap_ok(now() >= until, "WAIT_BITSET: not before it");
    ktap_equal(futex(&shared->first, WAIT_BITSET, 5, past, NULL, -1), -ETIMEDOUT,
               "WAIT_BITSET: at once for a time that is past");
    clock_gettime(CLOCK_REALTIME, &wall);
    int32_t wall_time[2] = {wall.tv_sec, wall.tv_nsec};
    ktap_equal(futex(&shared->first, WAIT_BITSET | REALTIME, 5, wall_time, NULL, -1), -ETIMEDOUT,
               "WAIT_BITSET: by the clock on the wall");
    ktap_equal(futex(&shared->first, WAIT_BITSET, 5, past, NULL, 0), -EINVAL, "a bitset of 0");
    ktap_equal(futex(&shared->first, WAKE_BITSET, 1, NULL, NULL, 0), -EINVAL, "to wake as well");
}

static void check_errors(void)
{
    int32_t wrong[2] = {0, 1000000000}, negative[2] = {-1, 0};
    char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const struct {
        const char *name;
        volatile void *word;
        int operation;
        const void *timeout;
        volatile void *other;
        long result;
    } rows[] = {
        {"WAIT: misaligned", (char *)&shared->first + 1, WAIT, NULL, NULL, -EINVAL},
        {"WAKE: misaligned", (char *)&shared->first + 2, WAKE, NULL, NULL, -EINVAL},
        {"WAIT: the null page", (void *)64, WAIT, NULL, NULL, -EFAULT},
        {"WAIT, private: the null page", (void *)64, WAIT | PRIVATE, NULL, NULL, -EFAULT},
        {"WAIT: no access", none, WAIT, NULL, NULL, -EFAULT},
        {"WAIT: the kernel", (void *)0xfffff000, WAIT, NULL, NULL, -EFAULT},
        {"WAKE: the kernel", (void *)0xfffff000, WAKE, NULL, NULL, -EFAULT},
        {"WAKE: the null page", (void *)64, WAKE, NULL, NULL, -EFAULT},
        {"WAKE, private: an unmapped page wakes nobody", (void *)64, WAKE | PRIVATE, NULL, NULL, 0},
        {"WAIT: a bad timeout's address", &shared->first, WAIT, (void *)64, NULL, -EFAULT},
        {"WAIT: a bad timeout", &shared->first, WAIT, wrong, NULL, -EINVAL},
        {"WAIT: a negative timeout", &shared->first, WAIT, negative, NULL, -EINVAL},
        {"REQUEUE: a bad second word", &shared->first, REQUEUE, NULL, (void *)64, -EFAULT},
        {"CMP_REQUEUE: another value", &shared->first, CMP_REQUEUE, NULL, &shared->second, -EAGAIN},
        {"WAKE_OP: a bad second word", &shared->first, WAKE_OP, NULL, (void *)64, -EFAULT},
        {"no such operation", &shared->first, 99, NULL, NULL, -ENOSYS},
        {"WAKE by the clock on the wall", &shared->first, WAKE | REALTIME, NULL, NULL, -ENOSYS},
    };

    shared->first = 1;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ktap_equal(futex(rows[i].word, rows[i].operation, 1, rows[i].timeout, rows[i].other, 0),
                   rows[i].result, "%s", rows[i].name);
    munmap(none, 4096);
}

/* Sleeps on the first word while it is 0; notes who woke when. */
static int sleeper(void *number)
{
    shared->ready++;
    long result = futex(&shared->first, WAIT, 0, NULL, NULL, 0);
    shared->order[shared->woken++] = (intptr_t)number;
    return result != 0;
}

/* How many wait for word, without waking one: a requeue of it to itself counts them. */
static int waiting(volatile int32_t *word)
{
    return futex(word, CMP_REQUEUE, 0, (void *)1000, word, *word);
}

static void start_sleepers(pid_t *children, int count)
{
    shared->first = shared->second = shared->ready = shared->woken = 0;
    for (int i = 0; i < count; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(sleeper((void *)(intptr_t)i));
        while (waiting(&shared->first) != i + 1)
            usleep(1000);
    }
}

static int await_all(const pid_t *children, int count)
{
    int status, good = 0;

    for (int i = 0; i < count; i++)
        good += waitpid(children[i], &status, 0) == children[i] && status == 0;
    return good;
}

static void await_woken(int count)
{
    while (shared->woken < count)
        usleep(1000);
}

static void check_wake(void)
{
    pid_t children[SLEEPERS];

    start_sleepers(children, SLEEPERS);
    ktap_equal(waiting(&shared->second), 0, "a word beside it has no waiter");
    ktap_equal(futex(&shared->first, WAKE, 1, NULL, NULL, 0), 1, "WAKE of 1 wakes one of five");
    await_woken(1);
    ktap_equal(shared->order[0], 0, "the one that has slept longest");
    ktap_equal(futex(&shared->first, WAKE, 2, NULL, NULL, 0), 2, "WAKE of 2 wakes two");
    ktap_equal(futex(&shared->first, WAKE, 100, NULL, NULL, 0), 2, "WAKE of 100 wakes the rest");
    ktap_equal(await_all(children, SLEEPERS), SLEEPERS, "each of them once, with result 0");
}

static void check_requeue(void)
{
    pid_t children[SLEEPERS];

    start_sleepers(children, SLEEPERS);
    shared->first = 3;
    ktap_equal(futex(&shared->first, CMP_REQUEUE, 1, (void *)2, &shared->second, 4), -EAGAIN,
               "CMP_REQUEUE: another value");
    ktap_equal(futex(&shared->first, CMP_REQUEUE, 1, (void *)2, &shared->second, 3), 3,
               "CMP_REQUEUE: wakes one, moves two");
    ktap_equal(futex(&shared->first, REQUEUE, 0, (void *)100, &shared->second, 0), 2,
               "REQUEUE: moves the rest");
    ktap_equal(futex(&shared->first, WAKE, 100, NULL, NULL, 0), 0, "nobody is left behind");
    ktap_equal(futex(&shared->second, WAKE, 100, NULL, NULL, 0), 4, "and four are there");
    ktap_equal(await_all(children, SLEEPERS), SLEEPERS, "each of them woke once");
}

#define OP_SET     0
#define OP_ADD     1
#define OP_OR      2
#define OP_ANDN    3
#define OP_XOR     4
#define OP_SHIFT   8
#define COMPARE_EQ 0
#define COMPARE_LT 2
#define ENCODE(operation, argument, comparison, value) \
    ((operation) << 28 | (comparison) << 24 | (argument) << 12 | (value))

static void check_wake_op(void)
{
    static const struct {
        const char *name;
        int operation, before, after;
    } rows[] = {
        {"set", ENCODE(OP_SET, 7, COMPARE_EQ, 9), 3, 7},
        {"add", ENCODE(OP_ADD, 7, COMPARE_EQ, 9), 3, 10},
        {"or", ENCODE(OP_OR, 6, COMPARE_EQ, 9), 3, 7},
        {"and not", ENCODE(OP_ANDN, 6, COMPARE_EQ, 9), 3, 1},
        {"xor", ENCODE(OP_XOR, 6, COMPARE_EQ, 9), 3, 5},
        {"add 1 shifted by 4", ENCODE(OP_ADD | OP_SHIFT, 4, COMPARE_EQ, 9), 3, 19},
        {"or 1 shifted by 31", ENCODE(OP_OR | OP_SHIFT, 31, COMPARE_EQ, 9), 3, INT32_MIN + 3},
    };
    pid_t children[SLEEPERS];

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        shared->second = rows[i].before;
        long result =
            futex(&shared->first, WAKE_OP, 1, (void *)1, &shared->second, rows[i].operation);
        ktap_ok(result == 0 && shared->second == rows[i].after, "WAKE_OP: %s", rows[i].name);
    }
    start_sleepers(children, 4);
    shared->second = 3;
    ktap_equal(futex(&shared->second, WAKE_OP, 1, (void *)2, &shared->first,
                     ENCODE(OP_SET, 1, COMPARE_EQ, 5)),
               0, "WAKE_OP: the comparison fails, nobody is woken");
    ktap_equal(shared->first, 1, "WAKE_OP: the word is changed all the same");
    ktap_equal(futex(&shared->second, WAKE_OP, 1, (void *)2, &shared->first,
                     ENCODE(OP_SET, 0, COMPARE_LT, 5)),
               2, "WAKE_OP: the comparison holds, two are woken");
    futex(&shared->first, WAKE, 100, NULL, NULL, 0);
    ktap_equal(await_all(children, 4), 4, "WAKE_OP: each of them woke once");
}

static int bit_sleeper(void *bits)
{
    return futex(&shared->first, WAIT_BITSET, 0, NULL, NULL, (intptr_t)bits) != 0;
}

static void check_bitset(void)
{
    pid_t children[2];
    int status;

    shared->first = 0;
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(bit_sleeper((void *)(intptr_t)(1 << i)));
    }
    while (waiting(&shared->first) != 2)
        usleep(1000);
    ktap_equal(futex(&shared->first, WAKE_BITSET, 100, NULL, NULL, 4), 0,
               "WAKE_BITSET: no such bit");
    ktap_equal(futex(&shared->first, WAKE_BITSET, 100, NULL, NULL, 2), 1,
               "WAKE_BITSET: one has it");
    ktap_ok(waitpid(children[1], &status, 0) == children[1] && status == 0, "the right one");
    ktap_equal(futex(&shared->first, WAKE, 100, NULL, NULL, 0), 1, "WAKE: any bit");
    ktap_equal(await_all(children, 1), 1, "the other one");
}

/* A private futex belongs to one address space: not even a copied page is the same. */
static int32_t own_word;

static int wake_copy(void *unused)
{
    (void)unused;
    own_word = 0; /* the copy is the child's now */
    return futex(&own_word, WAKE | PRIVATE, 100, NULL, NULL, 0);
}

static int private_sleeper(void *unused)
{
    int32_t instant[2] = {0, 20 * MILLISECOND};

    (void)unused;
    return futex(&own_word, WAIT | PRIVATE, 0, instant, NULL, 0) != -ETIMEDOUT;
}

static void check_private(void)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0)
        _exit(private_sleeper(NULL));
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (spawn_body(wake_copy, NULL) || futex(&own_word, WAKE | PRIVATE, 100, NULL, NULL, 0))
            break;
    }
    ktap_equal(status, 0, "a private futex at the same address of another process is another");
}

/* A store behind a fork moves a page to another frame, not the futex in it. */
static void *sleep_on_own(void *operation)
{
    return (void *)futex(&own_word, WAIT | (intptr_t)operation, 0, NULL, NULL, 0);
}

static void check_copied_page(const char *name, int operation)
{
    pthread_t thread;
    void *result = (void *)-1;
    int woken = 0;

    own_word = 0;
    pthread_create(&thread, NULL, sleep_on_own, (void *)(intptr_t)operation);
    while (futex(&own_word, CMP_REQUEUE | operation, 0, (void *)1000, &own_word, 0) != 1)
        usleep(1000);
    pid_t child = fork();
    if (child == 0)
        _exit(pause());
    *(volatile int32_t *)&own_word = 1;
    woken = futex(&own_word, WAKE | operation, 100, NULL, NULL, 0);
    ktap_equal(woken, 1, "%s: found after its page was copied on write", name);
    if (woken)
        pthread_join(thread, &result);
    ktap_equal((intptr_t)result, 0, "%s: the sleeper wakes", name);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void count(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
}

static void check_interrupt(void)
{
    int32_t hour[2] = {3600, 0};

    own_word = 0;
    signal_catch(SIGUSR1, 0, count);
    pid_t nudger = nudge_start(SIGUSR1);
    ktap_equal(futex(&own_word, WAIT | PRIVATE, 0, NULL, NULL, 0), -EINTR, "a handler: EINTR");
    ktap_equal(futex(&own_word, WAIT | PRIVATE, 0, hour, NULL, 0), -EINTR, "with a timeout, too");
    nudge_stop(nudger);
    ktap_equal(futex(&own_word, WAKE | PRIVATE, 100, NULL, NULL, 0), 0,
               "a sleeper that was interrupted is gone");
}

int main(void)
{
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    alarm(SECONDS_TO_HANG);
    ktap_begin();
    check_values();
    check_absolute();
    check_errors();
    check_wake();
    check_requeue();
    check_wake_op();
    check_bitset();
    check_private();
    check_copied_page("a private futex", PRIVATE);
    check_copied_page("a futex in private memory", 0);
    check_interrupt();
    return ktap_end();
}
