/*
 * A modelled CPU: TLBs, the cache of page directory entries, caches, and what it has counted.
 * Geometries are scripts/study/cpus.ini's.
 */
#ifndef SCRIPTS_PLUGIN_TLB_MACHINE_H
#define SCRIPTS_PLUGIN_TLB_MACHINE_H

#include <stdint.h>

#include "scripts/plugin/tlb/guest.h"
#include "scripts/plugin/tlb/sets.h"

/* What is counted; the names are in machine_events. */
enum machine_event {
    ITLB_MISSES, /* of the first level */
    DTLB_MISSES,
    TLB2_HITS,     /* how many of both the second level answered */
    WALKS,         /* the others */
    WALK_ACCESSES, /* page directory and page table entries that walks read */
    L1I_MISSES,
    L1D_MISSES, /* walks' among them: the tables are cached as data */
    L2_MISSES,
    MACHINE_EVENTS,
};

extern const char *const machine_events[MACHINE_EVENTS];

/* The TLBs of one kind of access. Where a level has none for large pages, a large page takes the
 * entries of the small pages in it. */
struct tlb {
    struct sets *small[2], *large[2]; /* by level */
};

struct machine {
    char name[32];
    struct sets itlb, itlb_large, dtlb, dtlb_large, dtlb2, dtlb2_large, stlb, pde_cache;
    struct sets l1i, l1d, l2;
    unsigned line_shift;
    struct tlb code, data;
    uint64_t count[MACHINE_EVENTS];
};

#define MAX_MACHINES 16

extern struct machine *machines[MAX_MACHINES];
extern unsigned nr_machines;

/*
 * Adds the CPU that text describes: NAME/STRUCTURE:ENTRIES:WAYS/... for the TLBs, and
 * STRUCTURE:BYTES:WAYS:LINE for caches. False after a message on stderr if it makes no sense.
 */
bool machine_add(const char *text);

/*
 * The latest page and lines of one kind of access. What they name is the most recently used of its
 * set in every machine's TLB and first-level cache, so that another access to it changes nothing.
 * Of lines that share a set anywhere, only the latest is here: they share a slot.
 */
#define RECENT_SLOTS 64

struct recent {
    uint32_t page, lines[RECENT_SLOTS]; /* numbers; 0: none, since nothing is mapped there */
};

extern struct recent recent_fetches, recent_accesses;
extern unsigned recent_shift,
    recent_slots; /* slot of an address; from all the caches' geometries */

static inline uint32_t *recent_line(struct recent *recent, uint32_t address)
{
    return &recent->lines[address >> recent_shift & (recent_slots - 1)];
}

static inline bool recent_has(struct recent *recent, uint32_t address)
{
    return recent->page == address >> PAGE_SHIFT &&
           *recent_line(recent, address) == address / GUEST_LINE;
}

/* Whenever translations may change, and where every page is to be looked up again. */
void recent_forget(void);

/* An access of either kind to a byte of page, by all: its translation, then its cache line. */
void machines_fetch(const struct page *page, uint32_t address);
void machines_access(const struct page *page, uint32_t address);

#endif
