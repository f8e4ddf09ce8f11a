/*
 * A program that was written for musl, not for Postern: pthreads, signals, floating point. What it
 * prints is the same on every i386 system, so the host's output is the expectation.
 */
#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAGES 5
#define ITEMS  300

/* A pipeline of threads: each hands numbers to the next through a queue of one. */
struct stage {
    sem_t full, empty;
    double item;
};

static struct stage stages[STAGES + 1];

static void *run_stage(void *argument)
{
    long number = (long)argument;

    for (int i = 0; i < ITEMS; i++) {
        sem_wait(&stages[number].full);
        double item = stages[number].item;
        sem_post(&stages[number].empty);
        sem_wait(&stages[number + 1].empty);
        stages[number + 1].item = sqrt(item * item + (double)number);
        sem_post(&stages[number + 1].full);
    }
    return NULL;
}

static void *feed(void *unused)
{
    (void)unused;
    for (int i = 0; i < ITEMS; i++) {
        sem_wait(&stages[0].empty);
        stages[0].item = i;
        sem_post(&stages[0].full);
    }
    return NULL;
}

static void pipeline(void)
{
    pthread_t threads[STAGES + 1];
    double sum = 0;

    for (int i = 0; i <= STAGES; i++) {
        sem_init(&stages[i].full, 0, 0);
        sem_init(&stages[i].empty, 0, 1);
    }
    for (long i = 0; i < STAGES; i++)
        pthread_create(&threads[i], NULL, run_stage, (void *)i);
    pthread_create(&threads[STAGES], NULL, feed, NULL);
    for (int i = 0; i < ITEMS; i++) {
        sem_wait(&stages[STAGES].full);
        sum += stages[STAGES].item;
        sem_post(&stages[STAGES].empty);
    }
    for (int i = 0; i <= STAGES; i++)
        pthread_join(threads[i], NULL);
    printf("pipeline: %.6f\n", sum);
}

static sigjmp_buf back;
static volatile int quotient = 1, zero;

static void jump(int signal, siginfo_t *info, void *context)
{
    (void)context;
    siglongjmp(back, signal * 100 + info->si_code);
}

/* Faults that become values. */
static void faults(void)
{
    struct sigaction action;
    int got;

    memset(&action, 0, sizeof(action));
    action.sa_sigaction = jump;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGFPE, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    if (!(got = sigsetjmp(back, 1)))
        quotient /= zero;
    printf("division: %d\n", got);
    if (!(got = sigsetjmp(back, 1)))
        *(volatile char *)(long)(zero + 4) = 1;
    printf("null pointer: %d\n", got);
}

static pthread_key_t key;
static int destroyed;

static void destroy(void *value)
{
    destroyed += *(int *)value;
    free(value);
}

static void *use_key(void *argument)
{
    int *value = malloc(sizeof(*value));

    *value = (int)(long)argument;
    pthread_setspecific(key, value);
    return NULL;
}

static void keys(void)
{
    pthread_t thread;

    pthread_key_create(&key, destroy);
    for (long i = 1; i <= 10; i++) {
        pthread_create(&thread, NULL, use_key, (void *)i);
        pthread_join(thread, NULL);
    }
    printf("keys: %d\n", destroyed);
}

static void *wait_for_cancel(void *unused)
{
    for (;;)
        pause();
    return unused;
}

static void *take_signals(void *set)
{
    int order = 0, signal;

    for (int i = 0; i < 3; i++) {
        sigwait(set, &signal);
        order = order * 10 + (signal == SIGUSR1 ? 1 : 2);
    }
    return (void *)(long)order;
}

/* All are pending for the thread before it can take the first: the lowest comes first. */
static void signals(void)
{
    sigset_t set;
    pthread_t thread;
    void *result;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGTERM);
    kill(getpid(), SIGUSR2);
    kill(getpid(), SIGUSR1);
    pthread_create(&thread, NULL, take_signals, &set);
    pthread_join(thread, &result);
    printf("sigwait: %ld\n", (long)result);
    pthread_create(&thread, NULL, wait_for_cancel, NULL);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    printf("cancelled: %s\n", result == PTHREAD_CANCELED ? "yes" : "no");
}

static void numbers(void)
{
    double x = 1;

    for (int i = 0; i < 50; i++)
        x = cos(x);
    printf("cos's fixed point: %.9f\n", x);
    printf("%a %.3e %g %d\n", 0.1, 6.02214076e23, 1.0 / 3, (int)strtod("1e3", NULL));
}

int main(void)
{
    printf("hello from musl\n");
    pipeline();
    faults();
    keys();
    signals();
    numbers();
    return fflush(stdout) != 0;
}
