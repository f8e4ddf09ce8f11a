/*
 * The 32-bit paging format (SDM 3A 4.3) as small types. A directory entry and a table entry are
 * both a pte_t: they differ in PTE_LARGE alone. Tables are reached through the direct map.
 */
#ifndef ARCH_I386_PAGING_H
#define ARCH_I386_PAGING_H

#include "arch/i386/asm.h"
#include "arch/i386/paging_bits.h"
#include "arch/i386/types.h"
#include "trampoline/layout.h"

#define PTES_PER_TABLE 1024
#define LARGE_PAGE     0x400000

typedef struct {
    uint32_t bits;
} pte_t;

static inline pte_t pte_make(paddr_t frame, uint32_t flags)
{
    return (pte_t){frame.value | flags};
}

static inline paddr_t pte_frame(pte_t entry)
{
    return PADDR(entry.bits & ~PTE_FLAGS);
}

/* True if all of flags are set. */
static inline bool pte_has(pte_t entry, uint32_t flags)
{
    return (entry.bits & flags) == flags;
}

static inline unsigned directory_index(vaddr_t address)
{
    return address >> 22;
}

static inline unsigned table_index(vaddr_t address)
{
    return (address >> PAGE_SHIFT) % PTES_PER_TABLE;
}

/* Physical memory below 896 MiB, where the kernel directory maps it. */
static inline void *direct_map(paddr_t address)
{
    return (char *)KERNEL_BASE + address.value;
}

static inline paddr_t direct_map_paddr(const void *pointer)
{
    return PADDR((vaddr_t)pointer - KERNEL_BASE);
}

static inline pte_t *pte_table(pte_t directory_entry)
{
    return direct_map(pte_frame(directory_entry));
}

/* The page at address as directory maps it: its frame, and the rights of both levels together
 * (SDM 3A 4.6). Without PTE_PRESENT if there is none. */
static inline pte_t page_lookup(const pte_t *directory, vaddr_t address)
{
    pte_t upper = directory[directory_index(address)];

    if (!pte_has(upper, PTE_PRESENT))
        return (pte_t){0};
    if (pte_has(upper, PTE_LARGE))
        return (pte_t){upper.bits + (address % LARGE_PAGE & ~(PAGE_SIZE - 1u))};
    pte_t lower = pte_table(upper)[table_index(address)];
    uint32_t limited = PTE_PRESENT | PTE_WRITABLE | PTE_USER;
    return (pte_t){lower.bits & (upper.bits | ~limited)};
}

/* The kernel directory; boot.S made its first mappings. */
extern pte_t kernel_directory[PTES_PER_TABLE];

#endif
