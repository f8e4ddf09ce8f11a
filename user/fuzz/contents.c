/*
 * What pointers point to: values that get past a call's first checks, often enough. Where the
 * memory cannot be written, what is there already has to do: letters, which are valid as nothing.
 */
#include "user/fuzz/attempt.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "user/fuzz/world.h"

/* Into which a vector, a message or a batch may point. */
static uint32_t other_address(struct draw *d, uint32_t size)
{
    static const uint8_t pages[] = {1, 2, 3, 7, 8, 10, 10, ARENA_STACK, 4, 5, 6, 9, 11, 12, 15, 18};

    if (draw_once_in(d, 16))
        return options.portable     ? 0
               : draw_once_in(d, 2) ? 0xc0100000
                                    : 0xfffff000 + draw_below(d, PAGE);
    return arena_address(draw_of(d, pages)) +
           (draw_once_in(d, 4) ? PAGE - size / 2 : draw_below(d, PAGE));
}

static uint32_t some_length(struct draw *d)
{
    static const uint32_t lengths[] = {0,  1,   4,   8,    8,    16,         16,
                                       33, 100, 512, 4096, 5000, 0x7fffffff, -1};

    return draw_of(d, lengths);
}

static void nothing(uint32_t at, struct draw *d)
{
    (void)at, (void)d;
}

static void number(uint32_t at, struct draw *d)
{
    uint32_t value = draw_once_in(d, 8) ? draw(d) : draw_below(d, 64);

    arena_store(at, &value, sizeof(value));
}

static void zero(uint32_t at, struct draw *d)
{
    uint32_t value = draw_below(d, 4) / 3;

    arena_store(at, &value, sizeof(value));
}

static void offset(uint32_t at, struct draw *d)
{
    uint32_t words[2] = {draw_below(d, 3 * PAGE), draw_once_in(d, 16) ? draw(d) : 0};

    arena_store(at, words, sizeof(words));
}

static void limits(uint32_t at, struct draw *d)
{
    uint32_t words[4] = {draw_below(d, 1 << 20), 0, 0x7fffffff, 0};

    arena_store(at, words, sizeof(words));
}

/* Nanoseconds or microseconds: no call sleeps long. */
static uint32_t some_fraction(struct draw *d)
{
    static const uint32_t fractions[] = {0, 0, 1, 1000, 1000, 999999, 1000000000, -1, 2000000000};

    return draw_of(d, fractions);
}

static void time(uint32_t at, struct draw *d)
{
    uint32_t words[2] = {draw_once_in(d, 8) ? -1u : 0, some_fraction(d)};

    arena_store(at, words, sizeof(words));
}

static void time64(uint32_t at, struct draw *d)
{
    uint32_t high = draw_once_in(d, 8) ? -1u : 0;
    uint32_t words[4] = {high, high, some_fraction(d), 0};

    arena_store(at, words, sizeof(words));
}

static void times(uint32_t at, struct draw *d)
{
    time64(at, d);
    time64(at + 16, d);
}

static void set(uint32_t at, struct draw *d)
{
    uint32_t words[2] = {draw(d) & ~(1u << (SIGALRM - 1)), draw(d)};

    arena_store(at, words, sizeof(words));
}

static void action(uint32_t at, struct draw *d)
{
    uint32_t words[5] = {draw_below(d, 2), draw(d) & 0xdc000007, 0, draw(d), 0};

    arena_store(at, words, sizeof(words));
}

static void siginfo(uint32_t at, struct draw *d)
{
    uint32_t words[3] = {SIGURG, 0, draw_once_in(d, 4) ? draw_below(d, 8) : -1u};

    arena_store(at, words, sizeof(words));
}

static void stack(uint32_t at, struct draw *d)
{
    uint32_t words[3] = {other_address(d, 2048), draw_below(d, 3), draw_once_in(d, 4) ? 100 : 8192};

    arena_store(at, words, sizeof(words));
}

static void select(uint32_t at, struct draw *d)
{
    uint32_t words[5] = {64, 0, 0, 0, arena_address(ARENA_ZEROES)};

    for (int i = 1; i < 4; i++)
        words[i] = draw_once_in(d, 3) ? 0 : other_address(d, 8);
    arena_store(at, words, sizeof(words));
}

static void mmap_(uint32_t at, struct draw *d)
{
    uint32_t words[6] = {0,
                         PAGE * (1 + draw_below(d, 3)),
                         draw_below(d, 8),
                         draw_once_in(d, 3) ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS,
                         draw_once_in(d, 2) ? -1 : FD_FILE,
                         draw_once_in(d, 2) ? 0 : PAGE};

    arena_store(at, words, sizeof(words));
}

static void mask(uint32_t at, struct draw *d)
{
    uint32_t words[2] = {draw_once_in(d, 3) ? 0 : other_address(d, 8), draw_once_in(d, 8) ? 4 : 8};

    arena_store(at, words, sizeof(words));
}

static void descriptor(uint32_t at, struct draw *d)
{
    uint32_t words[4] = {-1u, draw(d), draw_below(d, 0x100000), draw_below(d, 128)};

    arena_store(at, words, sizeof(words));
}

static void descriptors(uint32_t at, struct draw *d)
{
    uint32_t words[2] = {draw_once_in(d, 4) ? draw(d) : 0,
                         draw(d) & 0x01ff0000 >> draw_below(d, 4)};

    arena_store(at, words, sizeof(words));
}

static void pollfds(uint32_t at, struct draw *d)
{
    for (unsigned i = 0; i < 8; i++) {
        struct pollfd row = {scalar_fd(d), draw_below(d, 0x400), draw_below(d, 0x100)};
        if (options.portable && (row.fd == FD_MASTER || row.fd == FD_SLAVE))
            row.fd = FD_READER; /* when what is written to a terminal arrives is left open */
        arena_store(at + i * sizeof(row), &row, sizeof(row));
    }
}

static void capabilities(uint32_t at, struct draw *d)
{
    static const uint32_t versions[] = {0x20080522, 0x20080522, 0x20071026, 0x19980330, 0};
    uint32_t words[2] = {draw_of(d, versions), 0};

    arena_store(at, words, sizeof(words));
}

/* Four words, what is sent, room for what is received, and a timeout. */
static void message(uint32_t at, struct draw *d)
{
    uint32_t words[12] = {1,
                          2,
                          3,
                          4,
                          other_address(d, 64),
                          some_length(d),
                          other_address(d, 64),
                          some_length(d),
                          0,
                          draw_once_in(d, 16),
                          draw_once_in(d, 2) ? 1000 : 0,
                          0};

    arena_store(at, words, sizeof(words));
}

static void (*const writers[])(uint32_t at, struct draw *d) = {
    nothing,
#define mmap                       mmap_
#define TYPE(name, size, contents) contents,
#include "user/fuzz/types.def"
#undef TYPE
#undef mmap
};

/* --- strings and vectors --------------------------------------------------------------------- */

static const char *const names[] = {
    "file",
    "link",
    "directory",
    "directory/inner",
    "new",
    "new2",
    "missing",
    "",
    ".",
    "fifo",
    "file/below",
    "loop",
    "directory/new",
    "directory/../file",
    "./link",
    "a-name-that-is-exactly-of-sixty-four-letters-which-is-none-too-long", /* not NAME_MAX */
};
static const char *const outside[] = {"/dev/null", "/dev/zero", "/", "/tmp", "/dev"};

/* Calls that change nothing by a name, so that it may be one of everybody's. */
static bool may_go_outside(unsigned number)
{
    static const uint16_t numbers[] = {
        NR_access, NR_faccessat, NR_stat,     NR_lstat,      NR_stat64, NR_lstat64,
        NR_statx,  NR_readlink,  NR_statfs64, NR_readlinkat, NR_statfs, NR_fstatat64,
    };

    for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (numbers[i] == number)
            return true;
    }
    return false;
}

/* Where a page ends, now and then so that the terminator is behind it. */
static void path(struct attempt *attempt, unsigned argument, struct draw *d)
{
    const char *name = draw_of(d, names);
    uint32_t at = attempt->values[argument], size;

    if (draw_once_in(d, 8) && may_go_outside(attempt->call->number))
        name = draw_of(d, outside);
    size = strlen(name) + 1;
    if (draw_once_in(d, 6))
        at = attempt->values[argument] = (at & -PAGE) + PAGE - size + draw_once_in(d, 4);
    if (draw_once_in(d, 12) && at % PAGE < PAGE / 2)
        return; /* letters up to the page's end, and perhaps beyond */
    for (uint32_t i = 0; i < size; i++) {
        if (!arena_store(at + i, name + i, 1))
            return;
    }
}

static void strings(uint32_t at, struct draw *d)
{
    unsigned count = draw_below(d, 6);

    for (unsigned i = 0; i < count; i++) {
        uint32_t string = other_address(d, 16);
        if (draw_once_in(d, 2))
            arena_store(string, "argument", 9);
        arena_store(at + 4 * i, &string, 4);
    }
    if (!draw_once_in(d, 8))
        arena_store(at + 4 * count, &(uint32_t){0}, 4);
}

static void vector(uint32_t at, uint32_t count, struct draw *d)
{
    for (uint32_t i = 0; i < count && i < 32; i++) {
        uint32_t size = some_length(d), element[2] = {other_address(d, size & 63), size};
        if (draw_once_in(d, 16))
            element[1] = 16 - element[0]; /* wraps */
        arena_store(at + 8 * i, element, sizeof(element));
    }
}

/* Calls that may be in a batch, to its end: what lay there before might be a call too. Of their
 * pointers, those written to lie in one page. */
static void batch(uint32_t at, uint32_t count, struct draw *d)
{
    uint32_t i = 0, out = arena_address(10);

    while (i + 4 <= count && i < 28) {
        const uint32_t read[4] = {NR_read | 3 << 16, FD_ZERO, out + draw_below(d, PAGE - 64), 64};
        const uint32_t write[4] = {NR_write | 3 << 16, FD_NULL, other_address(d, 8), 100};
        const uint32_t few[4] = {NR_getppid, NR_uname | 1 << 16, out + draw_below(d, PAGE / 2),
                                 NR_getuid};
        const uint32_t *calls[] = {read, write, few};
        arena_store(at + 4 * i, draw_of(d, calls), sizeof(read));
        i += 4;
    }
    for (; i < count && i < PAGE / 4; i++)
        arena_store(at + 4 * i, &(uint32_t){draw_once_in(d, 8) ? draw(d) | 0x80000000 : NR_getuid},
                    4);
}

void contents_write(struct attempt *attempt, unsigned argument, struct draw *d)
{
    const struct argument *a = &attempt->call->arguments[argument];
    uint32_t at = attempt->values[argument];

    if (attempt->call->number == NR_postern_batch && argument == 0)
        batch(at, attempt->values[1], d);
    else if (a->kind == KIND_PATH)
        path(attempt, argument, d);
    else if (a->kind == KIND_STRINGS)
        strings(at, d);
    else if (a->kind == KIND_IN_VECTOR || a->kind == KIND_OUT_VECTOR)
        vector(at, attempt->values[a->detail], d);
    else if ((a->kind == KIND_IN || a->kind == KIND_INOUT) && !draw_once_in(d, 8))
        writers[a->detail](at, d);
}
