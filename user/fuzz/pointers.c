/* Addresses of every kind that a kernel must tell apart. */
#include "user/fuzz/attempt.h"

#include "trampoline/layout.h"

/* What most objects fit in; without a size of its own, an argument gets room for this. */
#define SOME_SIZE 64

static uint32_t known_size(uint32_t size)
{
    return size && size <= 3 * PAGE ? size : SOME_SIZE;
}

static uint32_t within_page(unsigned page, uint32_t size, struct draw *d)
{
    uint32_t room = size < PAGE ? PAGE - size : 1;

    return arena_address(page) + draw_below(d, room);
}

static const uint8_t writable_pages[] = {1, 1, 2, 2, 3, 7, 8, 10, ARENA_STACK};

static uint32_t valid(uint32_t size, struct draw *d)
{
    if (size > PAGE)
        return arena_address(ARENA_RW) + draw_below(d, 3 * PAGE - size + 1);
    return within_page(draw_of(d, writable_pages), size, d) & -16;
}

static uint32_t unaligned(uint32_t size, struct draw *d)
{
    return valid(size < PAGE ? size + 3 : SOME_SIZE, d) + 1 + draw_below(d, 3);
}

static uint32_t on_stack(uint32_t size, struct draw *d)
{
    return within_page(ARENA_STACK, size, d);
}

/* A string of the program's, or its code. */
static uint32_t text(uint32_t size, struct draw *d)
{
    extern char __executable_start[];

    (void)size;
    return (uint32_t)__executable_start + draw_below(d, PAGE);
}

static uint32_t read_only(uint32_t size, struct draw *d)
{
    return within_page(4, size, d);
}

static uint32_t none(uint32_t size, struct draw *d)
{
    return within_page(5, size, d);
}

static uint32_t hole(uint32_t size, struct draw *d)
{
    static const uint8_t pages[] = {0, 9, 14, 23};

    return within_page(draw_of(d, pages), size, d);
}

static uint32_t fresh(uint32_t size, struct draw *d)
{
    static const uint8_t pages[] = {ARENA_ZEROES, 12};

    return within_page(draw_of(d, pages), size, d);
}

static uint32_t file(uint32_t size, struct draw *d)
{
    return within_page(11, size, d);
}

static uint32_t past_end(uint32_t size, struct draw *d)
{
    return within_page(13, size, d);
}

static uint32_t churn(uint32_t size, struct draw *d)
{
    return arena_address(ARENA_CHURN) +
           draw_below(d, (ARENA_CHURN_END - ARENA_CHURN) * PAGE - size);
}

/* Across a border of two pages, anywhere in the arena. */
static uint32_t straddle(uint32_t size, struct draw *d)
{
    uint32_t before = 1 + draw_below(d, size > 1 ? size - 1 : 1);

    return arena_address(1 + draw_below(d, ARENA_PAGES - 1)) - before;
}

static uint32_t page_end(uint32_t size, struct draw *d)
{
    static const uint8_t pages[] = {1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 13, 23};

    return arena_address(draw_of(d, pages)) - size;
}

/* Nothing but strings of the environment lies that close to it. */
static uint32_t end_of_user(uint32_t size, struct draw *d)
{
    return USER_LIMIT - draw_below(d, (size < 32 ? size : 32) + 16);
}

static uint32_t kernel(uint32_t size, struct draw *d)
{
    static const uint32_t starts[] = {0xc0000000, 0xc0100000, 0xc0200000, 0xd0000000,
                                      0xf8000000, 0xff800000, 0xffbff000, 0xcffff000};

    (void)size;
    return draw_of(d, starts) + draw_below(d, 2 * PAGE);
}

static uint32_t gate(uint32_t size, struct draw *d)
{
    static const uint32_t pages[] = {GATE_TEXT, GATE_IDT, GATE_CPU(0), GATE_REGION, GATE_SLOTS};

    (void)size;
    return draw_of(d, pages) + draw_below(d, PAGE);
}

static uint32_t vdso(uint32_t size, struct draw *d)
{
    (void)size;
    return GATE_VDSO + draw_below(d, PAGE);
}

static uint32_t null(uint32_t size, struct draw *d)
{
    (void)size, (void)d;
    return 0;
}

static uint32_t low(uint32_t size, struct draw *d)
{
    (void)size;
    return 1 + draw_below(d, PAGE - 1);
}

/* The last bytes that there are; most objects wrap round to 0 from there. */
static uint32_t wraps(uint32_t size, struct draw *d)
{
    return -1 - draw_below(d, size);
}

static const struct class
{
    const char *name;
    uint32_t (*draw)(uint32_t size, struct draw *d);
    uint8_t weight;
    bool postern; /* means nothing on another kernel, whose own things may be there */
} classes[] = {
    {"valid", valid, 90, false},
    {"unaligned", unaligned, 24, false},
    {"on the stack", on_stack, 6, false},
    {"text", text, 4, false},
    {"read-only", read_only, 12, false},
    {"PROT_NONE", none, 6, false},
    {"a hole", hole, 10, false},
    {"never touched", fresh, 10, false},
    {"a file's page", file, 6, false},
    {"behind a file's end", past_end, 4, false},
    {"churned", churn, 24, false},
    {"straddling", straddle, 30, false},
    {"at a page's end", page_end, 16, false},
    {"null", null, 8, false},
    {"the null page", low, 4, false},
    {"the end of user space", end_of_user, 8, true},
    {"kernel", kernel, 8, true},
    {"gate region", gate, 6, true},
    {"vDSO", vdso, 3, true},
    {"wrapping", wraps, 6, true},
};

#define NR_CLASSES (sizeof(classes) / sizeof(classes[0]))

static const struct class *draw_class(struct draw *d)
{
    unsigned sum = 0, i = 0;

    for (unsigned j = 0; j < NR_CLASSES; j++)
        sum += classes[j].weight;
    unsigned at = draw_below(d, sum);
    while (at >= classes[i].weight)
        at -= classes[i++].weight;
    return options.portable && classes[i].postern ? &classes[draw_below(d, 8)] : &classes[i];
}

/* Over another pointer of the same call, or close to it. */
static uint32_t alias(struct attempt *attempt, unsigned argument, struct draw *d)
{
    unsigned other = draw_below(d, 6);

    if (other == argument || !attempt->classes[other])
        return 0;
    return attempt->values[other] + draw_below(d, 9) - 4;
}

uint32_t pointer_draw(struct attempt *attempt, unsigned argument, uint32_t size, struct draw *d)
{
    const struct class *class = draw_class(d);
    uint32_t address = draw_once_in(d, 24) ? alias(attempt, argument, d) : 0;

    attempt->classes[argument] = address ? "aliasing" : class->name;
    return address ? address : class->draw(known_size(size), d);
}
