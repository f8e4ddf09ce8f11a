#include "kernel/protection.h"

#include "arch/i386/memory.h"
#include "kernel/panic.h"
#include "mm/space.h"

static void check_page(const char *directory, vaddr_t address, pte_t page)
{
    bool sealed = memory_is_sealed(pte_frame(page));

    if (sealed && pte_has(page, PTE_WRITABLE))
        panic("protection: the %s directory maps a sealed page writable at %08x", directory,
              address);
    if (pte_has(page, PTE_USER) && (address != GATE_VDSO || pte_has(page, PTE_WRITABLE)))
        panic("protection: the %s directory opens %08x to user mode", directory, address);
}

static void check_directory(const char *name, const pte_t *directory)
{
    static const vaddr_t sealed[] = {GATE_IDT, GATE_TEXT, GATE_VDSO};

    for (unsigned i = 0; i < PTES_PER_TABLE; i++) {
        if (!pte_has(directory[i], PTE_PRESENT))
            continue;
        for (unsigned j = 0; j < PTES_PER_TABLE; j++) {
            vaddr_t address = i * LARGE_PAGE + j * PAGE_SIZE;
            pte_t page = page_lookup(directory, address);
            if (pte_has(page, PTE_PRESENT))
                check_page(name, address, page);
        }
    }
    for (unsigned i = 0; i < ARRAY_SIZE(sealed); i++) {
        if (!memory_is_sealed(pte_frame(page_lookup(directory, sealed[i]))))
            panic("protection: the %s directory maps something else at %08x", name, sealed[i]);
    }
}

void protection_check(void)
{
    static const char *const names[] = {"split", "shared"};

    check_directory("kernel", kernel_directory);
    for (unsigned isolation = 0; isolation < 2; isolation++) {
        struct space *space = space_create(isolation, COPY_WALK);
        if (!space)
            panic("no memory for the protection check");
        check_directory(names[isolation], space->directory);
        space_put(space);
    }
}
