#include "trampoline/gate.h"

#include "arch/i386/cpu.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "trampoline/slot.h"
#include "trampoline/task.h"

#define IDT_VECTORS 256

/* SDM 4 table 2-2, APM 3 SYSCALL. */
#define MSR_SYSENTER_CS  0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176
#define MSR_STAR         0xc0000081

/* The rows that gate.S wrote beside its stubs. */
struct gate_vector {
    uint32_t vector, dpl, entry;
};
extern const struct gate_vector gate_vectors[], gate_vectors_end[];

void split_gate_sysenter(void);
void split_gate_sysenter_direct(void);
void split_gate_syscall(void);
void split_gate_callgate(void);
void split_gate_iret(void);
void shared_gate_iret(void);
void split_resident_gate_iret(void);
void shared_resident_gate_iret(void);

extern const uint8_t gate_pages[];  /* the variants, as loaded: enum gate_variant's order */
extern const uint8_t vdso_images[]; /* enum postern_door's order */

/* One for the directories of each variant, and the kernel directory's own, which maps the variant
 * of the process that runs: behind the CR3 write of an entry the next instruction is the same
 * page's. */
#define KERNEL_TABLE GATE_VARIANTS
static pte_t gate_tables[GATE_VARIANTS + 1][PTES_PER_TABLE] __attribute__((aligned(PAGE_SIZE)));
static uint8_t slots_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uint8_t cpu_pages[NR_CPUS][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static descriptor_t idt[IDT_VECTORS] __attribute__((aligned(PAGE_SIZE), section(".sealed")));

_Static_assert(POSTERN_CALLGATE == SELECTOR_CALLGATE, "the ABI names the call gate's selector");
_Static_assert(CPU_GDT + CPU_GDT_SLOTS * sizeof(descriptor_t) <= PAGE_SIZE, "GDT fits its page");

uint32_t gate_doors;
enum postern_door gate_default_door;

/* --- pages ------------------------------------------------------------------------------------ */

static void map_all(vaddr_t address, const void *page, uint32_t flags)
{
    for (unsigned table = 0; table <= KERNEL_TABLE; table++)
        gate_tables[table][table_index(address)] =
            pte_make(direct_map_paddr(page), flags | PTE_PRESENT | PTE_ACCESSED);
}

static void map_pages(bool global)
{
    uint32_t flags = global ? PTE_GLOBAL : 0;

    map_all(GATE_VDSO, vdso_images + gate_default_door * PAGE_SIZE, flags | PTE_USER);
    map_all(GATE_IDT, idt, flags);
    for (unsigned n = 0; n < NR_CPUS; n++)
        map_all(GATE_CPU(n), cpu_pages[n], flags | PTE_WRITABLE | PTE_DIRTY);
    for (unsigned variant = 0; variant < GATE_VARIANTS; variant++)
        gate_tables[variant][table_index(GATE_TEXT)] = pte_make(
            direct_map_paddr(gate_pages + variant * PAGE_SIZE), flags | PTE_PRESENT | PTE_ACCESSED);
    gate_map_kernel(GATE_SPLIT);
    kernel_directory[directory_index(GATE_REGION)] = gate_directory_entry(KERNEL_TABLE);
}

static void land_sysenter(void (*landing)(void))
{
    write_msr(MSR_SYSENTER_EIP, (uint32_t)landing);
}

void gate_map_slots(bool on)
{
    uint32_t global = gate_tables[GATE_SPLIT][table_index(GATE_IDT)].bits & PTE_GLOBAL;

    if (on)
        map_all(GATE_SLOTS, slots_page, global | PTE_WRITABLE | PTE_DIRTY);
    else
        for (unsigned table = 0; table <= KERNEL_TABLE; table++)
            gate_tables[table][table_index(GATE_SLOTS)] = (pte_t){0};
    invlpg(GATE_SLOTS);
    if (cpu.sep)
        land_sysenter(on ? split_gate_sysenter_direct : split_gate_sysenter);
}

pte_t gate_directory_entry(unsigned variant)
{
    /* user in the directory entry, for the vDSO page; each table entry says who may */
    return pte_make(direct_map_paddr(gate_tables[variant]),
                    PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED);
}

void gate_map_kernel(enum gate_variant variant)
{
    gate_tables[KERNEL_TABLE][table_index(GATE_TEXT)] =
        gate_tables[variant][table_index(GATE_TEXT)];
}

bool gate_page(unsigned index, vaddr_t *address, pte_t *entry, const char **what)
{
    static const struct {
        vaddr_t address;
        const char *what;
    } pages[] = {
        {GATE_SLOTS, "message slots"},
        {GATE_IDT, "IDT"},
        {GATE_TEXT, "gate page"},
        {GATE_VDSO, "vDSO"},
    };

    if (index < NR_CPUS) {
        *address = GATE_CPU(NR_CPUS - 1 - index);
        *what = "CPU page";
    } else if (index - NR_CPUS < ARRAY_SIZE(pages)) {
        *address = pages[index - NR_CPUS].address;
        *what = pages[index - NR_CPUS].what;
    } else {
        return false;
    }
    *entry = gate_tables[GATE_SPLIT][table_index(*address)];
    return true;
}

/* --- descriptors -------------------------------------------------------------------------------
 */

static void fill_idt(void)
{
    for (const struct gate_vector *v = gate_vectors; v < gate_vectors_end; v++)
        idt[v->vector] =
            descriptor_gate(KERNEL_CS, v->entry, ACCESS_INTERRUPT | ACCESS_DPL(v->dpl));
    for (unsigned i = 0; i < IDT_VECTORS; i++) {
        if (!idt[i].high)
            idt[i] = idt[VECTOR_UNKNOWN];
    }
    idt[VECTOR_DF] = descriptor_gate(SELECTOR_TSS_DF, 0, ACCESS_TASK_GATE);
    if (cpu.syscall) {
        idt[VECTOR_DB] = descriptor_gate(SELECTOR_TSS_DB, 0, ACCESS_TASK_GATE);
        idt[VECTOR_NMI] = descriptor_gate(SELECTOR_TSS_NMI, 0, ACCESS_TASK_GATE);
        idt[VECTOR_MC] = descriptor_gate(SELECTOR_TSS_MC, 0, ACCESS_TASK_GATE);
    }
}

static void fill_cpu_page(unsigned n)
{
    descriptor_t *gdt = gate_gdt(n);
    struct tss *tss = gate_tss(n);
    uint32_t flat = SEGMENT_32BIT | SEGMENT_PAGES;

    gate_words(n)->kernel_cr3 = direct_map_paddr(kernel_directory).value;

    gdt[GDT_TSS] = descriptor_segment((uint32_t)tss, sizeof(*tss) - 1, ACCESS_TSS, 0);
    gdt[GDT_KERNEL_CS] = descriptor_segment(0, 0xfffff, ACCESS_KERNEL_CODE, flat);
    gdt[GDT_KERNEL_DS] = descriptor_segment(0, 0xfffff, ACCESS_KERNEL_DATA, flat);
    gdt[GDT_USER_CS] = descriptor_segment(0, 0xfffff, ACCESS_USER_CODE, flat);
    gdt[GDT_USER_DS] = descriptor_segment(0, 0xfffff, ACCESS_USER_DATA, flat);
    gdt[GDT_CALLGATE] =
        descriptor_gate(KERNEL_CS, (uint32_t)split_gate_callgate, ACCESS_CALL_GATE | ACCESS_DPL(3));

    tss->esp0 = GATE_CPU(n) + CPU_WORDS;
    tss->ss0 = KERNEL_DS;
    tss->cr3 = gate_words(n)->kernel_cr3;
    tss->io_map = TSS_NO_IO_MAP;
    task_init(n);
}

struct table_register {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

static void load_tables(unsigned n)
{
    struct table_register gdtr = {CPU_GDT_SLOTS * sizeof(descriptor_t) - 1, (uint32_t)gate_gdt(n)};
    struct table_register idtr = {sizeof(idt) - 1, GATE_IDT};

    __asm__ volatile("lgdt %0\n\t"
                     "lidt %1\n\t"
                     "ljmp %2, $1f\n"
                     "1:\tmovl %3, %%ds\n\t"
                     "movl %3, %%es\n\t"
                     "movl %3, %%ss\n\t"
                     "movl %4, %%fs\n\t"
                     "movl %4, %%gs\n\t"
                     "lldt %w4\n\t"
                     "ltr %w5"
                     :
                     : "m"(gdtr), "m"(idtr), "i"(KERNEL_CS), "r"(KERNEL_DS), "r"(0),
                       "r"(SELECTOR_TSS)
                     : "memory");
}

/* --- doors --------------------------------------------------------------------------------------
 */

static void open_doors(unsigned n)
{
    if (cpu.sep) {
        write_msr(MSR_SYSENTER_CS, KERNEL_CS);
        write_msr(MSR_SYSENTER_ESP, GATE_CPU(n) + CPU_WORDS);
        land_sysenter(split_gate_sysenter);
    }
    if (cpu.syscall) {
        /* landings of 16 bytes, one for each CPU; sysret adds 8 for SS and forces RPL 3 */
        uint32_t landing = (uint32_t)split_gate_syscall + 16 * n;
        write_msr(MSR_STAR, ((uint64_t)USER_CS << 48) | ((uint64_t)KERNEL_CS << 32) | landing);
    }
}

static void choose_doors(int door)
{
    gate_doors = (1u << DOOR_INT80) | (1u << DOOR_CALLGATE);
    if (cpu.sep)
        gate_doors |= 1u << DOOR_SYSENTER;
    if (cpu.syscall)
        gate_doors |= 1u << DOOR_SYSCALL;

    if (door != DOOR_AUTO && (gate_doors & (1u << door)))
        gate_default_door = door;
    else if (cpu.sep)
        gate_default_door = DOOR_SYSENTER;
    else if (cpu.syscall)
        gate_default_door = DOOR_SYSCALL;
    else
        gate_default_door = DOOR_INT80;
}

uint32_t gate_vsyscall(int door)
{
    static const uint32_t entries[NR_DOORS] = {
        [DOOR_INT80] = VSYSCALL_INT80,
        [DOOR_SYSENTER] = VSYSCALL_SYSENTER,
        [DOOR_SYSCALL] = VSYSCALL_SYSCALL,
        [DOOR_CALLGATE] = VSYSCALL_CALLGATE,
    };
    return door == DOOR_AUTO ? VSYSCALL : entries[door];
}

bool gate_is_exit_iret(uint32_t eip)
{
    return eip == (uint32_t)split_gate_iret || eip == (uint32_t)shared_gate_iret ||
           eip == (uint32_t)split_resident_gate_iret || eip == (uint32_t)shared_resident_gate_iret;
}

/* --- accesses on the user's directory --------------------------------------------------------- */

size_t gate_copy(void *to, const void *from, size_t size)
{
    size_t left = size / 4;
    struct cpu_gate *words = gate_words(0);

    __asm__ volatile("call split_gate_bounce_copy"
                     : "+c"(left), "+D"(to), "+S"(from), "+a"(words)
                     : "d"(size % 4)
                     : "ebx", "memory");
    return left;
}

size_t gate_clear(void *to, size_t size)
{
    size_t left = size / 4;
    struct cpu_gate *words = gate_words(0);

    __asm__ volatile("call split_gate_bounce_clear"
                     : "+c"(left), "+D"(to), "+a"(words)
                     : "d"(size % 4)
                     : "ebx", "memory");
    return left;
}

void gate_init(bool global, int door)
{
    choose_doors(door);
    map_pages(global);
    fill_idt();
    fill_cpu_page(0);
    load_tables(0);
    open_doors(0);
}
