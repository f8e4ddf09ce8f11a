/* Runs: a list of steps made by a child of the fuzzer's, and what came of them. */
#ifndef USER_FUZZ_RUN_H
#define USER_FUZZ_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "user/fuzz/step.h"

#define FAILURE_SIZE 700

/* What the child tells, in memory that both share. */
struct outcome {
    volatile unsigned step;     /* that it was at */
    volatile unsigned calls;    /* made so far */
    volatile bool ended;        /* its last step is done, and all checks were made */
    char failure[FAILURE_SIZE]; /* one line; empty: none */
    uint64_t hash;              /* of results and of bytes written, where two kernels must agree */
    unsigned news;              /* steps up to the last that reached new edges; 0: none */
    unsigned stuck;             /* ended because a call slept on that may */
};

enum run_mode {
    RUN_QUIET,
    RUN_TRACE, /* each step is a line on standard output */
    RUN_DRY,   /* and is not made */
};

/* Once, before the first and after the arena is built: shares what outcomes are told in, and what
 * is in use from now on is counted. */
bool run_init(void);

/* Makes a run out of a seed. */
void run_from_seed(struct run *run, uint32_t seed, unsigned count);

/* In a child. The outcome is valid until the next. */
const struct outcome *run_make(const struct run *run, enum run_mode mode);

/* A run as text: its seed in decimal, a colon, and its words; false if text is none. */
void run_print(const struct run *run);
bool run_parse(struct run *run, const char *text);

/* Makes it again if the kernel has more memory or files in use than before it, and again: what it
 * keeps for the next time it takes once. What has been left behind each time, or "". */
const char *run_leaks(const struct run *run);

#endif
