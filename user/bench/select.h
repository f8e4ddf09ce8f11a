/* What the words of the command line mean: benchmarks, members of families, groups. */
#ifndef USER_BENCH_SELECT_H
#define USER_BENCH_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include "user/bench/bench.h"

#define MEMBER_NAME 80

struct member {
    const struct bench *bench;
    int parameter[NR_PARAMETERS];
};

/* Its name as select_each() takes it: WorkingSet/pages=64. */
void member_name(const struct member *member, char name[MEMBER_NAME]);

/*
 * Calls visit() for each member that word means: a benchmark (`Null`, or all of a family), some of
 * a family (`WorkingSet/pages=64`), a group. False: nothing is called so, and nothing was called.
 */
bool select_each(const char *word, void (*visit)(const struct member *member, void *context),
                 void *context);

/* Prints a line for each group: its name and what is in it. */
void select_describe_groups(void);

#endif
