/* The modelled CPUs of scripts/plugin/tlb/ on page tables made by hand: large and global pages,
 * flushes. */
#include "test/unit/unit.h"

#include "scripts/plugin/tlb/guest.c"
#include "scripts/plugin/tlb/machine.c"
#include "scripts/plugin/tlb/sets.c"

#define MEMORY    (4 * MIB)
#define DIRECTORY MIB
#define TABLE     (MIB + 0x1000)
#define FRAME_A   (MIB + 0x2000)
#define FRAME_B   (MIB + 0x3000)

/* Virtual addresses: two pages of one table, two bytes of one large page. */
#define LOCAL      0x00400000u
#define GLOBAL     0x00401000u
#define LARGE      0xc0000000u
#define LARGE_NEXT 0xc0001000u

static uint8_t physical[MEMORY];

static void write_entry(uint32_t paddr, uint32_t index, uint32_t entry)
{
    memcpy(physical + paddr + index * sizeof(entry), &entry, sizeof(entry));
}

static void make_tables(void)
{
    guest_set_memory(MEMORY);
    guest_locate(MIB, physical + MIB);
    write_entry(DIRECTORY, LOCAL >> LARGE_SHIFT, TABLE | PTE_PRESENT);
    write_entry(DIRECTORY, LARGE >> LARGE_SHIFT, PTE_PRESENT | PTE_LARGE | PTE_GLOBAL);
    write_entry(TABLE, 0, FRAME_A | PTE_PRESENT);
    write_entry(TABLE, 1, FRAME_B | PTE_PRESENT | PTE_GLOBAL);
    guest_write_cr3(DIRECTORY);
}

/* What an access to data adds: misses of the first level * 100 + accesses of walks. */
static unsigned cost(unsigned number, uint32_t address)
{
    uint64_t *count = machines[number]->count;
    unsigned before = count[DTLB_MISSES] * 100 + count[WALK_ACCESSES];

    machines_access(guest_page(address), address);
    return count[DTLB_MISSES] * 100 + count[WALK_ACCESSES] - before;
}

static void forget(void)
{
    guest_write_cr4();
}

static void check_walks(void)
{
    unit_ok(cost(0, LOCAL) == 102, "a walk reads two entries");
    unit_ok(cost(0, LARGE) == 101, "one for a large page");
    unit_ok(cost(0, LARGE_NEXT) == 0, "all of which is one translation");
    forget();
    unit_ok(cost(1, LOCAL) == 102 && cost(1, GLOBAL) == 101, "the PDE cache saves one of them");
    unit_ok(cost(1, LARGE) == 101 && cost(1, LARGE_NEXT) == 101,
            "without a TLB for large pages theirs are translations of 4 KiB");
}

static void check_flushes(void)
{
    forget();
    cost(0, LOCAL), cost(0, GLOBAL), cost(0, LARGE);
    guest_write_cr3(DIRECTORY);
    unit_ok(cost(0, LOCAL) == 102, "a CR3 write drops what is local");
    unit_ok(!cost(0, GLOBAL) && !cost(0, LARGE), "and keeps what is global");
    guest_write_cr4();
    unit_ok(cost(0, GLOBAL) == 102 && cost(0, LARGE) == 101, "a CR4 write drops everything");
    cost(0, LOCAL);
    guest_invlpg();
    unit_ok(!cost(0, LOCAL) && !cost(0, GLOBAL), "INVLPG drops nothing that is still true");
    write_entry(TABLE, 1, FRAME_A | PTE_PRESENT | PTE_GLOBAL);
    guest_invlpg();
    unit_ok(!cost(0, LOCAL) && cost(0, GLOBAL) == 102, "and what is not, global or not");
}

static void check_understanding(void)
{
    unit_ok(!guest_disagreements, "nothing was doubtful so far");
    guest_prove(LOCAL + 4, FRAME_A + 4);
    unit_ok(!guest_disagreements, "a page where QEMU has it");
    guest_prove(LOCAL + 4, FRAME_B + 4);
    unit_ok(guest_disagreements == 1, "one that is elsewhere is counted");
    unit_ok(!guest_page(0x80000000) && guest_disagreements == 2,
            "and so is one that is not mapped");
}

static void check_descriptions(void)
{
    unit_ok(!machine_add("x/itlb:4:4/dtlb:6:2/l1i:512:2:32/l1d:512:2:32"),
            "sets are a power of two");
    unit_ok(!machine_add("x/itlb:4:4/l1i:512:2:32/l1d:512:2:32"), "a TLB for data must be there");
    unit_ok(!machine_add("x/itlb:4:4/dtlb:8:2/utlb:8:2/l1i:512:2:32/l1d:512:2:32"),
            "names must be known");
}

int main(void)
{
    bool made = machine_add("large/itlb:4:4/dtlb:8:2/dtlb-large:2:2/l1i:512:2:32/l1d:512:2:32") &&
                machine_add("small/itlb:4:4/dtlb:8:2/pde-cache:4:4/l1i:512:2:32/l1d:512:2:32");

    printf("KTAP version 1\n");
    unit_ok(made, "two CPUs");
    make_tables();
    check_walks();
    check_flushes();
    check_understanding();
    check_descriptions();
    return unit_end();
}
