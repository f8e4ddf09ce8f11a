/*
 * What the kernel counts in C. The gate page counts its own CR3 writes and entries in its words;
 * counters_read() adds the two up. All wrap at 2^32.
 */
#ifndef KERNEL_COUNTERS_H
#define KERNEL_COUNTERS_H

#include "kernel/postern_abi.h"

extern struct postern_counters counters;

/* The totals of all CPUs. Any context. */
struct postern_counters counters_read(void);

#endif
