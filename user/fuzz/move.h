/*
 * Moves: steps that change the arena's churn pages, with the model, so that the next calls meet
 * pages that have just been unmapped, protected, mapped anew or shared; and user mode's own look at
 * them, whose faults must be the model's.
 */
#ifndef USER_FUZZ_MOVE_H
#define USER_FUZZ_MOVE_H

#include <stdbool.h>

#include "user/fuzz/step.h"

#define MOVE_FIRST 2000

/* Makes it; false with the reason in what if memory is not as the model has it. */
bool move_make(struct step step, char *what, unsigned size);

static inline bool step_is_move(struct step step)
{
    return step.number >= MOVE_FIRST;
}

/* Makes the whole churn what it was at first. */
void move_refill(void);

/* A move drawn at random. */
struct step move_draw(struct draw *d);

/* As C, for a test: what it does, one statement. */
void move_print(struct step step, char *text, unsigned size);

/* Once in a process: catches the faults that moves provoke. */
void move_init(void);

#endif
