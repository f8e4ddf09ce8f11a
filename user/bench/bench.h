/*
 * What there is to measure: tables of operations, each of which is a row of a list.
 *
 * Most go through a door of the caller's choice; a fault has none.
 */
#ifndef USER_BENCH_BENCH_H
#define USER_BENCH_BENCH_H

#include <stdbool.h>

#include "user/bench/measure.h"

struct bench {
    const char *name;
    /* Once, before the measuring: fills the call, and makes what the operation needs. NULL: nothing
     * to do. */
    void (*prepare)(struct call *call);
    /* The operation; NULL: it is the one call. */
    void (*body)(void);
    bool doorless;
};

/* Each ends with a row without a name. */
extern const struct bench bench_calls[];      /* one call each */
extern const struct bench bench_ipc[];        /* messages to another process and back */
extern const struct bench bench_operations[]; /* several calls, a fault, two processes */
extern const struct bench bench_memory[];     /* mappings */

/* Prints what every copy strategy costs that serves this isolation: three ways, from a byte to a
 * mebibyte, aligned and not, into pages that are there and pages that are not yet. */
void bench_copies(void);

/* "split", "shared" or "linux"; the figures of a benchmark, to the end of its line. */
const char *bench_mode(void);
void bench_print_cost(struct cost cost);

/* The stub of the door that is measured. */
extern void (*bench_door)(void);

/* A call through it with as little as there can be around; the raw result. */
static inline long bench_call(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile("call *%1"
                     : "=a"(result)
                     : "m"(bench_door), "a"(number), "b"(a), "c"(b), "d"(c)
                     : "memory");
    return result;
}

/* The same with six arguments, the last of which is 0. */
static inline long bench_call6(long number, long a, long b, long c, long d, long e)
{
    long result;

    __asm__ volatile("pushl %%ebp\n\txorl %%ebp, %%ebp\n\tcall *bench_door\n\tpopl %%ebp"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory");
    return result;
}

/* Starts the program anew, with a gate page that answers some calls itself, unless it has that one;
 * before anything is prepared. */
void bench_be_resident(void);

/* A mapping of that many zeroed bytes; ends the program if there is none. */
void *bench_map(unsigned long size);

/* open(2); ends the program where it fails. */
int bench_open(const char *path, int flags);

#endif
