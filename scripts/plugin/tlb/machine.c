#include "scripts/plugin/tlb/machine.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGE_TAG 0x80000000u /* so that a TLB of both kinds of page tells them apart */

const char *const machine_events[MACHINE_EVENTS] = {
    [ITLB_MISSES] = "itlb-misses",     [DTLB_MISSES] = "dtlb-misses", [TLB2_HITS] = "tlb2-hits",
    [WALK_ACCESSES] = "walk-accesses", [L1I_MISSES] = "l1i-misses",   [L1D_MISSES] = "l1d-misses",
    [L2_MISSES] = "l2-misses",
};

static const struct generations always = {1, 1};

/* --- accesses ------------------------------------------------------------------------------------
 */

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
}

/* The PDE cache holds no large pages (SDM 3A 4.10.3.1). */
static void walk(struct machine *machine, const struct page *page, uint32_t address)
{
    bool large = page_is_large(page);
    bool known =
        !large && machine->pde_cache.ways &&
        sets_touch(&machine->pde_cache, address >> LARGE_SHIFT, 0, &guest_structure_generations);

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

void machine_fetch(struct machine *machine, const struct page *page, uint32_t address)
{
    translate(machine, &machine->instructions, ITLB_MISSES, page, address);
    cache_access(machine, &machine->l1i, L1I_MISSES, page_paddr(page, address));
}

void machine_access(struct machine *machine, const struct page *page, uint32_t address)
{
    translate(machine, &machine->data, DTLB_MISSES, page, address);
    cache_access(machine, &machine->l1d, L1D_MISSES, page_paddr(page, address));
}

/* --- making one ----------------------------------------------------------------------------------
 */

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

/* One STRUCTURE:SIZE:WAYS[:LINE]. */
static bool add_structure(struct machine *machine, const char *text)
{
    char name[16];
    unsigned size, ways, line = 0;
    int found = sscanf(text, "%15[^:]:%u:%u:%u", name, &size, &ways, &line);

    for (unsigned i = 0; i < sizeof(structures) / sizeof(structures[0]); i++) {
        if (found < 3 || strcmp(name, structures[i].name) != 0)
            continue;
        struct sets *sets = (struct sets *)((char *)machine + structures[i].offset);
        if (!structures[i].is_cache)
            return sets_make(sets, size, ways);
        if (found < 4 || line < GUEST_LINE)
            return false;
        machine->line_shift = __builtin_ctz(line);
        return sets_make(sets, size / line, ways);
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

    machine->instructions =
        (struct tlb){{&machine->itlb, shared}, {existing(&machine->itlb_large), shared}};
    machine->data = (struct tlb){
        {&machine->dtlb, shared ? shared : existing(&machine->dtlb2)},
        {existing(&machine->dtlb_large), shared ? shared : existing(&machine->dtlb2_large)}};
}

struct machine *machine_make(const char *text)
{
    struct machine *machine = calloc(1, sizeof(*machine));
    char *copy = strdup(text), *rest = copy;
    bool good = machine && copy;

    if (good)
        snprintf(machine->name, sizeof(machine->name), "%s", strsep(&rest, "/"));
    for (char *part; good && (part = strsep(&rest, "/"));) {
        good = add_structure(machine, part);
        if (!good)
            fprintf(stderr, "tlb: %s: this makes no sense: %s\n", machine->name, part);
    }
    free(copy);
    if (!good || !machine->itlb.ways || !machine->dtlb.ways || !machine->l1i.ways ||
        !machine->l1d.ways) {
        fprintf(stderr, "tlb: itlb, dtlb, l1i and l1d must be there: %s\n", text);
        return NULL;
    }
    connect(machine);
    return machine;
}
