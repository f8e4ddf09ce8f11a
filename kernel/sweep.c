#include "kernel/sweep.h"

#include "arch/i386/apic.h"
#include "arch/i386/asm.h"
#include "arch/i386/cpu.h"
#include "arch/i386/irq.h"
#include "arch/i386/switch.h"
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "mm/unsafe.h"

#define TYPE_BUSY      0x200 /* of a TSS descriptor's upper half (SDM 3A 8.2.2) */
#define UNWANTED_FLAGS (EFLAGS_TF | EFLAGS_NT | EFLAGS_DF | EFLAGS_AC | EFLAGS_IOPL)

#define CLOCK_LINE     0

enum kind { KIND_IRQ, KIND_NMI, NR_KINDS };

bool sweep_on;

static uint8_t seen[GATE_VARIANTS][NR_KINDS]
                   [PAGE_SIZE / 8]; /* a bit for each byte of the gate page */
static uint32_t wanted, waiting, ticks_before;
static struct postern_struck struck;

void sweep_init(void)
{
    sweep_on = apic_init();
    if (!sweep_on)
        printk(LOG_ERROR, "postern: sweep=on: this CPU has no local APIC\n");
}

void sweep_record(uint32_t vector, uint32_t eip, uint32_t cs)
{
    uint32_t offset = eip - GATE_TEXT;
    enum kind kind = vector == VECTOR_NMI ? KIND_NMI : KIND_IRQ;

    if (offset < PAGE_SIZE)
        seen[switch_gate_variant()][kind][offset / 8] |= 1u << offset % 8;
    if (vector == wanted && !struck.count++) {
        struck.eip = eip;
        struck.cs = cs & 0xffff;
    }
    if (vector == waiting)
        struck.waited++;
}

void sweep_show(struct text *text)
{
    static const char *const variants[] = {"split", "shared", "split_resident", "shared_resident"};
    static const char *const kinds[] = {"irq", "nmi"};

    for (unsigned variant = 0; variant < GATE_VARIANTS; variant++) {
        for (unsigned kind = 0; kind < NR_KINDS; kind++) {
            for (unsigned offset = 0; offset < PAGE_SIZE; offset++) {
                if (seen[variant][kind][offset / 8] & (1u << offset % 8))
                    text_print(text, "%s %s %03x\n", variants[variant], kinds[kind], offset);
            }
        }
    }
}

/* Those that have a stub of their own: all others arrive as VECTOR_UNKNOWN. */
static bool vector_valid(int vector)
{
    return (vector >= VECTOR_IRQ && vector < VECTOR_IRQ + NR_IRQS) || vector == VECTOR_UNKNOWN;
}

SYSCALL_DEFINE3(postern_strike, int, vector, int, after, int, pending)
{
    bool in_kernel = pending & STRIKE_IN_KERNEL;

    pending &= ~STRIKE_IN_KERNEL;
    if (!sweep_on)
        return -ENODEV;
    if ((vector != STRIKE_NMI && !vector_valid(vector)) || after < 0 ||
        (pending && !vector_valid(pending)))
        return -EINVAL;
    interrupts_disable();
    struck = (struct postern_struck){0};
    ticks_before = irq_counts[CLOCK_LINE];
    wanted = vector;
    waiting = pending;
    apic_arm(vector, after);
    if (pending)
        apic_send(pending);
    if (in_kernel)
        interrupts_enable();
    return 0;
}

/* The invariants of the gate, looked at from a call that an interrupted path led to. */
static uint32_t find_wrong(struct trapframe *tf)
{
    const struct thread *thread = current_thread();
    const struct cpu_gate *words = gate_words(0);
    const struct tss *tss = gate_tss(0);
    const descriptor_t *gdt = gate_gdt(0);
    uint32_t cr3 =
        thread->space->isolation == ISOLATION_SHARED ? thread->space->cr3 : words->kernel_cr3;
    uint32_t ds, es, ss, wrong = 0;

    __asm__("movl %%ds, %0; movl %%es, %1; movl %%ss, %2" : "=r"(ds), "=r"(es), "=r"(ss));
    if (read_cr3() != cr3 || tss->cr3 != cr3 || words->user_cr3 != thread->space->cr3)
        wrong |= STRUCK_CR3;
    if (tf != (struct trapframe *)thread->top - 1 || words->kstack != (uint32_t)thread->top ||
        tss->esp0 != GATE_CPU(0) + CPU_WORDS || tss->ss0 != KERNEL_DS)
        wrong |= STRUCK_STACK;
    if (ds != KERNEL_DS || es != KERNEL_DS || ss != KERNEL_DS)
        wrong |= STRUCK_SEGMENTS;
    if (read_eflags() & UNWANTED_FLAGS)
        wrong |= STRUCK_FLAGS;
    if (!(gdt[GDT_TSS].high & TYPE_BUSY))
        wrong |= STRUCK_TASK;
    for (unsigned i = GDT_TSS_DF; i <= GDT_TSS_MC; i++) {
        if (gdt[i].high & TYPE_BUSY)
            wrong |= STRUCK_TASK;
    }
    return wrong;
}

SYSCALL_DEFINE2(postern_struck, unsafe_bytes, buffer, size_t, size)
{
    if (!sweep_on)
        return -ENODEV;
    if (size > sizeof(struck))
        return -EINVAL;
    interrupts_disable();
    apic_arm(STRIKE_NMI, 0);
    wanted = waiting = 0;
    struck.ticks = irq_counts[CLOCK_LINE] - ticks_before;
    struck.wrong = find_wrong(current_trapframe());
    interrupts_enable();
    return copy_k2u(buffer, &struck, size);
}
