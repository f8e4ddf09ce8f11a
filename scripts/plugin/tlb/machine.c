#include "scripts/plugin/tlb/machine.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGE_TAG 0x80000000u /* so that a TLB of both kinds of page tells them apart */

const char *const machine_events[MACHINE_EVENTS] = {
    [ITLB_MISSES] = "itlb-misses",     [DTLB_MISSES] = "dtlb-misses",
    [TLB2_HITS] = "tlb2-hits",         [WALKS] = "walks",
    [WALK_ACCESSES] = "walk-accesses", [L1I_MISSES] = "l1i-misses",
    [L1D_MISSES] = "l1d-misses",       [L2_MISSES] = "l2-misses",
};

struct machine *machines[MAX_MACHINES];
unsigned nr_machines;

struct recent recent_fetches, recent_accesses;
unsigned recent_shift, recent_slots;

static const struct generations always = {1, 1};

/* --- accesses -------------------------------------------------------------------------------- */

static void cache_access(struct machine *machine, struct sets *first, enum machine_event miss,
                         uint32_t paddr)
{
    uint32_t line = paddr >> machine->line_shift;

    if (!guest_is_cached(paddr) || sets_touch(first, line, 0, &always))
        return;
    machine->count[miss]++;
    if (machine->l2.ways && !sets_touch(&machine->l2, line, 0, &always))
        machine->count[L2_MISSES]++;
}

static void walk_access(struct machine *machine, uint32_t paddr)
{
    machine->count[WALK_ACCESSES]++;
    cache_access(machine, &machine->l1d, L1D_MISSES, paddr);
    *recent_line(&recent_accesses, paddr) = 0; /* no longer the latest of its set */
}

/* The PDE cache holds no large pages (SDM 3A 4.10.3.1). */
static void walk(struct machine *machine, const struct page *page, uint32_t address)
{
    bool large = page_is_large(page);
    bool known =
        !large && machine->pde_cache.ways &&
        sets_touch(&machine->pde_cache, address >> LARGE_SHIFT, 0, &guest_structure_generations);

    machine->count[WALKS]++;
    if (!known)
        walk_access(machine, guest_pde_address(address));
    if (!large)
        walk_access(machine, page->pte_address);
}

static bool level_has(struct tlb *tlb, unsigned level, const struct page *page, uint32_t address)
{
    bool large = page_is_large(page) && tlb->large[level];
    uint32_t tag = large ? address >> LARGE_SHIFT | LARGE_TAG : address >> PAGE_SHIFT;

    return sets_touch(large ? tlb->large[level] : tlb->small[level], tag, page->content,
                      &guest_generations);
}

static void translate(struct machine *machine, struct tlb *tlb, enum machine_event miss,
                      const struct page *page, uint32_t address)
{
    if (level_has(tlb, 0, page, address))
        return;
    machine->count[miss]++;
    if (tlb->small[1] && level_has(tlb, 1, page, address))
        machine->count[TLB2_HITS]++;
    else
        walk(machine, page, address);
}

void recent_forget(void)
{
    memset(&recent_fetches, 0, sizeof(recent_fetches));
    memset(&recent_accesses, 0, sizeof(recent_accesses));
}

/* Walks may change what is recent, so the line is asked for behind all translations. */
void machines_fetch(const struct page *page, uint32_t address)
{
    uint32_t *line = recent_line(&recent_fetches, address);

    for (unsigned i = 0; recent_fetches.page != address >> PAGE_SHIFT && i < nr_machines; i++)
        translate(machines[i], &machines[i]->code, ITLB_MISSES, page, address);
    recent_fetches.page = address >> PAGE_SHIFT;
    for (unsigned i = 0; *line != address / GUEST_LINE && i < nr_machines; i++)
        cache_access(machines[i], &machines[i]->l1i, L1I_MISSES, page_paddr(page, address));
    *line = address / GUEST_LINE;
}

void machines_access(const struct page *page, uint32_t address)
{
    uint32_t *line = recent_line(&recent_accesses, address);

    for (unsigned i = 0; recent_accesses.page != address >> PAGE_SHIFT && i < nr_machines; i++)
        translate(machines[i], &machines[i]->data, DTLB_MISSES, page, address);
    recent_accesses.page = address >> PAGE_SHIFT;
    for (unsigned i = 0; *line != address / GUEST_LINE && i < nr_machines; i++)
        cache_access(machines[i], &machines[i]->l1d, L1D_MISSES, page_paddr(page, address));
    *line = address / GUEST_LINE;
}

/* --- making one ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    size_t offset;
    bool is_cache;
} structures[] = {
    {"itlb", offsetof(struct machine, itlb), false},
    {"itlb-large", offsetof(struct machine, itlb_large), false},
    {"dtlb", offsetof(struct machine, dtlb), false},
    {"dtlb-large", offsetof(struct machine, dtlb_large), false},
    {"dtlb2", offsetof(struct machine, dtlb2), false},
    {"dtlb2-large", offsetof(struct machine, dtlb2_large), false},
    {"stlb", offsetof(struct machine, stlb), false},
    {"pde-cache", offsetof(struct machine, pde_cache), false},
    {"l1i", offsetof(struct machine, l1i), true},
    {"l1d", offsetof(struct machine, l1d), true},
    {"l2", offsetof(struct machine, l2), true},
};

#define NR_STRUCTURES (sizeof(structures) / sizeof(structures[0]))

static struct sets *structure(struct machine *machine, unsigned index)
{
    return (struct sets *)((char *)machine + structures[index].offset);
}

/* One STRUCTURE:SIZE:WAYS[:LINE]. */
static bool add_structure(struct machine *machine, const char *text)
{
    char name[16];
    unsigned size, ways, line = 0;
    int found = sscanf(text, "%15[^:]:%u:%u:%u", name, &size, &ways, &line);

    for (unsigned i = 0; i < NR_STRUCTURES; i++) {
        if (found < 3 || strcmp(name, structures[i].name) != 0)
            continue;
        if (!structures[i].is_cache)
            return sets_make(structure(machine, i), size, ways);
        if (found < 4 || line < GUEST_LINE)
            return false;
        machine->line_shift = __builtin_ctz(line);
        return sets_make(structure(machine, i), size / line, ways);
    }
    return false;
}

static struct sets *existing(struct sets *sets)
{
    return sets->ways ? sets : NULL;
}

static void connect(struct machine *machine)
{
    struct sets *shared = existing(&machine->stlb);

    machine->code =
        (struct tlb){{&machine->itlb, shared}, {existing(&machine->itlb_large), shared}};
    machine->data = (struct tlb){
        {&machine->dtlb, shared ? shared : existing(&machine->dtlb2)},
        {existing(&machine->dtlb_large), shared ? shared : existing(&machine->dtlb2_large)}};
}

/* Everything that text says; false if a part of it makes no sense. */
static bool describe(struct machine *machine, char *text)
{
    snprintf(machine->name, sizeof(machine->name), "%s", strsep(&text, "/"));
    for (char *part; (part = strsep(&text, "/"));) {
        if (!add_structure(machine, part))
            return false;
    }
    return machine->itlb.ways && machine->dtlb.ways && machine->l1i.ways && machine->l1d.ways;
}

static void discard(struct machine *machine)
{
    for (unsigned i = 0; machine && i < NR_STRUCTURES; i++)
        free(structure(machine, i)->entries);
    free(machine);
}

static unsigned index_end(const struct machine *machine, const struct sets *cache)
{
    return machine->line_shift + __builtin_ctz(cache->number);
}

static unsigned lesser(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Two lines of one set must share a slot, so the bits of an address that say which slot are among
 * those that say which set, in every cache. */
static void narrow_recent(const struct machine *machine)
{
    static unsigned end = 32;

    end = lesser(end, index_end(machine, &machine->l1i));
    end = lesser(end, index_end(machine, &machine->l1d));
    if (recent_shift < machine->line_shift)
        recent_shift = machine->line_shift;
    recent_slots = end > recent_shift ? lesser(1u << (end - recent_shift), RECENT_SLOTS) : 1;
}

bool machine_add(const char *text)
{
    struct machine *machine = calloc(1, sizeof(*machine));
    char *copy = strdup(text);
    bool good = machine && copy && nr_machines < MAX_MACHINES && describe(machine, copy);

    free(copy);
    if (!good) {
        fprintf(stderr, "tlb: no CPU is %s\n", text);
        discard(machine);
        return false;
    }
    connect(machine);
    narrow_recent(machine);
    machines[nr_machines++] = machine;
    return true;
}
