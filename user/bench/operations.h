/*
 * Operations that are more than one call: faults, processes, mappings. They cost what they cost in
 * this process's isolation mode, by whichever door the C library uses.
 */
#ifndef USER_BENCH_OPERATIONS_H
#define USER_BENCH_OPERATIONS_H

struct operation {
    const char *name;
    void (*body)(void);
};

/* A name of NULL ends them. */
extern const struct operation operations[];

#endif
