/*
 * The guest's page tables, read where they are: in QEMU's own memory, at each first use of a page
 * between two flushes. So what is global or large in which directory is never configured.
 */
#ifndef SCRIPTS_PLUGIN_TLB_GUEST_H
#define SCRIPTS_PLUGIN_TLB_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "scripts/plugin/tlb/sets.h"

#define PAGE_SHIFT  12
#define LARGE_SHIFT 22
#define GUEST_LINE  32 /* bytes; the smallest cache line of any CPU that is modelled */

#define PTE_PRESENT 0x001
#define PTE_USER    0x004
#define PTE_LARGE   0x080
#define PTE_GLOBAL  ENTRY_GLOBAL

/* A page of the present address space. */
struct page {
    uint32_t epoch;       /* what follows is true in this epoch only */
    uint32_t content;     /* frame, PTE_USER, PTE_LARGE and PTE_GLOBAL: what a TLB entry holds */
    uint32_t pte_address; /* physical; not of a large page */
};

/* How many pages, a large one being one, were touched; see guest_pages_since_begin(). */
struct page_counts {
    uint64_t pages, after_cr3;
};

extern struct generations guest_generations;           /* of TLB entries */
extern struct generations guest_structure_generations; /* of the PDE caches */
extern uint64_t guest_cr3_writes;

/* What was not understood; the model is right only while both are 0. */
extern uint64_t guest_unknown_cr3;   /* CR3 writes whose value could not be told */
extern uint64_t guest_disagreements; /* pages that QEMU translated otherwise */

void guest_set_memory(uint32_t bytes);

/* Tells where QEMU has an instruction that lies at vaddr. Before paging that says where it has
 * physical memory. Returns the physical address. */
uint32_t guest_locate(uint32_t vaddr, const void *host);

/* True once page tables are known. */
bool guest_is_paged(void);

/* False of a device's memory, which no cache holds. */
bool guest_is_cached(uint32_t paddr);

/* The word at a virtual address; 0 if nothing is mapped there. Counts nothing. */
uint32_t guest_read(uint32_t vaddr);

/* The page of address, or NULL if nothing is mapped there. */
const struct page *guest_page(uint32_t address);

/* True once after a page was looked up in the page tables: then its caller says where QEMU has it.
 */
bool guest_wants_proof(void);
void guest_prove(uint32_t address, uint32_t paddr);

static inline bool page_is_large(const struct page *page)
{
    return page->content & PTE_LARGE;
}

static inline uint32_t page_paddr(const struct page *page, uint32_t address)
{
    uint32_t offset = page_is_large(page) ? (1u << LARGE_SHIFT) - 1 : (1u << PAGE_SHIFT) - 1;

    return (page->content & ~offset) | (address & offset);
}

uint32_t guest_pde_address(uint32_t address);

/* What the guest does to its TLB. A value that comes from a register is taken for the one that was
 * read last: around an interrupt in the gate page, or to flush. guest_prove() would find another.
 */
void guest_write_cr3(uint32_t value);
void guest_save_cr3(void);
void guest_restore_cr3(void);
void guest_write_cr4(void);
void guest_invlpg(void);

/*
 * Pages touched since guest_begin_pages(): the sum, over the stretches between CR3 writes, of the
 * different pages in each. pages takes what came before the first write and what came after the
 * last for one stretch, as if the same went on in a circle; after_cr3 leaves out what came before
 * the first.
 */
void guest_begin_pages(void);
struct page_counts guest_pages_since_begin(void);

#endif
