/*
 * Races: a second thread changes the churn pages, their rights and contents while calls use them.
 * The oracle then knows less: such a call may see the pages in any state, but must not touch
 * others.
 */
#ifndef USER_FUZZ_RACE_H
#define USER_FUZZ_RACE_H

#include <stdbool.h>

#include "user/fuzz/attempt.h"

/* In a run's process: starts the other thread. */
bool race_begin(struct step seed);

/* Whether one runs. */
bool race_is_on(void);

/* Lets the other thread run. */
void race_yield(void);

/* Ends it, and makes the churn what the model has. */
void race_end(void);

#endif
