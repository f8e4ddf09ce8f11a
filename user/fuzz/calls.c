#include "user/fuzz/calls.h"

#include <stdbool.h>
#include <stddef.h>

/* clang-format off: a kind a line */
#define INT(x)          \
    {                   \
#x, KIND_INT, 0 \
    }
#define UINT(x)          \
    {                    \
#x, KIND_UINT, 0 \
    }
#define HEX(x)          \
    {                   \
#x, KIND_HEX, 0 \
    }
#define OCTAL(x)          \
    {                     \
#x, KIND_OCTAL, 0 \
    }
#define FD(x)          \
    {                  \
#x, KIND_FD, 0 \
    }
#define PID(x)          \
    {                   \
#x, KIND_PID, 0 \
    }
#define SIGNAL(x)          \
    {                      \
#x, KIND_SIGNAL, 0 \
    }
#define SIZE(x)          \
    {                    \
#x, KIND_SIZE, 0 \
    }
#define ADDRESS(x)          \
    {                       \
#x, KIND_ADDRESS, 0 \
    }
#define MAYBE(x)          \
    {                     \
#x, KIND_MAYBE, 0 \
    }
#define PATH(x)          \
    {                    \
#x, KIND_PATH, 0 \
    }
#define STRINGS(x)          \
    {                       \
#x, KIND_STRINGS, 0 \
    }
#define IN_BYTES(x, n)       \
    {                        \
#x, KIND_IN_BYTES, n \
    }
#define OUT_BYTES(x, n)       \
    {                         \
#x, KIND_OUT_BYTES, n \
    }
#define IN(x, type)              \
    {                            \
#x, KIND_IN, TYPE_##type \
    }
#define OUT(x, type)              \
    {                             \
#x, KIND_OUT, TYPE_##type \
    }
#define INOUT(x, type)              \
    {                               \
#x, KIND_INOUT, TYPE_##type \
    }
#define IN_VECTOR(x, n)       \
    {                         \
#x, KIND_IN_VECTOR, n \
    }
#define OUT_VECTOR(x, n)       \
    {                          \
#x, KIND_OUT_VECTOR, n \
    }
/* clang-format on */

const struct call calls[] = {
#define SYSCALL(number, name, ...) {#name, number, {__VA_ARGS__}},
#include "kernel/syscalls.def"
#undef SYSCALL
};
const unsigned nr_calls = sizeof(calls) / sizeof(calls[0]);

#define TRAITS(name, traits)
#define SKIP(name, reason)
#define EXTENT(name, argument, unit, count)

static const struct {
    uint16_t number, traits;
} traits_of[] = {
#undef TRAITS
#define TRAITS(name, traits) {NR_##name, traits},
#include "user/fuzz/traits.def"
#undef TRAITS
#define TRAITS(name, traits)
};

static const struct {
    uint16_t number;
    const char *reason;
} skipped[] = {
#undef SKIP
#define SKIP(name, reason) {NR_##name, reason},
#include "user/fuzz/traits.def"
#undef SKIP
#define SKIP(name, reason)
};

static const struct extent {
    uint16_t number;
    uint8_t argument, unit, count;
} extents[] = {
#undef EXTENT
#define EXTENT(name, argument, unit, count) {NR_##name, argument, unit, count},
#include "user/fuzz/traits.def"
#undef EXTENT
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
    for (unsigned i = 0; i < COUNT(traits_of); i++) {
        if (traits_of[i].number == call->number)
            return traits_of[i].traits;
    }
    return 0;
}

const char *call_skipped(unsigned number)
{
    for (unsigned i = 0; i < COUNT(skipped); i++) {
        if (skipped[i].number == number)
            return skipped[i].reason;
    }
    return NULL;
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
    for (unsigned i = 0; i < COUNT(extents); i++) {
        if (extents[i].number == call->number && extents[i].argument == argument)
            return &extents[i];
    }
    return NULL;
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
