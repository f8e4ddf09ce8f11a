/*
 * A program that was written for glibc, not for Postern: threads, signals, stdio, floating point,
 * malloc. What it prints is the same on every i386 system, so the host's output is the expectation.
 */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 4
#define TERMS   2000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int finished;
static __thread int own;
static volatile sig_atomic_t caught;

static void count(int signal)
{
    caught += signal;
}

/* A part of the series for pi, and a list that is built and freed. */
static void *work(void *argument)
{
    long number = (long)argument;
    double *sum = malloc(sizeof(*sum));
    char *text = NULL;

    own = (int)number;
    *sum = 0;
    for (long i = number; i < TERMS; i += THREADS) {
        *sum += (i % 2 ? -4.0 : 4.0) / (2.0 * (double)i + 1.0);
        text = realloc(text, (size_t)i * 16 + 1);
    }
    free(text);
    if (own != number)
        abort();
    pthread_mutex_lock(&mutex);
    finished++;
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
    return sum;
}

static void threads(void)
{
    pthread_t all[THREADS];
    double pi = 0;

    for (long i = 0; i < THREADS; i++)
        pthread_create(&all[i], NULL, work, (void *)i);
    pthread_mutex_lock(&mutex);
    while (finished < THREADS)
        pthread_cond_wait(&condition, &mutex);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < THREADS; i++) {
        void *sum;
        pthread_join(all[i], &sum);
        printf("thread %d: %.6f\n", i, *(double *)sum);
        pi += *(double *)sum;
        free(sum);
    }
    printf("pi: %.6f\n", pi);
}

static void signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = count;
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR1);
    pthread_kill(pthread_self(), SIGUSR2);
    kill(getpid(), SIGUSR1);
    printf("signals: %d\n", (int)caught);
}

static void numbers(void)
{
    printf("sqrt(2) = %.9f, sin(1) = %.9f, exp(1) = %.9f\n", sqrt(2), sin(1), exp(1));
    printf("%d %5.2f %-6s|%06d %x %e %g\n", -42, 3.14159, "left", 42, 0xbeef, 12345.678, 1e-5);
}

/* Blocks of many sizes, some from the heap and some mapped, each filled and looked at. */
static void memory(void)
{
    unsigned char *blocks[64];
    unsigned wrong = 0;

    for (int i = 0; i < 64; i++) {
        blocks[i] = malloc((size_t)i * i * 64 + 1);
        memset(blocks[i], i, (size_t)i * i * 64 + 1);
    }
    for (int i = 63; i >= 0; i--) {
        wrong += blocks[i][(size_t)i * i * 64] != i;
        free(blocks[i]);
    }
    printf("malloc: %u wrong\n", wrong);
}

static void files(void)
{
    char line[64] = "";
    FILE *file = tmpfile();

    if (!file)
        return;
    fprintf(file, "first\nsecond %d\n", 2);
    rewind(file);
    while (fgets(line, sizeof(line), file))
        ;
    fclose(file);
    printf("stdio: %s", line);
}

int main(int argc, char **argv)
{
    printf("hello from glibc, %d argument%s\n", argc - 1, argc == 2 ? "" : "s");
    for (int i = 1; i < argc; i++)
        printf("%d: %s\n", i, argv[i]);
    threads();
    signals();
    numbers();
    memory();
    files();
    return 0;
}
