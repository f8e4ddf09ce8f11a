/*
 * Processes in a ring, each with a pipe to the next: a token goes round, and who has it reads its
 * working set (lmbench's lat_ctx). An operation is one round, which is as many switches as there
 * are processes.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/bench/bench.h"
#include "user/lib/syscall.h"

enum { PROCESSES, KIB };

static int from, to; /* of this process */
static unsigned *working_set;

static void read_working_set(void)
{
    unsigned sum = 0;

    for (int i = 0; i < bench_parameter[KIB] * 1024 / (int)sizeof(*working_set); i++)
        sum += working_set[i];
    __asm__ volatile("" : : "r"(sum));
}

static void pass_on(void)
{
    char token;

    bench_call(NR_read, from, (long)&token, 1);
    read_working_set();
    bench_call(NR_write, to, (long)&token, 1);
}

static void go_round(void)
{
    char token = 0;

    bench_call(NR_write, to, (long)&token, 1);
    bench_call(NR_read, from, (long)&token, 1);
    read_working_set();
}

/* Each has a copy of the working set: it is written to after the fork. */
static void own_working_set(void)
{
    if (!working_set)
        working_set = bench_map(bench_parameter[KIB] * 1024 + 1);
    memset(working_set, 1, bench_parameter[KIB] * 1024);
}

static void make_ring(struct call *call)
{
    int first[2], ends[2];

    (void)call;
    own_working_set();
    bench_pipe(first);
    to = first[1];
    from = first[0];
    for (int i = 1; i < bench_parameter[PROCESSES]; i++) {
        bench_pipe(ends);
        int mine = to;
        to = ends[1];
        if (bench_is_partner()) {
            own_working_set();
            for (;;)
                pass_on();
        }
        to = mine;
        from = ends[0];
    }
}

/* Many words are read by many processes. */
static const struct repetition few = {.warm_up = 5, .samples = 11};

const struct bench bench_rings[] = {
    {.name = "Ring",
     .parameters = {{"processes", 2, 16, 2}, {"kib", 0, 64, 4}},
     .prepare = make_ring,
     .body = go_round,
     .how = &few},
    {.name = NULL},
};
