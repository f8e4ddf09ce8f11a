/*
 * Which edges of the kernel's code the calls have reached, by kcov(4 KiB words, PCs), where the
 * kernel was built with it.
 */
#ifndef USER_FUZZ_COVERAGE_H
#define USER_FUZZ_COVERAGE_H

#include <stdbool.h>

/* Opens it; false if there is none. */
bool coverage_open(void);

/* In a run's process: from here on its calls are traced. */
void coverage_begin(void);

/* Forgets what was traced. */
void coverage_clear(void);

/* How many edges of what was traced are new. */
unsigned coverage_news(void);

/* Edges seen so far. */
unsigned coverage_edges(void);

#endif
