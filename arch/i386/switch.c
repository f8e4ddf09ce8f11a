#include "arch/i386/switch.h"

#include "arch/i386/cpu.h"
#include "arch/i386/fpu.h"
#include "kernel/counters.h"
#include "kernel/resident.h"
#include "kernel/sched.h"

/* The variant of the gate page that this CPU's translations may hold. */
static enum gate_variant mapped = GATE_SPLIT;

enum gate_variant switch_gate_variant(void)
{
    return mapped;
}

bool space_is_loaded(const struct space *space)
{
    return read_cr3() == space->cr3;
}

static void load_directory(uint32_t cr3)
{
    gate_tss(0)->cr3 = cr3;
    write_cr3(cr3);
    counters.cr3_writes++;
}

void space_flush(const struct space *space)
{
    if (space_is_loaded(space))
        load_directory(space->cr3);
}

/*
 * A CR3 load keeps global translations (SDM 3A 4.10.4.1), and two of them must not live on when the
 * CPU goes from one kind of directory to the other: the gate page's, which differs between the two,
 * and the kernel's, which a split process must not find in the TLB. Turning PGE off drops them all.
 */
static void forget_global(void)
{
    if (!cpu.pge)
        return;
    uint32_t cr4 = read_cr4();
    write_cr4(cr4 & ~CR4_PGE);
    write_cr4(cr4);
}

/* Kernel threads take either page that changes CR3. */
static enum gate_variant kernel_variant(void)
{
    return mapped == GATE_SPLIT_RESIDENT ? mapped : GATE_SPLIT;
}

static void switch_variant(enum gate_variant variant)
{
    if (likely(mapped == variant))
        return;
    if (variant == GATE_SPLIT || variant == GATE_SPLIT_RESIDENT) {
        gate_map_kernel(variant);
        invlpg(GATE_TEXT); /* where there are no global pages, or none of them is dropped */
    }
    mapped = variant;
    forget_global();
}

void switch_space(struct space *space)
{
    enum postern_isolation isolation = space ? space->isolation : ISOLATION_SPLIT;
    uint32_t kernel_cr3 = gate_words(0)->kernel_cr3;
    uint32_t wanted = isolation == ISOLATION_SHARED ? space->cr3 : kernel_cr3;

    gate_words(0)->user_cr3 = space ? space->cr3 : kernel_cr3;
    if (read_cr3() != wanted)
        load_directory(wanted);
    switch_variant(space ? gate_variant(isolation, space->answers) : kernel_variant());
}

void switch_tls(const struct thread *thread)
{
    descriptor_t *gdt = gate_gdt(0);

    for (unsigned i = 0; i < NR_TLS; i++)
        gdt[GDT_TLS_MIN + i] = thread->tls[i];
}

#define LOAD_OR_NULL(segment, value)                              \
    __asm__ volatile("1:\tmovl %0, %%" segment "\n"               \
                     "\t.pushsection .text.fixup, \"ax\"\n"       \
                     "2:\txorl %0, %0\n\t"                        \
                     "jmp 1b\n"                                   \
                     "\t.popsection\n"                            \
                     "\t.pushsection .exception_table, \"a\"\n\t" \
                     ".long 1b, 2b\n"                             \
                     "\t.popsection"                              \
                     : "+r"(value))

void load_fs_gs(uint32_t fs, uint32_t gs)
{
    LOAD_OR_NULL("fs", fs);
    LOAD_OR_NULL("gs", gs);
}

/*
 * Swaps kernel stacks: previous keeps its callee-saved registers on its own. A new thread's stack
 * was laid out by thread_create() as if it had been here.
 */
void switch_stack(uint32_t *previous_esp, uint32_t next_esp);
__asm__("\t.text\n"
        "switch_stack:\n"
        "\tpushl %ebp\n"
        "\tpushl %ebx\n"
        "\tpushl %esi\n"
        "\tpushl %edi\n"
        "\tmovl %esp, (%eax)\n"
        "\tmovl %edx, %esp\n"
        "\tpopl %edi\n"
        "\tpopl %esi\n"
        "\tpopl %ebx\n"
        "\tpopl %ebp\n"
        "\tret\n");

/* The FPU is saved and loaded here and now, never on first use: nobody ever sees another's state.
 */
void switch_thread(struct thread *previous, struct thread *next)
{
    if (previous->process && previous->state != THREAD_DEAD) {
        previous->fs = read_fs();
        previous->gs = read_gs();
        fpu_save(previous->fpu);
    }
    counters.context_switches++;
    gate_words(0)->kstack = (uint32_t)next->top;
    gate_words(0)->slot = next->ipc.slot;
    next->top->cpu = gate_words(0);
    next->top->exit_frame = (uint32_t)gate_words(0) - IRET_WORDS * sizeof(uint32_t);
    switch_space(next->space);
    resident_update(next);
    if (next->process) {
        switch_tls(next);
        load_fs_gs(next->fs, next->gs);
        fpu_load(next->fpu);
    }
    switch_stack(&previous->kernel_esp, next->kernel_esp);
}
