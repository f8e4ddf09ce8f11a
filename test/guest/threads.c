/*
 * Threads as musl makes them: create and join, thread-local storage, locks, cancellation, signals
 * to one thread and to the process. threads_exit.c has how they end, clone.c the bare call.
 *
 * Rule: pthreads(7). A broken kernel gives two threads one TLS segment or one FPU state, loses a
 * futex wake-up (a lock that never opens), forgets to clear a thread's id when it ends (a join that
 * never returns), or delivers a thread's signal to another.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/signals.h"
#include "user/lib/spawn.h"

#define SECONDS_TO_HANG 100
#define THREADS         8
#define ROUNDS          500

static __thread int own = 12345;
static __thread char own_text[64] = "initial";
static int shared_count;

static long thread_id(void)
{
    return syscall_raw(SYS_gettid, 0, 0, 0);
}

static void *twice(void *number)
{
    return (void *)(2 * (intptr_t)number);
}

static void check_create_and_join(void)
{
    pthread_t threads[THREADS];
    void *result;
    int right = 0;

    for (int round = 0; round < 25; round++) {
        for (intptr_t i = 0; i < THREADS; i++)
            pthread_create(&threads[i], NULL, twice, (void *)i);
        for (intptr_t i = 0; i < THREADS; i++)
            right += pthread_join(threads[i], &result) == 0 && (intptr_t)result == 2 * i;
    }
    ktap_equal(right, 25 * THREADS, "200 threads give their results");
}

static volatile long ids[THREADS];

/* Its own copy of what is __thread, its own id and its own FPU, whoever runs in between. */
static void *use_own(void *argument)
{
    intptr_t number = (intptr_t)argument;
    volatile double sum = 0, again = 0; /* volatile: each sum is rounded as it is stored */
    bool fresh = own == 12345 && !strcmp(own_text, "initial");

    ids[number] = thread_id();
    own_text[0] = 'a' + number;
    for (int i = 1; i <= ROUNDS; i++) {
        own = number * 1000 + i;
        sum += 1.0 / (i + number);
        if (i % 50 == 0)
            sched_yield();
        if (own != number * 1000 + i || thread_id() != ids[number])
            return (void *)1;
    }
    for (int i = 1; i <= ROUNDS; i++)
        again += 1.0 / (i + number);
    return (void *)(intptr_t)(!fresh || sum != again || own_text[0] != 'a' + number);
}

static int run_all(void *(*body)(void *))
{
    pthread_t threads[THREADS];
    void *result;
    int good = 0;

    for (intptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, body, (void *)i);
    for (int i = 0; i < THREADS; i++)
        good += pthread_join(threads[i], &result) == 0 && !result;
    return good;
}

static void check_own(void)
{
    int different = 0;

    ktap_equal(run_all(use_own), THREADS, "TLS, ids and sums of eight threads stay apart");
    for (int i = 0; i < THREADS; i++) {
        for (int j = 0; j < i; j++)
            different += ids[i] != ids[j] && ids[i] != getpid();
    }
    ktap_equal(different, THREADS * (THREADS - 1) / 2, "every thread has an id of its own");
    ktap_ok(own == 12345 && !strcmp(own_text, "initial"), "the first thread's TLS is untouched");
    ktap_equal(thread_id(), getpid(), "the first thread's id is the process's");
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t semaphore;
static volatile int inside, turn;

static void *with_mutex(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        int before = shared_count;
        if (i % 64 == 0)
            sched_yield();
        shared_count = before + 1;
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

/* Each waits for its turn; the turn goes round. */
static void *with_condition(void *number)
{
    for (int i = 0; i < 20; i++) {
        pthread_mutex_lock(&mutex);
        while (turn % THREADS != (intptr_t)number)
            pthread_cond_wait(&condition, &mutex);
        turn++;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void *with_rwlock(void *number)
{
    bool writer = (intptr_t)number < 2, torn = false;
    static volatile int left, right;

    for (int i = 0; i < 200; i++) {
        if (writer) {
            pthread_rwlock_wrlock(&rwlock);
            left++;
            sched_yield();
            right++;
        } else {
            pthread_rwlock_rdlock(&rwlock);
            torn |= left != right;
        }
        pthread_rwlock_unlock(&rwlock);
    }
    return (void *)(intptr_t)torn;
}

static void *with_barrier(void *unused)
{
    intptr_t wrong = 0;

    (void)unused;
    for (int round = 1; round <= 20; round++) {
        __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
        pthread_barrier_wait(&barrier);
        wrong |= inside != round * THREADS;
        pthread_barrier_wait(&barrier);
    }
    return (void *)wrong;
}

static void *with_semaphore(void *unused)
{
    intptr_t wrong = 0;

    (void)unused;
    for (int i = 0; i < 200; i++) {
        sem_wait(&semaphore);
        wrong |= __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST) > 3;
        if (i % 16 == 0)
            sched_yield();
        __atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
        sem_post(&semaphore);
    }
    return (void *)wrong;
}

static void check_locks(void)
{
    struct timespec past = {1, 0};

    ktap_equal(run_all(with_mutex), THREADS, "eight threads and a mutex");
    ktap_equal(shared_count, THREADS * ROUNDS, "no addition is lost");
    ktap_equal(run_all(with_condition), THREADS, "a turn that goes round eight threads");
    ktap_equal(turn, 20 * THREADS, "twenty times");
    ktap_equal(run_all(with_rwlock), THREADS,
               "six readers never see what two writers do by halves");
    inside = 0;
    pthread_barrier_init(&barrier, NULL, THREADS);
    ktap_equal(run_all(with_barrier), THREADS, "a barrier lets nobody through before the last");
    inside = 0;
    sem_init(&semaphore, 0, 3);
    ktap_equal(run_all(with_semaphore), THREADS, "a semaphore of 3 lets in no more");
    pthread_mutex_lock(&mutex);
    ktap_equal(pthread_mutex_timedlock(&mutex, &past), ETIMEDOUT,
               "a lock that cannot be had in time");
    ktap_equal(pthread_cond_timedwait(&condition, &mutex, &past), ETIMEDOUT, "nor a condition");
    pthread_mutex_unlock(&mutex);
}

static sem_t done;

static void *post_and_end(void *unused)
{
    (void)unused;
    sem_post(&done);
    return NULL;
}

static void check_detached(void)
{
    pthread_attr_t detached;
    pthread_t thread;
    int started = 0;

    sem_init(&done, 0, 0);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < 50; i++) {
        started += pthread_create(&thread, &detached, post_and_end, NULL) == 0;
        sem_wait(&done);
    }
    ktap_equal(started, 50, "fifty detached threads, one after the other");
}

static volatile bool cleaned;

static void clean(void *unused)
{
    (void)unused;
    cleaned = true;
}

static void *sleep_for_ever(void *pipe_end)
{
    char byte;

    pthread_cleanup_push(clean, NULL);
    sem_post(&done);
    read((intptr_t)pipe_end, &byte, 1);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *spin(void *null)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    sem_post(&done);
    while (!null)
        __asm__ volatile("");
    return null;
}

static void check_cancel(void)
{
    pthread_t thread;
    void *result = NULL;
    int ends[2];

    if (pipe(ends))
        return;
    pthread_create(&thread, NULL, sleep_for_ever, (void *)(intptr_t)ends[0]);
    sem_wait(&done);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    ktap_ok(result == PTHREAD_CANCELED && cleaned, "a thread in a read is cancelled and cleans up");
    pthread_create(&thread, NULL, spin, NULL);
    sem_wait(&done);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    ktap_ok(result == PTHREAD_CANCELED, "so is one that spins");
    close(ends[0]);
    close(ends[1]);
}

static volatile long handler_id;
static volatile int calls;

static void note_thread(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
    calls++;
    handler_id = thread_id();
}

static volatile long waiter_id;

/* Waits until a signal has been handled, here or elsewhere. */
static void *wait_for_signal(void *blocked)
{
    if (blocked)
        signal_mask(SIG_BLOCK, SIGUSR2);
    waiter_id = thread_id();
    sem_post(&done);
    while (!calls)
        usleep(1000);
    return NULL;
}

static void signal_waiter(bool directed, bool blocked)
{
    pthread_t thread;

    calls = 0;
    pthread_create(&thread, NULL, wait_for_signal, (void *)(intptr_t)blocked);
    sem_wait(&done);
    if (directed)
        pthread_kill(thread, SIGUSR2);
    else
        kill(getpid(), SIGUSR2);
    pthread_join(thread, NULL);
}

static void check_signals(void)
{
    signal_catch(SIGUSR2, SA_RESTART, note_thread);
    signal_waiter(true, false);
    ktap_ok(calls == 1 && handler_id == waiter_id, "pthread_kill: the handler runs in that thread");
    signal_mask(SIG_BLOCK, SIGUSR2);
    pthread_t thread;
    calls = 0;
    pthread_create(&thread, NULL, wait_for_signal, NULL);
    sem_wait(&done);
    ktap_ok(signal_blocked(SIGUSR2),
            "a new thread has the mask of its creator, each its own after");
    pthread_kill(thread, SIGUSR2);
    ktap_ok(!signal_pending(SIGUSR2), "a thread's pending signal is not pending for another");
    calls = 1;
    pthread_join(thread, NULL);
    kill(getpid(), SIGUSR2);
    ktap_ok(signal_pending(SIGUSR2), "the process's pends while all block it");
    calls = 0;
    signal_mask(SIG_UNBLOCK, SIGUSR2);
    ktap_ok(calls == 1 && handler_id == getpid(), "and goes to the first that unblocks it");
    signal_waiter(false, true);
    ktap_ok(calls == 1 && handler_id == getpid(),
            "to the process: a thread that does not block it");
}

/* A fault is the signal of the thread that made it. */
static char *volatile nowhere = (char *)16;

static void end_thread(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
    handler_id = thread_id();
    pthread_exit((void *)77);
}

static void *fault(void *unused)
{
    (void)unused;
    waiter_id = thread_id();
    *nowhere = 1;
    return NULL;
}

static void check_fault(void)
{
    pthread_t thread;
    void *result = NULL;

    signal_catch(SIGSEGV, 0, end_thread);
    pthread_create(&thread, NULL, fault, NULL);
    pthread_join(thread, &result);
    ktap_ok(result == (void *)77 && handler_id == waiter_id, "a fault is its own thread's signal");
    signal_dispose(SIGSEGV, SIG_DFL);
}

int main(void)
{
    alarm(SECONDS_TO_HANG);
    ktap_begin();
    check_create_and_join();
    check_own();
    check_locks();
    check_detached();
    check_cancel();
    check_signals();
    check_fault();
    return ktap_end();
}
