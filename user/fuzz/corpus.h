/* Runs that reached something new, from which new ones are made. */
#ifndef USER_FUZZ_CORPUS_H
#define USER_FUZZ_CORPUS_H

#include <stdbool.h>

#include "user/fuzz/step.h"

/* Adds the first count steps of run; false if there is no room. */
bool corpus_add(const struct run *run, unsigned count);

unsigned corpus_size(void);

/* A run out of a seed and the corpus as it is: new, or changed from what is there. */
void corpus_mutate(struct run *run, uint32_t seed, unsigned count);

#endif
