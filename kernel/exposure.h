/* What a user directory maps with the supervisor bit: the report, and the check of it at boot. */
#ifndef KERNEL_EXPOSURE_H
#define KERNEL_EXPOSURE_H

#include "arch/i386/paging.h"
#include "kernel/postern_abi.h"

struct exposure_walk {
    const pte_t *directory;
    uint32_t page; /* number of the next page to look at; 2^20: done */
};

struct exposure_walk exposure_begin(const pte_t *directory);

/* The next range of supervisor pages that belong together; false if there is none. Thread context.
 */
bool exposure_next(struct exposure_walk *walk, struct postern_exposure *row);

/*
 * Walks a fresh directory of each isolation and panics unless split exposes exactly the pages of
 * the gate region. Prints one line with the figures.
 */
void exposure_check(void);

#endif
