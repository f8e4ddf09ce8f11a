/* What may come of a call, and whether it did. Each check gives false with the reason in text. */
#ifndef USER_FUZZ_ORACLE_H
#define USER_FUZZ_ORACLE_H

#include <stdbool.h>

#include "user/fuzz/attempt.h"

#define REASON_SIZE 160

/* Before the call: what it may do, as far as that must be found out now. */
void oracle_before(struct attempt *attempt, struct step step);

/* After it: result and memory, and only what it may have changed has. */
bool oracle_after(struct attempt *attempt, char *text);

/* Reads and writes: what moves is known to the byte (transfer.c). False if nothing is known of it.
 */
bool transfer_before(struct attempt *attempt, struct step step);
bool transfer_after(const struct attempt *attempt, char *text);

/* The same call with good pointers (reference.c): what it gives is due in the other place too. */
bool reference_before(const struct attempt *attempt);
bool reference_after(const struct attempt *attempt, char *text);

/* Bytes of the kernel's own in what a call wrote; poison is the byte that they are, or 0. */
void reference_set_poison(int poison);
bool reference_leaks(const struct attempt *attempt, char *text);

/* Whether two of its accesses touch the same bytes, one of them to write. */
bool oracle_overlaps(const struct attempt *attempt);

#endif
