/* Steps in words. */
#ifndef USER_FUZZ_SHOW_H
#define USER_FUZZ_SHOW_H

#include "user/fuzz/attempt.h"

/* name(argument=value (class), ...), cut off where size ends. */
void show_call(const struct attempt *attempt, char *text, unsigned size);

/* A step on standard output: number, copy, door, call; a step's contents as C if as_test. */
void show_step(unsigned index, struct step step, const struct attempt *attempt, bool as_test);

#endif
