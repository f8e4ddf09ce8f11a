#include "user/fuzz/calls.h"

#include <stdbool.h>
#include <stddef.h>

#define ARGUMENT(x, kind, detail) \
    {                             \
#x, KIND_##kind, detail   \
    }
#define INT(x)           ARGUMENT(x, INT, 0)
#define UINT(x)          ARGUMENT(x, UINT, 0)
#define HEX(x)           ARGUMENT(x, HEX, 0)
#define OCTAL(x)         ARGUMENT(x, OCTAL, 0)
#define FD(x)            ARGUMENT(x, FD, 0)
#define PID(x)           ARGUMENT(x, PID, 0)
#define SIGNAL(x)        ARGUMENT(x, SIGNAL, 0)
#define SIZE(x)          ARGUMENT(x, SIZE, 0)
#define ADDRESS(x)       ARGUMENT(x, ADDRESS, 0)
#define MAYBE(x)         ARGUMENT(x, MAYBE, 0)
#define PATH(x)          ARGUMENT(x, PATH, 0)
#define STRINGS(x)       ARGUMENT(x, STRINGS, 0)
#define IN_BYTES(x, n)   ARGUMENT(x, IN_BYTES, n)
#define OUT_BYTES(x, n)  ARGUMENT(x, OUT_BYTES, n)
#define IN(x, type)      ARGUMENT(x, IN, TYPE_##type)
#define OUT(x, type)     ARGUMENT(x, OUT, TYPE_##type)
#define INOUT(x, type)   ARGUMENT(x, INOUT, TYPE_##type)
#define IN_VECTOR(x, n)  ARGUMENT(x, IN_VECTOR, n)
#define OUT_VECTOR(x, n) ARGUMENT(x, OUT_VECTOR, n)

const struct call calls[] = {
#define SYSCALL(number, name, ...) {#name, number, {__VA_ARGS__}},
#include "kernel/syscalls.def"
#undef SYSCALL
};
const unsigned nr_calls = sizeof(calls) / sizeof(calls[0]);

/* What traits.def says, by number of call. */
static const uint16_t traits_of[] = {
#define TRAITS(name, traits) [NR_##name] = traits,
#define SKIP(name, reason)
#define EXTENT(name, argument, unit, count)
#include "user/fuzz/traits.def"
#undef TRAITS
#undef SKIP
#undef EXTENT
};

static const char *const skipped[] = {
#define TRAITS(name, traits)
#define SKIP(name, reason) [NR_##name] = reason,
#define EXTENT(name, argument, unit, count)
#include "user/fuzz/traits.def"
#undef TRAITS
#undef SKIP
#undef EXTENT
};

static const struct extent {
    bool counted;
    uint8_t unit, count;
} extents[][6] = {
#define TRAITS(name, traits)
#define SKIP(name, reason)
#define EXTENT(name, argument, unit, count) [NR_##name][argument] = {true, unit, count},
#include "user/fuzz/traits.def"
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct call *call_find(unsigned number)
{
    unsigned low = 0, high = nr_calls; /* kernel/syscalls.def is in numerical order */

    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (calls[middle].number == number)
            return &calls[middle];
        if (calls[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

unsigned call_traits(const struct call *call)
{
    return call->number < COUNT(traits_of) ? traits_of[call->number] : 0;
}

const char *call_skipped(unsigned number)
{
    return number < COUNT(skipped) ? skipped[number] : NULL;
}

unsigned type_size(enum type type)
{
    static const uint16_t sizes[] = {
        0,
#define TYPE(name, size, contents) size,
#include "user/fuzz/types.def"
#undef TYPE
    };

    return sizes[type];
}

static const struct extent *find_extent(const struct call *call, unsigned argument)
{
    if (call->number >= COUNT(extents) || !extents[call->number][argument].counted)
        return NULL;
    return &extents[call->number][argument];
}

bool call_counts(const struct call *call, unsigned argument)
{
    return find_extent(call, argument);
}

static uint32_t extent_of_count(const struct extent *extent, const uint32_t *values)
{
    uint32_t count = values[extent->count];

    if (extent->unit == 1) /* Linux reads whole words of it */
        return count > UINT32_MAX - 3 ? UINT32_MAX : (count + 3) & -4u;
    if ((int32_t)count < 0)
        return 0;
    if (!extent->unit)
        return count > 65536 ? UINT32_MAX : (count + 31) / 32 * 4;
    return count > UINT32_MAX / extent->unit ? UINT32_MAX : count * extent->unit;
}

uint32_t call_extent(const struct call *call, unsigned argument, const uint32_t *values)
{
    const struct argument *a = &call->arguments[argument];

    const struct extent *extent = find_extent(call, argument);

    if (extent)
        return extent_of_count(extent, values);
    switch (a->kind) {
    case KIND_IN_BYTES:
    case KIND_OUT_BYTES:
        return values[a->detail];
    case KIND_IN:
    case KIND_OUT:
    case KIND_INOUT:
        return type_size(a->detail);
    case KIND_IN_VECTOR:
    case KIND_OUT_VECTOR:
        return values[a->detail] > 1024 ? 0 : values[a->detail] * 8;
    default:
        return UINT32_MAX;
    }
}
