#include "kernel/exposure.h"

#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "mm/space.h"
#include "trampoline/gate.h"

#define ALL_PAGES (1u << 20)

static bool has_table(const pte_t *directory, uint32_t page)
{
    return pte_has(directory[page / PTES_PER_TABLE], PTE_PRESENT);
}

static uint32_t last_of_table(uint32_t page)
{
    return page | (PTES_PER_TABLE - 1);
}

struct exposure_walk exposure_begin(const pte_t *directory)
{
    return (struct exposure_walk){.directory = directory, .page = 0};
}

static const char *page_name(vaddr_t address)
{
    vaddr_t page;
    pte_t entry;
    const char *what;

    for (unsigned i = 0; gate_page(i, &page, &entry, &what); i++) {
        if (page == address)
            return what;
    }
    if (address == LOCAL_APIC)
        return "local APIC";
    if (address >= KSTACK_AREA && address < KSTACK_AREA_LIMIT)
        return "kernel stacks";
    return address >= KERNEL_BASE && address < DIRECT_MAP_LIMIT ? "kernel" : "unknown";
}

static uint32_t row_flags(uint32_t bits)
{
    return (bits & PTE_WRITABLE ? EXPOSURE_WRITABLE : 0) |
           (bits & PTE_GLOBAL ? EXPOSURE_GLOBAL : 0);
}

bool exposure_next(struct exposure_walk *walk, struct postern_exposure *row)
{
    bool open = false;

    for (; walk->page < ALL_PAGES; walk->page++) {
        if (!open && !has_table(walk->directory, walk->page)) {
            walk->page = last_of_table(walk->page);
            continue;
        }
        vaddr_t address = walk->page << PAGE_SHIFT;
        uint32_t bits = page_lookup(walk->directory, address).bits;
        bool exposed = (bits & PTE_PRESENT) && !(bits & PTE_USER);
        if (open &&
            (!exposed || row_flags(bits) != row->flags || strcmp(page_name(address), row->what)))
            return true;
        if (!exposed)
            continue;
        if (!open) {
            *row = (struct postern_exposure){.start = address, .flags = row_flags(bits)};
            strlcpy(row->what, page_name(address), sizeof(row->what));
            open = true;
        }
        row->end = address + PAGE_SIZE;
    }
    return open;
}

static bool is_gate_page(vaddr_t address)
{
    vaddr_t page;
    pte_t entry;
    const char *what;

    for (unsigned i = 0; gate_page(i, &page, &entry, &what); i++) {
        if (page == address)
            return address != GATE_VDSO;
    }
    return false;
}

static uint32_t count_pages(const pte_t *directory, bool gate_only)
{
    uint32_t pages = 0;

    for (uint32_t page = 0; page < ALL_PAGES; page++) {
        if (!has_table(directory, page)) {
            page = last_of_table(page);
            continue;
        }
        vaddr_t address = page << PAGE_SHIFT;
        pte_t entry = page_lookup(directory, address);
        if (!pte_has(entry, PTE_PRESENT) || pte_has(entry, PTE_USER))
            continue;
        if (gate_only && !is_gate_page(address))
            panic("exposure: split maps %08x, which is not a page of the gate", address);
        if (address >= GATE_REGION && !is_gate_page(address))
            panic("exposure: unknown page %08x in the gate region", address);
        pages++;
    }
    return pages;
}

void exposure_check(void)
{
    uint32_t pages[2];

    for (unsigned isolation = 0; isolation < 2; isolation++) {
        struct space *space = space_create(isolation, COPY_WALK);
        if (!space)
            panic("no memory for the exposure check");
        pages[isolation] = count_pages(space->directory, isolation == ISOLATION_SPLIT);
        space_put(space);
    }
    if (pages[ISOLATION_SPLIT] != NR_CPUS + 2)
        panic("exposure: split maps %u supervisor pages, not %u", pages[ISOLATION_SPLIT],
              NR_CPUS + 2);
    printk(LOG_INFO, "postern: exposure: split %u pages (%u KiB), shared %u pages (%u KiB)\n",
           pages[ISOLATION_SPLIT], pages[ISOLATION_SPLIT] * 4, pages[ISOLATION_SHARED],
           pages[ISOLATION_SHARED] * 4);
}
