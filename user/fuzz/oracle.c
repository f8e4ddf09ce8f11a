#include "user/fuzz/oracle.h"

#include <errno.h>
#include <stdio.h>

#include "user/fuzz/race.h"

#define ERRNO_LAST 133        /* of Linux's numbers; higher ones are the kernel's own business */
#define SIZE_LIMIT (8 * PAGE) /* of accesses that are looked at as a whole */
#define MARGIN     128        /* bytes looked at on each side of an access */

static enum { NOTHING, TRANSFER, REFERENCE } expected;

bool oracle_overlaps(const struct attempt *attempt)
{
    for (unsigned i = 0; i < attempt->nr_accesses; i++) {
        const struct access *a = &attempt->accesses[i];
        for (unsigned j = 0; j < i; j++) {
            const struct access *b = &attempt->accesses[j];
            if (((a->right | b->right) & ARENA_WRITE) && a->address < b->address + b->size &&
                b->address < a->address + a->size && a->argument != b->argument)
                return true;
        }
    }
    return false;
}

void oracle_before(struct attempt *attempt, struct step step)
{
    expected = NOTHING;
    if (race_is_on())
        attempt->must_fault = false;
    else if (transfer_before(attempt, step))
        expected = TRANSFER;
    else if ((attempt->traits & PURE) && reference_before(attempt))
        expected = REFERENCE;
}

static bool check_result(const struct attempt *attempt, char *text)
{
    long result = attempt->result;

    /* what takes no address may tell a user's number instead, which is any */
    if (!attempt->nr_accesses)
        return true;
    if (result < -ERRNO_LAST && result > -4096 && !(attempt->traits & LOCAL_RESULT)) {
        snprintf(text, REASON_SIZE, "%ld is no error that user mode knows", -result);
        return false;
    }
    if (result == -EFAULT && !attempt->may_fault) {
        snprintf(text, REASON_SIZE, "EFAULT, though all of its memory is there");
        return false;
    }
    if ((result >= 0 || result < -4095) && attempt->must_fault) {
        snprintf(text, REASON_SIZE, "success, though it must be EFAULT");
        return false;
    }
    return true;
}

/* What nothing more is known of may hold whatever it holds now, also behind a fault: some
 * structures are written member by member. */
static void accept_writes(const struct attempt *attempt)
{
    for (unsigned i = 0; i < attempt->nr_accesses; i++) {
        const struct access *a = &attempt->accesses[i];
        if (a->right & ARENA_WRITE)
            arena_accept(a->address, a->size < SIZE_LIMIT ? a->size : SIZE_LIMIT);
    }
}

/* The first byte in or beside an access that is not as the model has it, or 0. */
static uint32_t access_differs(const struct access *a)
{
    uint32_t size = a->size < SIZE_LIMIT ? a->size : SIZE_LIMIT, end = a->address + size;
    bool accepted = (a->right & ARENA_WRITE) && expected != TRANSFER;
    uint32_t differs;

    if (!arena_has(a->address) && !arena_has(end))
        return 0;
    if (!accepted)
        return arena_differs(a->address - MARGIN, end + MARGIN);
    differs = arena_differs(a->address - MARGIN, a->address);
    return differs ? differs : arena_differs(end, end + MARGIN);
}

static bool check_guards(const struct attempt *attempt, char *text)
{
    for (unsigned i = 0; i < attempt->nr_accesses; i++) {
        uint32_t differs = access_differs(&attempt->accesses[i]);
        if (differs) {
            snprintf(text, REASON_SIZE, "byte %#x changed: it is %#x, not %#x", differs,
                     *(uint8_t *)differs, *arena_model(differs));
            return false;
        }
    }
    return true;
}

/* What --believe makes of the oracle, for the test of replay and shrinking. */
static bool check_belief(const struct attempt *attempt, char *text)
{
    bool unmapped = false;

    for (unsigned page = ARENA_CHURN; page < ARENA_CHURN_END; page++)
        unmapped |= !arena_rights(page);
    if (!options.believes || !unmapped || attempt->call->number != NR_uname || attempt->result)
        return true;
    snprintf(text, REASON_SIZE, "success with a page unmapped, which was believed impossible");
    return false;
}

bool oracle_after(struct attempt *attempt, char *text)
{
    if (!check_belief(attempt, text) || !check_result(attempt, text))
        return false;
    if (expected == TRANSFER && !transfer_after(attempt, text))
        return false;
    if (expected == REFERENCE && !reference_after(attempt, text))
        return false;
    if (expected != TRANSFER) {
        if (!reference_leaks(attempt, text))
            return false;
        accept_writes(attempt);
    }
    return check_guards(attempt, text);
}
