/* KASan's shadow: made, read for each access, and explained when it says no. */
#include "kernel/instruments/kasan.h"

#include "arch/i386/paging.h"
#include "kernel/instruments/kasan_shadow.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "mm/frame.h"

static bool ready;
static unsigned paused;

void kasan_pause(void)
{
    paused++;
}

void kasan_resume(void)
{
    paused--;
}

/* --- the shadow --------------------------------------------------------------------------------
 */

#define TABLE_FLAGS (PTE_PRESENT | PTE_WRITABLE)
#define ENTRY_FLAGS (PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED | PTE_DIRTY)

/* Where all of the shadow is at first, and stays for addresses that have no memory. */
static pte_t early_table[PTES_PER_TABLE] __attribute__((aligned(PAGE_SIZE)));
static uint8_t early_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

void kasan_init_early(void)
{
    for (unsigned i = 0; i < PTES_PER_TABLE; i++)
        early_table[i] = pte_make(direct_map_paddr(early_page), ENTRY_FLAGS);
    for (vaddr_t address = KASAN_SHADOW; address < KSTACK_AREA; address += LARGE_PAGE)
        kernel_directory[directory_index(address)] =
            pte_make(direct_map_paddr(early_table), TABLE_FLAGS);
}

static paddr_t zeroed_frame(void)
{
    paddr_t frame = frame_alloc_zeroed();

    if (!frame.value)
        panic("KASan: no memory for the shadow");
    return frame;
}

/* Gives [start, end) of memory shadow of its own: whole tables of it. */
static void make_shadow(vaddr_t start, vaddr_t end)
{
    vaddr_t last = (vaddr_t)shadow_of(end - 1);

    for (vaddr_t address = (vaddr_t)shadow_of(start); address <= last; address += PAGE_SIZE) {
        pte_t *upper = &kernel_directory[directory_index(address)];
        if (pte_frame(*upper).value == direct_map_paddr(early_table).value) {
            paddr_t table = zeroed_frame();
            memcpy(direct_map(table), early_table, PAGE_SIZE);
            *upper = pte_make(table, TABLE_FLAGS);
        }
        pte_table(*upper)[table_index(address)] = pte_make(zeroed_frame(), ENTRY_FLAGS);
    }
}

void kasan_poison(const void *start, size_t size, enum shadow shadow)
{
    uint8_t *byte = shadow_of((vaddr_t)start);

    for (size_t i = 0; ready && i < size / GRANULE; i++)
        byte[i] = shadow;
}

void kasan_unpoison(const void *start, size_t size)
{
    kasan_poison(start, size, SHADOW_ACCESSIBLE);
    if (ready && size % GRANULE)
        *shadow_of((vaddr_t)start + size) = size % GRANULE;
}

/* --- globals -----------------------------------------------------------------------------------
 */

/* As GCC describes one (libsanitizer's interface). */
struct global {
    const void *start;
    size_t size, size_with_redzone;
    const void *name, *module;
    size_t needs_constructor;
    const void *location;
    size_t odr_indicator;
};

void __asan_register_globals(const struct global *globals, size_t count);
void __asan_register_globals(const struct global *globals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct global *g = &globals[i];
        kasan_poison(g->start, ROUND_DOWN(g->size_with_redzone, GRANULE), SHADOW_GLOBAL);
        kasan_unpoison(g->start, g->size);
    }
}

/* A kernel is never unloaded. */
void __asan_unregister_globals(void);
void __asan_unregister_globals(void)
{
}

typedef void (*constructor)(void);
extern const constructor constructors[], constructors_end[];

static vaddr_t direct_map_end(void)
{
    vaddr_t end = KERNEL_BASE;

    while (end < DIRECT_MAP_LIMIT && pte_has(kernel_directory[directory_index(end)], PTE_PRESENT))
        end += LARGE_PAGE;
    return end;
}

void kasan_init(void)
{
    make_shadow(KERNEL_BASE, direct_map_end());
    make_shadow(KSTACK_AREA, KSTACK_AREA_LIMIT);
    write_cr3(read_cr3());
    ready = true;
    for (const constructor *c = constructors; c < constructors_end; c++)
        (*c)();
}

/* --- checks ------------------------------------------------------------------------------------
 */

/* The direct map, but not its shadow, and the stacks. */
static bool is_watched(vaddr_t address)
{
    return address >= KERNEL_BASE && address < KSTACK_AREA_LIMIT &&
           !(address >= KASAN_SHADOW && address < KSTACK_AREA);
}

/* The first byte of [address, end) that may not be accessed, or end. */
static vaddr_t first_bad(vaddr_t address, vaddr_t end)
{
    while (address < end) {
        vaddr_t granule = ROUND_DOWN(address, GRANULE);
        uint8_t shadow = *shadow_of(address);
        vaddr_t limit = granule + (shadow < GRANULE ? shadow : 0);
        if (shadow && MIN(end, granule + GRANULE) > limit)
            return MAX(address, limit);
        address = granule + GRANULE;
    }
    return end;
}

static void check(vaddr_t address, size_t size, const char *what, uint32_t caller)
{
    if (!ready || paused || !is_watched(address))
        return;
    vaddr_t bad = first_bad(address, address + size);
    if (bad < address + size)
        kasan_report(what, bad, size, caller);
}

#define CALLER ((uint32_t)__builtin_return_address(0))

void kasan_check_read(const void *from, size_t size)
{
    check((vaddr_t)from, size, "read", CALLER);
}

void kasan_check_write(const void *to, size_t size)
{
    check((vaddr_t)to, size, "write", CALLER);
}

#define CHECKS(size)                                    \
    void __asan_load##size##_noabort(vaddr_t address);  \
    void __asan_load##size##_noabort(vaddr_t address)   \
    {                                                   \
        check(address, size, "read", CALLER);           \
    }                                                   \
    void __asan_store##size##_noabort(vaddr_t address); \
    void __asan_store##size##_noabort(vaddr_t address)  \
    {                                                   \
        check(address, size, "write", CALLER);          \
    }

CHECKS(1)
CHECKS(2)
CHECKS(4)
CHECKS(8)
CHECKS(16)

void __asan_loadN_noabort(vaddr_t address, size_t size);
void __asan_loadN_noabort(vaddr_t address, size_t size)
{
    check(address, size, "read", CALLER);
}

void __asan_storeN_noabort(vaddr_t address, size_t size);
void __asan_storeN_noabort(vaddr_t address, size_t size)
{
    check(address, size, "write", CALLER);
}

/* Before a call that does not return: nobody will unpoison the frames that it leaves. */
void __asan_handle_no_return(void);
void __asan_handle_no_return(void)
{
    const void *frame = __builtin_frame_address(0);

    if (is_watched((vaddr_t)frame))
        kasan_unpoison((void *)ROUND_DOWN((vaddr_t)frame, KSTACK_SIZE), KSTACK_SIZE);
}

/* --- reports -----------------------------------------------------------------------------------
 */

static const char *kind_of(vaddr_t address)
{
    uint8_t shadow = *shadow_of(address);

    if (shadow < GRANULE)
        shadow = *shadow_of(address + GRANULE); /* the redzone behind the object */
    switch ((enum shadow)shadow) {
    case SHADOW_STACK_LEFT:
    case SHADOW_STACK_MIDDLE:
    case SHADOW_STACK_RIGHT:
        return "stack-out-of-bounds";
    case SHADOW_STACK_SCOPE:
        return "stack-use-after-scope";
    case SHADOW_GLOBAL:
        return "global-out-of-bounds";
    case SHADOW_HEAP_FREED:
        return "heap-use-after-free";
    case SHADOW_FRAME_FREED:
        return "frame-use-after-free";
    case SHADOW_HEAP_REDZONE:
    case SHADOW_ACCESSIBLE:
        break;
    }
    return "heap-out-of-bounds";
}

static void print_place(const char *what, uint32_t code)
{
    uint32_t offset = 0;
    const char *name = symbol_name(code, &offset);

    if (code)
        printk(LOG_EMERGENCY, "%s by %s+%#x\n", what, name ? name : "?", offset);
}

/* The object whose header is the last before address in its page. */
static void describe_object(vaddr_t address)
{
    vaddr_t page = ROUND_DOWN(address, PAGE_SIZE);

    for (vaddr_t place = ROUND_DOWN(address, 16); place >= page; place -= 16) {
        const struct kasan_header *header = (const struct kasan_header *)place;
        if (header->magic != KASAN_MAGIC)
            continue;
        vaddr_t object = (vaddr_t)(header + 1);
        printk(LOG_EMERGENCY, "object at %08x of %u bytes, address is at offset %d\n", object,
               header->size, (int)(address - object));
        print_place("allocated", header->allocated_by);
        print_place("freed", header->freed_by);
        return;
    }
}

void kasan_report(const char *what, vaddr_t address, size_t size, uint32_t caller)
{
    const char *kind = kind_of(address);
    uint32_t offset = 0;
    const char *name = symbol_name(caller, &offset);

    kasan_pause();
    printk(LOG_EMERGENCY, "\nKASan: %s: %s of %u bytes at %08x by %s+%#x\n", kind, what, size,
           address, name ? name : "?", offset);
    printk(LOG_EMERGENCY, "shadow %02x %02x [%02x] %02x %02x\n", shadow_of(address)[-2],
           shadow_of(address)[-1], shadow_of(address)[0], shadow_of(address)[1],
           shadow_of(address)[2]);
    if (*kind == 'h')
        describe_object(address);
    panic("KASan: %s", kind);
}
