/* One benchmark with one setting of each axis, in this process. */
#ifndef USER_BENCH_CELL_H
#define USER_BENCH_CELL_H

#include "user/bench/select.h"
#include "user/bench/settings.h"

/* Takes what the axes of execve are as they are. The exit status of a program that does this
 * alone: 0, or CELL_IMPOSSIBLE if the settings are not possible here. */
#define CELL_IMPOSSIBLE 3
int cell_run(const struct member *member, const struct settings *settings, bool marks);

/* The command line of the program. */
extern char **bench_arguments;

/* Starts this program anew, with arguments whose first one it fills in. Does not return. */
void bench_exec(char **argv) __attribute__((noreturn));

#endif
