#include "arch/i386/apic.h"

#include "arch/i386/cpu.h"
#include "arch/i386/paging.h"
#include "arch/i386/trapframe.h"
#include "kernel/string.h"

/* SDM 3A 11.4.1: registers by their offset, one in each 16 bytes. */
#define TASK_PRIORITY    0x080
#define END_OF_INTERRUPT 0x0b0
#define SPURIOUS         0x0f0
#define IN_SERVICE       0x100
#define COMMAND          0x300
#define LVT_TIMER        0x320
#define LVT_LINT0        0x350
#define INITIAL_COUNT    0x380
#define DIVIDE           0x3e0

#define SPURIOUS_ENABLE  0x100
#define DELIVER_NMI      0x400
#define DELIVER_EXTINT   0x700 /* the PICs give the vector */
#define SEND_TO_SELF     0x40000
#define DIVIDE_BY_1      0xb

#define MSR_APIC_BASE    0x1b
#define APIC_BASE_ENABLE 0x800

static pte_t table[PTES_PER_TABLE] __attribute__((aligned(PAGE_SIZE)));
static bool present;

static volatile uint32_t *reg(uint32_t offset)
{
    return (volatile uint32_t *)(LOCAL_APIC + offset);
}

bool apic_init(void)
{
    if (!cpu.apic)
        return false;
    uint64_t base = read_msr(MSR_APIC_BASE) | APIC_BASE_ENABLE;
    write_msr(MSR_APIC_BASE, base);

    paddr_t registers = PADDR((uint32_t)base & ~(PAGE_SIZE - 1));
    table[table_index(LOCAL_APIC)] =
        pte_make(registers, PTE_PRESENT | PTE_WRITABLE | PTE_UNCACHED | PTE_ACCESSED | PTE_DIRTY);
    kernel_directory[directory_index(LOCAL_APIC)] =
        pte_make(direct_map_paddr(table), PTE_PRESENT | PTE_WRITABLE);
    invlpg(LOCAL_APIC); /* and the entries are in memory before the first access */

    *reg(SPURIOUS) = SPURIOUS_ENABLE | VECTOR_UNKNOWN;
    *reg(LVT_LINT0) = DELIVER_EXTINT;
    *reg(TASK_PRIORITY) = 0;
    *reg(DIVIDE) = DIVIDE_BY_1;
    present = true;
    return true;
}

/* A timer that delivers NMIs is no architecture's promise (SDM 3A 11.5.1 gives it no delivery
 * mode), but what QEMU's does, and nothing else strikes a chosen instruction. */
void apic_arm(uint32_t vector, uint32_t count)
{
    *reg(INITIAL_COUNT) = 0;
    *reg(LVT_TIMER) = vector == VECTOR_NMI ? DELIVER_NMI : vector;
    *reg(INITIAL_COUNT) = count;
}

void apic_send(uint32_t vector)
{
    *reg(COMMAND) = SEND_TO_SELF | vector;
}

bool apic_take(uint32_t vector)
{
    if (!present || !(*reg(IN_SERVICE + vector / 32 * 16) & (1u << vector % 32)))
        return false;
    *reg(END_OF_INTERRUPT) = 0;
    return true;
}
