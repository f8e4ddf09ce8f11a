#include "scripts/plugin/tlb/guest.h"

#include <stddef.h>
#include <string.h>

#define MIB         (1u << 20)
#define FRAME       0xfffff000u
#define LARGE_FRAME 0xffc00000u
#define VIDEO_START 0xa0000u /* to 1 MiB: the adapters' memory */

struct generations guest_generations = {1, 1};
struct generations guest_structure_generations = {1, 1};
uint64_t guest_cr3_writes, guest_unknown_cr3, guest_disagreements;

static uint8_t *memory; /* physical address 0 in QEMU's memory; NULL: not known yet */
static uint32_t memory_size;
static uint32_t cr3, saved_cr3;

static struct page pages[1u << (32 - PAGE_SHIFT)];
static uint32_t epoch = 1;
static bool fresh;

/* --- memory ---------------------------------------------------------------------------------- */

void guest_set_memory(uint32_t bytes)
{
    memory_size = bytes;
}

uint32_t guest_locate(uint32_t vaddr, const void *host)
{
    /* below 1 MiB lies the BIOS, of which QEMU has copies elsewhere */
    if (!memory && vaddr >= MIB && vaddr < memory_size)
        memory = (uint8_t *)host - vaddr;
    return memory ? (const uint8_t *)host - memory : 0;
}

bool guest_is_paged(void)
{
    return memory && cr3;
}

bool guest_is_cached(uint32_t paddr)
{
    return paddr < VIDEO_START || (paddr >= MIB && paddr < memory_size);
}

static uint32_t read_physical(uint32_t paddr)
{
    uint32_t word = 0;

    if (paddr <= memory_size - sizeof(word))
        memcpy(&word, memory + paddr, sizeof(word));
    return word;
}

/* --- counting pages -------------------------------------------------------------------------- */

/* When a page was last counted: in which stretch, and in which operation's first one. */
static struct {
    uint32_t stretch, first_stretch;
} counted[1u << (32 - PAGE_SHIFT)];

static struct {
    uint32_t first, present; /* stretches */
    uint64_t before, in_first, in_present, in_both;
} stretches = {.first = 1, .present = 1};

static void count_page(uint32_t number)
{
    if (counted[number].stretch == stretches.present)
        return;
    counted[number].stretch = stretches.present;
    stretches.in_present++;
    if (stretches.present == stretches.first)
        counted[number].first_stretch = stretches.first;
    else if (counted[number].first_stretch == stretches.first)
        stretches.in_both++;
}

static void begin_stretch(void)
{
    if (stretches.present == stretches.first)
        stretches.in_first = stretches.in_present;
    stretches.before += stretches.in_present;
    stretches.in_present = stretches.in_both = 0;
    stretches.present++;
    epoch++;
}

void guest_begin_pages(void)
{
    begin_stretch();
    stretches.first = stretches.present;
    stretches.before = stretches.in_first = 0;
}

struct page_counts guest_pages_since_begin(void)
{
    uint64_t all = stretches.before + stretches.in_present;

    return (struct page_counts){
        .pages = all - stretches.in_both,
        .after_cr3 = stretches.present == stretches.first ? 0 : all - stretches.in_first,
    };
}

/* --- page tables ----------------------------------------------------------------------------- */

uint32_t guest_pde_address(uint32_t address)
{
    return (cr3 & FRAME) + (address >> LARGE_SHIFT) * sizeof(uint32_t);
}

/* Reads the page tables as the CPU would; false where nothing is mapped. */
static bool look_up(uint32_t address, struct page *page)
{
    uint32_t pde = read_physical(guest_pde_address(address));
    uint32_t index = address >> PAGE_SHIFT & 0x3ff;

    if (!(pde & PTE_PRESENT))
        return false;
    if (pde & PTE_LARGE) {
        page->content = pde & (LARGE_FRAME | PTE_USER | PTE_LARGE | PTE_GLOBAL);
        return true;
    }
    page->pte_address = (pde & FRAME) + index * sizeof(uint32_t);
    uint32_t pte = read_physical(page->pte_address);
    page->content = pte & (FRAME | (pde & PTE_USER) | PTE_GLOBAL);
    return pte & PTE_PRESENT;
}

uint32_t guest_read(uint32_t vaddr)
{
    struct page page;

    return look_up(vaddr, &page) ? read_physical(page_paddr(&page, vaddr)) : 0;
}

const struct page *guest_page(uint32_t address)
{
    uint32_t number = address >> PAGE_SHIFT;
    struct page *page = &pages[number];

    if (page->epoch == epoch)
        return page;
    if (!look_up(address, page)) {
        guest_disagreements++;
        return NULL;
    }
    page->epoch = epoch;
    fresh = true;
    count_page(page_is_large(page) ? number & ~0x3ffu : number);
    return page;
}

bool guest_wants_proof(void)
{
    bool wanted = fresh;

    fresh = false;
    return wanted;
}

void guest_prove(uint32_t address, uint32_t paddr)
{
    const struct page *page = guest_page(address);

    guest_disagreements += page && page_paddr(page, address) != paddr;
}

/* --- flushes --------------------------------------------------------------------------------- */

/* All but global entries (SDM 3A 4.10.4.1). */
static void flush_local(void)
{
    guest_generations.local++;
    guest_structure_generations.local++;
    guest_cr3_writes++;
    begin_stretch();
}

void guest_write_cr3(uint32_t value)
{
    cr3 = value;
    flush_local();
}

void guest_save_cr3(void)
{
    saved_cr3 = cr3;
}

void guest_restore_cr3(void)
{
    guest_unknown_cr3 += !saved_cr3;
    guest_write_cr3(saved_cr3);
}

/* Everything, global or not: kernels write CR4 to toggle PGE. */
void guest_write_cr4(void)
{
    guest_generations.local++;
    guest_generations.global++;
    guest_structure_generations.local++;
    epoch++;
}

/* Which page it names no plugin can read. Page tables have changed: an entry that no longer says
 * what they say is no hit (sets_touch). All paging-structure caches are flushed (SDM 3A 4.10.4.1).
 */
void guest_invlpg(void)
{
    guest_structure_generations.local++;
    epoch++;
}
