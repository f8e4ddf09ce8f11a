#include "arch/i386/memory.h"

#include "arch/i386/cpu.h"
#include "arch/i386/paging.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "mm/frame.h"

#define DIRECT_MAP_SIZE (DIRECT_MAP_LIMIT - KERNEL_BASE)
#define LOW_MEMORY      0x100000 /* BIOS data, boot loader, video: left alone */

extern const uint8_t kernel_start[], kernel_text_end[], kernel_rodata_end[], kernel_sealed_end[],
    kernel_end[];

pte_t memory_shared_entries[KERNEL_TABLES];

/* The first address behind the kernel and its modules, from which tables are taken one by one. */
static uint32_t early_next;

struct range {
    uint32_t start, end;
};

/* What of a region can be mapped: below 896 MiB and above 1 MiB; end 0 if nothing. */
static struct range reachable_part(const struct boot_region *region)
{
    uint64_t start = MAX(region->start, (uint64_t)LOW_MEMORY);
    uint64_t end = MIN(region->end, (uint64_t)DIRECT_MAP_SIZE);

    if (start >= end)
        return (struct range){0, 0};
    return (struct range){start, end};
}

static struct range usable_part(const struct boot_region *region)
{
    return region->usable ? reachable_part(region) : (struct range){0, 0};
}

static uint32_t memory_limit(const struct boot_info *boot)
{
    uint32_t limit = 0;
    uint64_t beyond = 0;

    for (unsigned i = 0; i < boot->nr_regions; i++) {
        const struct boot_region *region = &boot->regions[i];
        limit = MAX(limit, usable_part(region).end);
        if (region->usable && region->end > DIRECT_MAP_SIZE)
            beyond += region->end - MAX(region->start, (uint64_t)DIRECT_MAP_SIZE);
    }
    if (beyond)
        printk(LOG_NOTICE, "postern: %u MiB of memory beyond 896 MiB are left unused\n",
               (uint32_t)(beyond >> 20));
    return limit;
}

/* Zeroed pages before there is an allocator: behind the kernel, in memory that boot.S has mapped.
 */
static void *early_alloc(size_t size)
{
    uint32_t start = early_next;

    early_next += ROUND_UP(size, PAGE_SIZE);
    if (early_next > BOOT_MAPPED)
        panic("the kernel and its modules leave no room below %u MiB for its tables",
              BOOT_MAPPED >> 20);
    return memset(direct_map(PADDR(start)), 0, early_next - start);
}

static void map_directly(uint32_t limit)
{
    for (uint32_t address = BOOT_MAPPED; address < limit; address += LARGE_PAGE) {
        pte_t *upper = &kernel_directory[directory_index(KERNEL_BASE + address)];
        uint32_t flags = PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED | PTE_DIRTY;
        if (cpu.pse) {
            *upper = pte_make(PADDR(address), flags | PTE_LARGE);
            continue;
        }
        pte_t *table = early_alloc(PAGE_SIZE);
        for (unsigned i = 0; i < PTES_PER_TABLE; i++)
            table[i] = pte_make(PADDR(address + i * PAGE_SIZE), flags);
        *upper = pte_make(direct_map_paddr(table), PTE_PRESENT | PTE_WRITABLE);
    }
}

/* So that a shared directory, which copies the entries once, sees every stack made later. */
static void make_stack_tables(void)
{
    for (vaddr_t address = KSTACK_AREA; address < KSTACK_AREA_LIMIT; address += LARGE_PAGE)
        kernel_directory[directory_index(address)] =
            pte_make(direct_map_paddr(early_alloc(PAGE_SIZE)), PTE_PRESENT | PTE_WRITABLE);
}

/* Frees [start, end) but for the ranges that are in use, by cutting around one after another. */
static void add_free(struct range free, const struct range *used, unsigned nr_used)
{
    for (unsigned i = 0; i < nr_used; i++) {
        if (used[i].end <= free.start || used[i].start >= free.end)
            continue;
        if (free.start < used[i].start)
            add_free((struct range){free.start, used[i].start}, used + i + 1, nr_used - i - 1);
        free.start = MAX(free.start, ROUND_UP(used[i].end, PAGE_SIZE));
        if (free.start >= free.end)
            return;
    }
    frame_add(free.start, free.end);
}

/* Tables go behind everything that the boot loader put into the memory that boot.S mapped. */
static uint32_t first_free(const struct boot_info *boot)
{
    uint32_t end = (uint32_t)kernel_end - KERNEL_BASE;

    for (unsigned i = 0; i < boot->nr_modules; i++) {
        if (boot->modules[i].start < BOOT_MAPPED)
            end = MAX(end, boot->modules[i].end);
    }
    return ROUND_UP(end, PAGE_SIZE);
}

void memory_init(const struct boot_info *boot)
{
    struct range used[1 + ARRAY_SIZE(boot->modules) + ARRAY_SIZE(boot->regions)];
    unsigned nr_used = 0;
    uint32_t limit = memory_limit(boot);

    early_next = first_free(boot);
    map_directly(limit);
    make_stack_tables();
    frame_init(early_alloc(frame_table_size(limit)), limit);

    used[nr_used++] = (struct range){(uint32_t)kernel_start - KERNEL_BASE, early_next};
    for (unsigned i = 0; i < boot->nr_modules; i++)
        used[nr_used++] = (struct range){boot->modules[i].start, boot->modules[i].end};
    /* loaders may report a reserved range inside a usable one */
    for (unsigned i = 0; i < boot->nr_regions; i++) {
        if (!boot->regions[i].usable)
            used[nr_used++] = reachable_part(&boot->regions[i]);
    }
    for (unsigned i = 0; i < boot->nr_regions; i++) {
        struct range part = usable_part(&boot->regions[i]);
        if (part.end)
            add_free(part, used, nr_used);
    }
    printk(LOG_INFO, "postern: %u KiB of memory, %u KiB free\n", limit / 1024,
           frames_total * (PAGE_SIZE / 1024));
}

static void protect(const uint8_t *start, const uint8_t *end, uint32_t set, uint32_t clear)
{
    for (vaddr_t address = (vaddr_t)start; address < (vaddr_t)end; address += PAGE_SIZE) {
        pte_t *table = pte_table(kernel_directory[directory_index(address)]);
        pte_t *entry = &table[table_index(address)];
        entry->bits = (entry->bits | set) & ~clear;
    }
}

bool memory_is_sealed(paddr_t frame)
{
    vaddr_t address = KERNEL_BASE + frame.value;

    return address >= (vaddr_t)kernel_start && address < (vaddr_t)kernel_sealed_end;
}

void memory_touch(unsigned words, unsigned stride)
{
    vaddr_t word = ROUND_UP((vaddr_t)kernel_end, PAGE_SIZE);

    for (; words; words--, word += stride)
        (void)*(const volatile uint32_t *)word;
}

/* The entry that maps the same as entry, but globally: a large page, or a table of its own. */
static pte_t make_global(pte_t entry)
{
    if (pte_has(entry, PTE_LARGE))
        return (pte_t){entry.bits | PTE_GLOBAL};
    paddr_t frame = frame_alloc();
    if (!frame.value)
        panic("no memory for the global page tables");
    pte_t *table = direct_map(frame);
    for (unsigned i = 0; i < PTES_PER_TABLE; i++)
        table[i] = (pte_t){pte_table(entry)[i].bits | PTE_GLOBAL};
    return pte_make(frame, entry.bits & PTE_FLAGS);
}

/*
 * What shared directories map above KERNEL_BASE. Only there may the kernel be global: a translation
 * that outlives a CR3 load would be in the TLB while a split process runs, which is what split is
 * there to prevent. The kernel directory's own entries stay local.
 */
static void make_shared_entries(bool global)
{
    for (unsigned i = 0; i < KERNEL_TABLES; i++) {
        unsigned index = directory_index(KERNEL_BASE) + i;
        pte_t entry = kernel_directory[index];
        bool direct = index < directory_index(DIRECT_MAP_LIMIT) && pte_has(entry, PTE_PRESENT);
        memory_shared_entries[i] = global && direct ? make_global(entry) : entry;
    }
}

void memory_seal(bool global)
{
    protect(kernel_start, kernel_sealed_end, 0, PTE_WRITABLE);
    make_shared_entries(global);
    write_cr3(read_cr3());
    if (global)
        write_cr4(read_cr4() | CR4_PGE);
}
