/* What of a call's outcome two kernels must agree on, and what they may differ in. */
#ifndef USER_FUZZ_DIFFERENCES_H
#define USER_FUZZ_DIFFERENCES_H

#include <stdint.h>

#include "user/fuzz/attempt.h"

/* The hash of a run's outcomes so far, with one more. */
uint64_t differences_hash(uint64_t hash, const struct attempt *attempt);

#endif
