#include "user/fuzz/arena.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "user/fuzz/attempt.h"
#include "user/lib/syscall.h"

#define STACK_SIZE (256 * 1024)

enum home { HOLE, RW, READ_ONLY, NONE, FRESH, FROM_FILE, PAST_END };

static const uint8_t homes[ARENA_ALL] = {
    HOLE,     RW,   RW, RW, READ_ONLY, NONE, FRESH, RW, RW, HOLE, RW,   FROM_FILE, FRESH,
    PAST_END, HOLE, RW, RW, RW,        RW,   RW,    RW, RW, RW,   HOLE, RW,        RW,
};

static const struct {
    int rights, protection;
    bool pattern;
} kinds[] = {
    [HOLE] = {0, 0, false},
    [RW] = {ARENA_READ | ARENA_WRITE, PROT_READ | PROT_WRITE, true},
    [READ_ONLY] = {ARENA_READ, PROT_READ, true},
    [NONE] = {0, PROT_NONE, true},
    [FRESH] = {ARENA_READ | ARENA_WRITE, PROT_READ | PROT_WRITE, false},
    [FROM_FILE] = {ARENA_READ | ARENA_WRITE, PROT_READ | PROT_WRITE, false},
    [PAST_END] = {0, PROT_READ | PROT_WRITE, false},
};

static struct {
    uint8_t rights[ARENA_ALL];
    bool hidden[ARENA_ALL]; /* mapped, with contents, but without rights */
    uint8_t model[ARENA_ALL][PAGE];
} arena;

/* The program's first strings, at the end of its stack: no part of the arena, but calls write
 * there. */
static uint8_t first_strings[PAGE];

static uint32_t pattern_word(uint32_t address)
{
    return 0x40404040 | (draw_mix(address) & 0x3f3f3f3f);
}

uint8_t arena_pattern(uint32_t address)
{
    return pattern_word(address & -4u) >> address % 4 * 8;
}

void arena_pattern_page(void *to, uint32_t address)
{
    uint32_t *words = to;

    for (unsigned i = 0; i < PAGE / 4; i++)
        words[i] = pattern_word(address + 4 * i);
}

static void build_page(unsigned page, int file)
{
    int home = homes[page], flags = MAP_PRIVATE | MAP_FIXED;
    void *at = (void *)arena_address(page);

    if (home == HOLE)
        return;
    if (home == FROM_FILE || home == PAST_END) {
        mmap(at, PAGE, PROT_READ | PROT_WRITE, flags, file, home == PAST_END ? 64 * PAGE : 0);
        return;
    }
    mmap(at, PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (kinds[home].pattern)
        arena_pattern_page(at, arena_address(page));
    mprotect(at, PAGE, kinds[home].protection);
}

void arena_build(int file)
{
    mmap((void *)(ARENA_STACK_END - STACK_SIZE), STACK_SIZE, PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (!options.portable)
        memcpy(first_strings, (void *)(USER_LIMIT - PAGE), PAGE);
    for (unsigned page = 0; page < ARENA_ALL; page++) {
        build_page(page, file);
        arena.rights[page] = kinds[homes[page]].rights;
        arena.hidden[page] = homes[page] == NONE;
        if (homes[page] == FROM_FILE)
            memcpy(arena.model[page], (void *)arena_address(page), PAGE);
        else if (homes[page] == NONE)
            arena_pattern_page(arena.model[page], arena_address(page));
        else if (kinds[homes[page]].pattern)
            memcpy(arena.model[page], (void *)arena_address(page), PAGE);
    }
}

void arena_restore_strings(uint32_t address, uint32_t size)
{
    if (!options.portable && address < USER_LIMIT && (uint64_t)address + size > USER_LIMIT - PAGE)
        memcpy((void *)(USER_LIMIT - PAGE), first_strings, PAGE);
}

void arena_run(void (*body)(const void *argument), const void *argument)
{
    __asm__ volatile("movl %0, %%esp\n\tpushl %1\n\tcall *%2"
                     :
                     : "r"(ARENA_STACK_END - 2 * PAGE - 12), "r"(argument), "r"(body)
                     : "memory");
    __builtin_unreachable();
}

uint32_t arena_address(unsigned page)
{
    return page < ARENA_PAGES ? ARENA_BASE + page * PAGE
                              : ARENA_STACK_END - (ARENA_ALL - page) * PAGE;
}

/* The number of the page that address is in, or -1. */
static int page_of(uint32_t address)
{
    if (address - ARENA_BASE < ARENA_PAGES * PAGE)
        return (address - ARENA_BASE) / PAGE;
    if (address - arena_address(ARENA_PAGES) < 2 * PAGE)
        return ARENA_PAGES + (address - arena_address(ARENA_PAGES)) / PAGE;
    return -1;
}

bool arena_has(uint32_t address)
{
    return page_of(address) >= 0;
}

/* Outside of the arena the generators point to the program's own text and data, to be read, and to
 * the end of its stack. */
static int rights_at(uint32_t address)
{
    extern char __executable_start[], end[];
    int page = page_of(address);

    if (page >= 0)
        return arena.rights[page];
    if (!options.portable && address - (USER_LIMIT - PAGE) < PAGE)
        return ARENA_READ | ARENA_WRITE; /* the first strings */
    return address >= (uint32_t)__executable_start && address < (uint32_t)end ? ARENA_READ : 0;
}

uint32_t arena_reach(uint32_t address, uint32_t size, int right)
{
    uint32_t reach = 0;

    while (reach < size && (rights_at(address + reach) & right))
        reach += PAGE - (address + reach) % PAGE;
    return reach < size ? reach : size;
}

int arena_rights(unsigned page)
{
    return arena.rights[page];
}

void arena_set_rights(unsigned page, int rights)
{
    arena.rights[page] = rights;
}

uint8_t *arena_model(uint32_t address)
{
    int page = page_of(address);

    return page < 0 ? NULL : &arena.model[page][address % PAGE];
}

bool arena_store(uint32_t address, const void *bytes, uint32_t size)
{
    if (!arena_has(address) || arena_reach(address, size, ARENA_WRITE) < size)
        return false;
    memcpy((void *)address, bytes, size);
    arena_accept(address, size);
    return true;
}

void arena_accept(uint32_t address, uint32_t size)
{
    while (size) {
        uint32_t part = PAGE - address % PAGE;
        int page = page_of(address);
        if (part > size)
            part = size;
        if (page >= 0 && (arena.rights[page] & ARENA_READ))
            memcpy(&arena.model[page][address % PAGE], (void *)address, part);
        address += part;
        size -= part;
    }
}

/* Eight words with one branch: here goes most of the fuzzer's own time. */
static bool lines_equal(const uint32_t *a, const uint32_t *b)
{
    return !((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) | (a[4] ^ b[4]) |
             (a[5] ^ b[5]) | (a[6] ^ b[6]) | (a[7] ^ b[7]));
}

static uint32_t first_difference(uint32_t address, const uint8_t *model, uint32_t size)
{
    const uint8_t *bytes = (const uint8_t *)address;
    uint32_t i = 0;

    while (i + 32 <= size &&
           lines_equal((const uint32_t *)(bytes + i), (const uint32_t *)(model + i)))
        i += 32;
    while (i < size && bytes[i] == model[i])
        i++;
    return i < size ? address + i : 0;
}

uint32_t arena_differs(uint32_t start, uint32_t end)
{
    while (start < end) {
        uint32_t part = PAGE - start % PAGE, differs = 0;
        int page = page_of(start);
        if (part > end - start)
            part = end - start;
        if (page >= 0 && (arena.rights[page] & ARENA_READ))
            differs = first_difference(start, &arena.model[page][start % PAGE], part);
        if (differs)
            return differs;
        start += part;
    }
    return 0;
}

uint32_t arena_differs_anywhere(void)
{
    uint32_t differs = arena_differs(ARENA_BASE, ARENA_BASE + ARENA_PAGES * PAGE);

    return differs ? differs : arena_differs(arena_address(ARENA_PAGES), ARENA_STACK_END);
}

void arena_open(void)
{
    for (unsigned page = 0; page < ARENA_PAGES; page++) {
        if (arena.hidden[page] && !syscall_raw(NR_mprotect, arena_address(page), PAGE, PROT_READ))
            arena.rights[page] = ARENA_READ;
    }
}
