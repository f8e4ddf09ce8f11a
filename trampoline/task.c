#include "trampoline/task.h"

#include "arch/i386/asm.h"
#include "kernel/counters.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/sweep.h"
#include "trampoline/gate.h"

#define TASK_STACK_SIZE 4096

/*
 * A task begins behind its last iret, so the iret stands just before the loop's start
 * (SDM 3A 7.3). The handlers get the number of the CPU that they serve.
 */
__asm__(".macro TASK name, handler\n"
        "\t.text\n"
        "\\name:\n"
        "\tmovl (%esp), %eax\n"
        "\tcall \\handler\n"
        "\tiret\n"
        "\tjmp \\name\n"
        ".endm\n"
        "\tTASK task_debug_entry, task_debug\n"
        "\tTASK task_nmi_entry, task_nmi\n"
        "\tTASK task_mc_entry, task_machine_check\n"
        /* #DF pushes its error code above the CPU's number, and never returns */
        "task_double_fault_entry:\n"
        "\tmovl 4(%esp), %eax\n"
        "\tcall task_double_fault\n");

void task_debug_entry(void);
void task_nmi_entry(void);
void task_mc_entry(void);
void task_double_fault_entry(void);

void task_debug(unsigned n);
void task_nmi(unsigned n);
void task_machine_check(unsigned n);
_Noreturn void task_double_fault(unsigned n);

/* True if loading selector into a data segment register of ring 3 cannot fault. */
static bool selector_loads(unsigned n, uint32_t selector)
{
    unsigned index = (selector & 0xffff) >> 3;

    if (index == 0)
        return true;
    /* any RPL will do, the descriptors are of ring 3; bit 2 would name an LDT, and there is none */
    if ((selector & 4) || index >= CPU_GDT_SLOTS)
        return false;
    return index == GDT_USER_CS || index == GDT_USER_DS ||
           (index >= GDT_TLS_MIN && index <= GDT_TLS_MAX && gate_gdt(n)[index].high);
}

/* The way back reloads the segment registers; one whose descriptor was emptied would fault in the
 * middle of the task switch, so it becomes null. */
static void clean_selectors(unsigned n)
{
    struct tss *tss = gate_tss(n);
    uint32_t *selectors[] = {&tss->ds, &tss->es, &tss->fs, &tss->gs};

    for (unsigned i = 0; i < ARRAY_SIZE(selectors); i++) {
        if (*selectors[i] != KERNEL_DS && !selector_loads(n, *selectors[i]))
            *selectors[i] = 0;
    }
}

/*
 * A #DB of user mode re-enters through the ordinary stub: the five words that an interrupt gate
 * would have pushed go onto the entry stack, and the interrupted task resumes at the stub, in ring
 * 0, on the user's directory. In ring 0 it is the single-step trap of a door that was entered with
 * TF set: dropped, and remembered for the way out.
 */
void task_debug(unsigned n)
{
    struct tss *tss = gate_tss(n);

    if ((tss->cs & 3) == 3) {
        uint32_t *frame = (uint32_t *)(GATE_CPU(n) + CPU_WORDS) - 5;
        frame[0] = tss->eip;
        frame[1] = tss->cs;
        frame[2] = tss->eflags;
        frame[3] = tss->esp;
        frame[4] = tss->ss;
        tss->esp = (uint32_t)frame;
        tss->ss = KERNEL_DS;
        tss->eip = (uint32_t)split_gate_vector_1;
        tss->cs = KERNEL_CS;
        tss->eflags &= ~(EFLAGS_TF | EFLAGS_NT | EFLAGS_RF | EFLAGS_IF);
    } else {
        tss->eflags &= ~EFLAGS_TF;
        thread_stepped_into_kernel(((struct stack_top *)gate_words(n)->kstack)->thread);
        gate_words(n)->slot = NULL; /* or a message would leave the step behind */
        write_dr6(0);
    }
    clean_selectors(n);
}

void task_nmi(unsigned n)
{
    if (unlikely(sweep_on))
        sweep_record(VECTOR_NMI, gate_tss(n)->eip, gate_tss(n)->cs);
    counters.interrupts++;
    clean_selectors(n);
}

void task_machine_check(unsigned n)
{
    panic("machine check at %08x", gate_tss(n)->eip);
}

void task_double_fault(unsigned n)
{
    struct tss *tss = gate_tss(n);
    struct trapframe tf = {
        .edi = tss->edi,
        .esi = tss->esi,
        .ebp = tss->ebp,
        .ebx = tss->ebx,
        .edx = tss->edx,
        .ecx = tss->ecx,
        .eax = tss->eax,
        .es = tss->es,
        .ds = tss->ds,
        .vector = VECTOR_DF,
        .eip = tss->eip,
        .cs = tss->cs,
        .eflags = tss->eflags,
        .esp = tss->esp,
        .ss = tss->ss,
    };
    const char *cause = thread_stack_guard(tss->esp) || thread_stack_guard(read_cr2())
                            ? "kernel stack overflow"
                            : "unknown cause";

    panic_frame(&tf, tss->cr3, "double fault: %s, esp %08x", cause, tss->esp);
}

static uint8_t stacks[NR_CPUS][4][TASK_STACK_SIZE] __attribute__((aligned(16)));

void task_init(unsigned n)
{
    static const struct {
        void (*entry)(void);
        unsigned slot, offset;
    } tasks[4] = {
        {task_double_fault_entry, GDT_TSS_DF, CPU_TSS_DF},
        {task_debug_entry, GDT_TSS_DB, CPU_TSS_DB},
        {task_nmi_entry, GDT_TSS_NMI, CPU_TSS_NMI},
        {task_mc_entry, GDT_TSS_MC, CPU_TSS_MC},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(tasks); i++) {
        struct tss *tss = (struct tss *)(GATE_CPU(n) + tasks[i].offset);
        uint32_t *stack = (uint32_t *)(stacks[n][i] + TASK_STACK_SIZE);

        *--stack = n;
        *tss = (struct tss){
            .cr3 = gate_words(n)->kernel_cr3,
            .eip = (uint32_t)tasks[i].entry,
            .eflags = EFLAGS_FIXED,
            .esp = (uint32_t)stack,
            .cs = KERNEL_CS,
            .ss = KERNEL_DS,
            .ds = KERNEL_DS,
            .es = KERNEL_DS,
            .io_map = TSS_NO_IO_MAP,
        };
        gate_gdt(n)[tasks[i].slot] =
            descriptor_segment((uint32_t)tss, sizeof(*tss) - 1, ACCESS_TSS, 0);
    }
}
