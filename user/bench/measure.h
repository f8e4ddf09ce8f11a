/* Counting the instructions of one system call. */
#ifndef USER_BENCH_MEASURE_H
#define USER_BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

/* A call as the CPU's registers carry it. */
struct call {
    long number, arguments[6];
};

/* What one operation costs, from many. */
struct cost {
    uint32_t median, minimum; /* instructions where measure_exact(), else ticks of the TSC */
    uint32_t cr3_writes, calls;
    uint32_t samples;
};

#define MAX_SAMPLES 101

/* How an operation is repeated. */
struct repetition {
    int warm_up, samples;  /* at most MAX_SAMPLES */
    void (*prepare)(void); /* before each; NULL: nothing */
};

/* False on a CPU without RDTSC (486). */
bool measure_possible(void);

/* True where RDTSC is seen to count instructions, as in an icount run. */
bool measure_exact(void);

/*
 * Runs call through entry (a function that takes the registers of a system call: a door's stub) and
 * counts from the stub's call to its return, both included. how: NULL is 101 times, once warm.
 */
struct cost measure(void (*entry)(void), const struct call *call, const struct repetition *how);

/* Next cell, then the same few times, each between the marks of user/bench/mark.h; not timed. */
void measure_marked(void (*entry)(void), const struct call *call, const struct repetition *how);

#endif
