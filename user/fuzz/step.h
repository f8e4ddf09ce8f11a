/*
 * A run of the fuzzer is a list of steps: system calls, and moves that change the memory they work
 * on. Each step is 64 bits that decide everything about it but what the steps before have left, so
 * a run is replayed from its words, shrunk by leaving words out, and mutated word by word.
 *
 *     bits 48-63  the call's number, or a move's (move.h)
 *     bits 24-47  a nibble for each argument: another nibble is another draw of that argument alone
 *     bits 0-23   what all draws of the step start from
 */
#ifndef USER_FUZZ_STEP_H
#define USER_FUZZ_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STEPS_MAX 128 /* of a run */

struct step {
    uint16_t number;
    uint32_t vary, seed; /* 24 bits each */
};

struct run {
    uint32_t
        seed; /* it was made from; also decides the copy strategy and whether there is poison */
    unsigned count;
    struct step steps[STEPS_MAX];
};

static inline uint64_t step_word(struct step step)
{
    return (uint64_t)step.number << 48 | (uint64_t)step.vary << 24 | step.seed;
}

static inline struct step step_of_word(uint64_t word)
{
    return (struct step){word >> 48, (word >> 24) & 0xffffff, word & 0xffffff};
}

/* A generator of 32-bit numbers; equal states give equal numbers on every machine. */
struct draw {
    uint32_t state;
};

static inline uint32_t draw_mix(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7feb352d;
    x = (x ^ x >> 15) * 0x846ca68b;
    return x ^ x >> 16;
}

static inline struct draw draw_from(uint32_t seed, uint32_t which)
{
    return (struct draw){draw_mix(seed + 0x9e3779b9 * (which + 1))};
}

static inline uint32_t draw(struct draw *d)
{
    return draw_mix(d->state += 0x9e3779b9);
}

/* 0 to n - 1. */
static inline uint32_t draw_below(struct draw *d, uint32_t n)
{
    return draw(d) % n;
}

/* True once in n. */
static inline bool draw_once_in(struct draw *d, uint32_t n)
{
    return draw_below(d, n) == 0;
}

#define draw_of(d, array) ((array)[draw_below(d, sizeof(array) / sizeof((array)[0]))])

/* The draws of one argument of a step, or of the step as a whole. */
#define DRAW_STEP 6
static inline struct draw draw_for(struct step step, unsigned argument)
{
    unsigned vary = argument < DRAW_STEP ? step.vary >> (4 * argument) & 15 : 0;

    return draw_from(step.seed * 2654435761u + step.number, argument * 16 + vary);
}

#endif
