/* Benchmarks in each setting that is asked for. */
#ifndef USER_BENCH_CELLS_H
#define USER_BENCH_CELLS_H

#include <stdbool.h>

#include "user/bench/settings.h"

struct cells {
    struct wanted wanted;
    bool twice, marks;
};

/*
 * Measures what the words mean (a vector that ends with NULL), each cell in a program of its own:
 * what one leaves behind, such as pages, another would pay for. 0; 1: something failed; 2: a word
 * means nothing, and nothing was measured.
 */
int cells_run(const struct cells *cells, const char *const *words);

#endif
