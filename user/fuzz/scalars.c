#include "user/fuzz/attempt.h"

#include "user/fuzz/world.h"

/* By number of call and argument. */
static const struct hint {
    const uint32_t *values;
    uint32_t count;
} hints[][6] = {
#define VALUES(...)    \
    (const uint32_t[]) \
    {                  \
        __VA_ARGS__    \
    }
#define HINT(name, argument, ...) \
    [NR_##name][argument] = {VALUES(__VA_ARGS__), sizeof(VALUES(__VA_ARGS__)) / sizeof(uint32_t)},
#include "user/fuzz/scalars.def"
#undef HINT
};

#define NR_HINTED (sizeof(hints) / sizeof(hints[0]))

static const uint32_t numbers[] = {0, 0, 0, 1, 1, 2, 3, 4, 5, 8, 16, 63, 64, 255, 1000, 4096};

/* What arithmetic goes wrong at. */
static const uint32_t edges[] = {
    -1,         -2,         -4095,      -4096,   0x7fffffff, 0x7ffff000, 0x80000000, 0x80000001,
    0x60000000, 0xc0000000, 0xfffff000, 0x10000, 0xffff,     0x20000001, 0x55555556, 0xffffff00,
};

static const uint32_t sizes[] = {
    0,   1,   2,   3,    4,    7,    8,    12,   16,   31,   64,
    100, 390, 512, 1024, 4095, 4096, 4097, 5000, 8192, 8193, 12288,
};

static const uint32_t signals[] = {0, 1, 10, 12, 15, 17, 18, 23, 28, 34, 63, 64, 65};

int scalar_fd(struct draw *d)
{
    static const int others[] = {-1, 49, 99, FD_LOOSE, 1023, 1024, 65536, 0x7fffffff};

    return draw_once_in(d, 16) ? draw_of(d, others)
                               : FD_FIRST + (int)draw_below(d, FD_END - FD_FIRST);
}

uint32_t scalar_draw(const struct attempt *attempt, unsigned argument, struct draw *d)
{
    int kind = attempt->call->arguments[argument].kind;
    unsigned number = attempt->call->number;
    const struct hint *hint = &hints[number < NR_HINTED ? number : 0][argument];
    unsigned how = draw_below(d, 64);

    if (how == 0)
        return draw_of(d, edges);
    if (how == 1) /* an address, if it is one, at which nothing of the fuzzer's is */
        return (draw(d) & 0x7fffffff) | 0x50000000;
    if (hint->count && how < 56)
        return hint->values[draw_below(d, hint->count)];
    switch (kind) {
    case KIND_FD:
        return scalar_fd(d);
    case KIND_SIZE:
        return how < 4 ? draw_of(d, edges) : draw_of(d, sizes);
    case KIND_SIGNAL:
        return draw_of(d, signals);
    case KIND_OCTAL:
        return draw_once_in(d, 4) ? draw_below(d, 010000) : 0644;
    default:
        return how < 8 ? draw_of(d, edges) : draw_of(d, numbers);
    }
}
