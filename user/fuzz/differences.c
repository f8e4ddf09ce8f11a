#include "user/fuzz/differences.h"

#include <errno.h>

#define ANY  1 /* a value: neither an error nor 0 */
#define NONE (-1)

static const struct difference {
    uint16_t number;
    int8_t argument;
    uint32_t value;
    int results[2];
} differences[] = {
#define DIFFERENCE(name, argument, value, first, second, reason) \
    {NR_##name, argument, value, {first, second}},
#include "user/fuzz/differences.def"
#undef DIFFERENCE
};

static uint64_t mix(uint64_t hash, uint32_t value)
{
    hash = (hash ^ value) * 0x100000001b3ull;
    return hash ^ hash >> 29;
}

/* The result itself, or one that stands for all that it may be as well. */
static long common_result(const struct attempt *attempt)
{
    long result = attempt->result;

    for (unsigned i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
        const struct difference *d = &differences[i];
        if (d->number != attempt->call->number ||
            (d->argument != NONE && attempt->values[d->argument] != d->value))
            continue;
        if (d->results[0] == ANY || result == d->results[0] || result == d->results[1])
            return d->results[1];
    }
    if ((attempt->traits & (LOCAL_RESULT | VOLATILE | FORKS)) && (result >= 0 || result < -4095))
        return 0;
    if (attempt->may_fault && result < 0 && result >= -4095)
        return -EFAULT;
    if ((attempt->traits & SLEEPS) &&
        (result == -EINTR || result == -EAGAIN || result == -ETIMEDOUT))
        return 0; /* how long a sleep takes, and what ends it, is a matter of the machine's speed */
    return result;
}

uint64_t differences_hash(uint64_t hash, const struct attempt *attempt)
{
    hash = mix(mix(hash, attempt->call->number), common_result(attempt));
    if (attempt->result < 0 || (attempt->traits & (LOCAL_BYTES | VOLATILE)))
        return hash;
    for (unsigned i = 0; i < attempt->nr_accesses; i++) {
        const struct access *a = &attempt->accesses[i];
        uint32_t size = a->right & ARENA_WRITE ? arena_reach(a->address, a->size, ARENA_READ) : 0;
        for (uint32_t j = 0; j < size && j < 4 * PAGE; j++) {
            const uint8_t *byte = arena_model(a->address + j);
            hash =
                byte && a->address + j - ARENA_BASE < ARENA_PAGES * PAGE ? mix(hash, *byte) : hash;
        }
    }
    return hash;
}
