/*
 * The C side of the gate: builds the gate region's pages, gives every directory its page table, and
 * keeps the words that the gate page reads.
 *
 * The gate page calls exactly two C functions, syscall_dispatch() and trap_dispatch().
 */
#ifndef TRAMPOLINE_GATE_H
#define TRAMPOLINE_GATE_H

#include "arch/i386/descriptors.h"
#include "arch/i386/paging.h"
#include "arch/i386/trapframe.h"
#include "kernel/postern_abi.h"
#include "trampoline/cpu_gate.h"

struct thread;

/* What lies at the very top of each kernel stack, above the trapframe of the entry from user mode.
 */
struct stack_top {
    struct cpu_gate *cpu; /* of the CPU that runs the thread */
    struct thread *thread;
    uint32_t exit_frame; /* on that CPU's entry stack: where the last iret finds its five words */
};

_Static_assert(sizeof(struct trapframe) + offsetof(struct stack_top, thread) == TF_THREAD,
               "stack_top lies behind the trapframe");
_Static_assert(sizeof(struct trapframe) + offsetof(struct stack_top, exit_frame) == TF_EXIT_FRAME,
               "stack_top: exit_frame");

/*
 * Called by the gate page with interrupts on, on the thread's kernel stack. Returns, with
 * interrupts off, if the frame is as it was pushed but for eax, so that the door's own exit may be
 * taken; any other frame leaves by gate_leave().
 */
void syscall_dispatch(struct trapframe *tf);

/* Called by the gate page for every other vector, interrupts off; returns with interrupts off. */
void trap_dispatch(struct trapframe *tf);

/* The exit of every frame: threads that never entered (a fork's child) begin here. */
void split_gate_exit(void);

/* Goes there now, for tf at the top of the running kernel stack. Its offset is the same in every
 * variant of the gate page. Interrupts off. */
_Noreturn static inline void gate_leave(struct trapframe *tf)
{
    __asm__ volatile("movl %0, %%esp\n\tjmp split_gate_exit" : : "r"(tf) : "memory");
    __builtin_unreachable();
}

/*
 * Accesses on the running process's directory, whichever the kernel runs on: size bytes from one
 * address to another, of user memory or of gate_buffer(), with interrupts off. They return the
 * bytes that were left when an access faulted.
 */
size_t gate_copy(void *to, const void *from, size_t size);
size_t gate_clear(void *to, size_t size);

/* CPU n's page of the gate region, and in it: */
#define gate_buffer(n) ((char *)(GATE_CPU(n) + CPU_BUFFER))
#define gate_words(n)  ((struct cpu_gate *)(GATE_CPU(n) + CPU_WORDS))
#define gate_tss(n)    ((struct tss *)(GATE_CPU(n) + CPU_TSS))
#define gate_gdt(n)    ((descriptor_t *)(GATE_CPU(n) + CPU_GDT))

/*
 * Builds the gate region and enters it in the kernel directory; then loads GDT, IDT, TSS and the
 * doors' MSRs of the boot CPU. After it, exceptions are served. global: whether to set the G bit.
 */
void gate_init(bool global, int door);

/* Bit mask of 1 << enum postern_door: what this CPU has. Valid after gate_init(). */
extern uint32_t gate_doors;

/* The door that VSYSCALL itself uses. */
extern enum postern_door gate_default_door;

/* The address in the vDSO page that enters by door. */
uint32_t gate_vsyscall(int door);

/* The gate pages: which one a directory maps is what its process gets. */
enum gate_variant {
    GATE_SPLIT,
    GATE_SHARED,
    GATE_SPLIT_RESIDENT,
    GATE_SHARED_RESIDENT,
    GATE_VARIANTS,
};

static inline enum gate_variant gate_variant(enum postern_isolation isolation, bool resident)
{
    return (isolation == ISOLATION_SHARED ? GATE_SHARED : GATE_SPLIT) + (resident ? 2 : 0);
}

/* The directory entry for GATE_REGION in a directory of that enum gate_variant. */
pte_t gate_directory_entry(unsigned variant);

/* The kernel directory maps that variant from now on; the caller drops what the TLB holds. */
void gate_map_kernel(enum gate_variant variant);

/* Maps the page of message slots in every directory, or in none. Interrupts off. */
void gate_map_slots(bool on);

/*
 * Names each page of the gate region in turn: returns false when index is beyond the last. For the
 * exposure report and the self-check.
 */
bool gate_page(unsigned index, vaddr_t *address, pte_t *entry, const char **what);

/* True if eip is the last iret to user mode, in any variant. */
bool gate_is_exit_iret(uint32_t eip);

/* Where a refused exit continues, as the user's #GP; and where the #DB task re-enters. */
void split_gate_exit_refused(void);
void split_gate_vector_1(void);

#endif
