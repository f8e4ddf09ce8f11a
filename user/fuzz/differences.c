#include "user/fuzz/differences.h"

#include <errno.h>

#include "user/fuzz/world.h"

#define ANY  0x7fffffff
#define DONE 0x7ffffffe
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

static bool ends_sleep(long result)
{
    return result == -EINTR || result == -EAGAIN || result == -ETIMEDOUT;
}

static bool is_error(long result)
{
    return result < 0 && result >= -4095;
}

/* Whether result is expected, or of the kind that expected stands for. */
static bool fits(long result, int expected)
{
    switch (expected) {
    case ANY:
        return true;
    case DONE:
        return !is_error(result) || ends_sleep(result);
    }
    return result == expected;
}

static const struct difference *find_difference(const struct attempt *attempt)
{
    for (unsigned i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
        const struct difference *d = &differences[i];
        bool same = d->argument == NONE || attempt->values[d->argument] == d->value;
        bool named = fits(attempt->result, d->results[0]) || fits(attempt->result, d->results[1]);
        if (d->number == attempt->call->number && same && named)
            return d;
    }
    return NULL;
}

/* The result itself, or one that stands for all that it may be as well. */
static long common_result(const struct attempt *attempt)
{
    const struct difference *d = find_difference(attempt);
    long result = d ? d->results[1] : attempt->result;

    if (result == ANY)
        return ANY;
    if ((attempt->traits & SLEEPS) && ends_sleep(result))
        return 0;
    if (attempt->may_fault && is_error(result))
        return -EFAULT;
    if ((attempt->traits & (LOCAL_RESULT | VOLATILE | FORKS)) && !is_error(result))
        return 0;
    return result;
}

/* Bytes that are not compared must not stay for others to find, not even behind a page that cannot
 * be written: what is written first is a kernel's own business. */
static void forget_bytes(const struct access *a)
{
    static _Alignas(uint32_t) uint8_t pattern[PAGE];
    uint64_t end = (uint64_t)a->address + a->size;
    uint32_t at = a->address > ARENA_BASE ? a->address : ARENA_BASE;

    for (; at < end && at < ARENA_STACK_END; at = (at | (PAGE - 1)) + 1) {
        uint32_t offset = at % PAGE, size = PAGE - offset;
        if (size > end - at)
            size = end - at;
        if (!arena_has(at))
            continue;
        arena_pattern_page(pattern, at - offset);
        arena_store(at, pattern + offset, size);
    }
}

static uint64_t mix_bytes(uint64_t hash, const struct access *a)
{
    uint32_t size = arena_reach(a->address, a->size, ARENA_READ);

    for (uint32_t i = 0; i < size && i < 4 * PAGE; i++) {
        const uint8_t *byte = arena_model(a->address + i);
        hash = byte ? mix(hash, *byte) : hash;
    }
    return hash;
}

uint64_t differences_hash(uint64_t hash, const struct attempt *attempt)
{
    long result = common_result(attempt);
    bool compared = result != ANY && !(attempt->traits & UNCOMPARED);
    bool bytes = compared && result >= 0 && result == attempt->result &&
                 !(attempt->traits & (LOCAL_BYTES | VOLATILE | SLEEPS));

    if (compared)
        hash = mix(mix(hash, attempt->call->number), result);
    for (unsigned i = 0; i < attempt->nr_accesses; i++) {
        const struct access *a = &attempt->accesses[i];
        if (!(a->right & ARENA_WRITE))
            continue;
        if (bytes)
            hash = mix_bytes(hash, a);
        else
            forget_bytes(a);
    }
    if (attempt->traits & UNCOMPARED) /* it may have moved bytes on one only */
        world_restore_descriptors();
    return hash;
}
