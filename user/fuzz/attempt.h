/*
 * One call about to be made: its arguments, and every piece of memory that the kernel may read or
 * write for it. generate.c makes it out of a step; oracle.c says what may come of it.
 */
#ifndef USER_FUZZ_ATTEMPT_H
#define USER_FUZZ_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "user/fuzz/arena.h"
#include "user/fuzz/calls.h"
#include "user/fuzz/step.h"

#define ACCESSES_MAX 96

struct access {
    uint32_t address, size;
    uint8_t right;    /* ARENA_READ or ARENA_WRITE */
    bool must;        /* success means that all of it was accessed */
    uint8_t argument; /* through which argument */
};

struct attempt {
    const struct call *call;
    unsigned traits;
    int door;
    uint32_t values[6];
    const char *classes[6]; /* of the pointers among them; else NULL */
    struct access accesses[ACCESSES_MAX];
    unsigned nr_accesses;
    bool may_fault; /* some of that memory is not there, or not all of it is known */
    bool must_fault;
    long result;
};

/* How the fuzzer was started. */
extern struct options {
    bool portable; /* only what Linux and Postern have in common */
    bool believes; /* that after a page was unmapped uname() fails: a planted failure */
    unsigned doors;
} options;

/* The call that a step means. Writes to the arena what its pointers are to point to. */
void generate(struct attempt *attempt, struct step step);

/* A step drawn at random. */
struct step generate_step(struct draw *d);

/* pointers.c: an address for size bytes of argument, and the name of its class. */
uint32_t pointer_draw(struct attempt *attempt, unsigned argument, uint32_t size, struct draw *d);

/* scalars.c: a value that is no pointer, at least not on purpose. */
uint32_t scalar_draw(const struct attempt *attempt, unsigned argument, struct draw *d);
int scalar_fd(struct draw *d);

/* contents.c: writes what a pointer argument points to, where that can be written. */
void contents_write(struct attempt *attempt, unsigned argument, struct draw *d);

/* filters.c: changes arguments that would end or wedge the fuzzer itself. */
void filter(struct attempt *attempt);

/* Likewise the pointers through which the fuzzer's own data would be written; whether there were
 * any. */
bool filter_overwrites(struct attempt *attempt);

/* accesses.c: finds out, from the arguments and from memory, what may be accessed. */
void accesses_find(struct attempt *attempt);

/* execute.c: makes the call; for one that a number alone describes too. */
long execute(const struct attempt *attempt);

#endif
