/*
 * What there is to measure: tables of operations, each of which is a row of a list. A row with
 * parameters is a family: one member for each combination of their values.
 *
 * Most go through a door of the caller's choice; a fault has none.
 *
 *     bench.c     the command line
 *     select.c    names and groups to members of the tables
 *     cells.c     each member in each setting that was asked for, as a program of its own
 *     cell.c      one of them, in this process: what prints a line
 *     measure.c   counting
 */
#ifndef USER_BENCH_BENCH_H
#define USER_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include "user/bench/measure.h"

#define NR_PARAMETERS 3

struct parameter {
    const char *name; /* NULL: none */
    int first, last;  /* its values: first, first * step, and so on; after 0 comes 1 */
    int step;
};

struct bench {
    const char *name;
    struct parameter parameters[NR_PARAMETERS];
    /* Once, before the measuring: fills the call, and makes what the operation needs. NULL: nothing
     * to do. */
    void (*prepare)(struct call *call);
    /* The operation; NULL: it is the one call. */
    void (*body)(void);
    /* Prints the lines itself, instead of being measured. */
    void (*report)(void);
    const struct repetition *how; /* NULL: the usual */
    bool doorless;
    bool postern_only;
    bool whole; /* a program, whose door is the vDSO's; its calls are counted */
};

/* Each ends with a row without a name. */
extern const struct bench bench_calls[];       /* one call each */
extern const struct bench bench_ipc[];         /* messages to another process and back */
extern const struct bench bench_operations[];  /* several calls, a fault, two processes */
extern const struct bench bench_memory[];      /* mappings */
extern const struct bench bench_exposure[];    /* not a cost: what user directories map */
extern const struct bench bench_rings[];       /* many processes that take turns */
extern const struct bench bench_working_set[]; /* pages that each side touches between switches */
extern const struct bench bench_programs[];    /* whole programs of busybox */
extern const struct bench bench_copies[];      /* calls whose work is a copy */

/* What the member of the family that runs has of its row's parameters. */
extern int bench_parameter[NR_PARAMETERS];

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

/* open(2), pipe(2), fork(2); each ends the program where it fails. */
int bench_open(const char *path, int flags);
void bench_pipe(int ends[2]);
int bench_fork(void);

/* Makes another process, which lives as long as this one at most; true in that one. */
bool bench_is_partner(void);

/* The same, which runs body again and again. */
static inline void bench_partner(void (*body)(void))
{
    if (bench_is_partner())
        for (;;)
            body();
}

#endif
