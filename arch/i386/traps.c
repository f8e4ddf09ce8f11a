/*
 * Every vector but the system call doors: interrupts go to their drivers, a user's exception
 * becomes its signal or a resolved page fault, the kernel's own is fixed up by the exception table
 * or ends in a panic. Called by the gate page on a kernel stack, interrupts off.
 */
#include "arch/i386/asm.h"
#include "arch/i386/irq.h"
#include "kernel/counters.h"
#include "kernel/errno.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/return.h"
#include "mm/space.h"
#include "trampoline/gate.h"

/* Page fault error code (SDM 3A 4.7). */
#define PF_PRESENT 1
#define PF_WRITE   2
#define PF_USER    4

struct exception_fixup {
    uint32_t fault, fixup;
};
extern const struct exception_fixup exception_table[], exception_table_end[];

/* What each exception is called, and the signal that Linux gives for it in user mode. */
static const struct {
    const char *name;
    int signal;
} exceptions[VECTOR_IRQ] = {
    [0] = {"divide error", SIGFPE},
    [VECTOR_DB] = {"debug trap", SIGTRAP},
    [VECTOR_BP] = {"breakpoint", SIGTRAP},
    [VECTOR_OF] = {"overflow", SIGSEGV},
    [VECTOR_BR] = {"bound range exceeded", SIGSEGV},
    [VECTOR_UD] = {"invalid opcode", SIGILL},
    [9] = {"coprocessor segment overrun", SIGFPE},
    [VECTOR_TS] = {"invalid TSS", SIGSEGV},
    [VECTOR_NP] = {"segment not present", SIGBUS},
    [VECTOR_SS] = {"stack segment fault", SIGBUS},
    [VECTOR_GP] = {"general protection fault", SIGSEGV},
    [VECTOR_PF] = {"page fault", SIGSEGV},
    [15] = {"reserved exception 15", SIGSEGV},
    [VECTOR_MF] = {"x87 exception", SIGFPE},
    [VECTOR_AC] = {"alignment check", SIGBUS},
    [VECTOR_XM] = {"SIMD exception", SIGFPE},
    [20] = {"reserved exception 20", SIGSEGV},
    [21] = {"control protection", SIGSEGV},
};

static const char *exception_name(uint32_t vector)
{
    if (vector < ARRAY_SIZE(exceptions) && exceptions[vector].name)
        return exceptions[vector].name;
    return vector == VECTOR_NMI ? "NMI" : vector == VECTOR_MC ? "machine check" : "unknown vector";
}

/* --- page faults --------------------------------------------------------------------------------
 */

static uint32_t fault_access(uint32_t error)
{
    return error & PF_WRITE ? REGION_WRITE : REGION_READ;
}

/*
 * A fault that the tables do not explain: the page is there with the rights that were asked for. A
 * stale translation could do that once; being on another directory does it for ever.
 */
static void check_user_directory(const struct trapframe *tf, const struct space *space,
                                 vaddr_t address, uint32_t access)
{
    pte_t *entry = space_pte(space, address);

    if (!entry || !pte_has(*entry, PTE_PRESENT) ||
        (access == REGION_WRITE && !pte_has(*entry, PTE_WRITABLE)))
        return;
    if (gate_words(0)->user_cr3 != space->cr3)
        panic_frame(tf, gate_words(0)->user_cr3,
                    "user mode ran on directory %08x, not its own %08x: fault at %08x",
                    gate_words(0)->user_cr3, space->cr3, address);
}

static void user_page_fault(struct trapframe *tf)
{
    vaddr_t address = read_cr2();
    uint32_t access = fault_access(tf->error);
    struct space *space = current_thread()->space;

    counters.page_faults++;
    check_user_directory(tf, space, address, access);
    interrupts_enable();
    int error = space_fault(space, address, access);
    if (error == -ENOMEM)
        process_kill(SIGKILL, tf, "out of memory at %08x", address);
    if (error)
        process_kill(SIGSEGV, tf, "page fault at %08x (%s, %s)", address,
                     tf->error & PF_WRITE ? "write" : "read",
                     tf->error & PF_PRESENT ? "not allowed" : "not mapped");
}

/* The direct copy strategy faults on user pages as the user would have, and is served alike. */
static bool kernel_page_fault(struct trapframe *tf)
{
    vaddr_t address = read_cr2();
    struct space *space = current_thread()->space;

    if (address >= USER_LIMIT || !space || space->isolation != ISOLATION_SHARED)
        return false;
    counters.page_faults++;
    if (tf->eflags & EFLAGS_IF)
        interrupts_enable();
    int error = space_fault(space, address, fault_access(tf->error));
    if (error == -ENOMEM)
        thread_die_on_return(current_thread(), SIGKILL);
    interrupts_disable();
    return !error;
}

/* --- exceptions ---------------------------------------------------------------------------------
 */

static uint32_t find_fixup(uint32_t eip)
{
    for (const struct exception_fixup *e = exception_table; e < exception_table_end; e++) {
        if (e->fault == eip)
            return e->fixup;
    }
    return 0;
}

static void kernel_exception(struct trapframe *tf)
{
    uint32_t fixup = find_fixup(tf->eip);

    /* an NMI may stand at the iret too, but only a fault of a segment means that it was refused */
    if (gate_is_exit_iret(tf->eip) && tf->vector >= VECTOR_TS && tf->vector <= VECTOR_GP) {
        /* the user's frame was refused: it becomes the user's fault (gate.S, exit_refused) */
        tf->eip = (uint32_t)split_gate_exit_refused;
        return;
    }
    switch (tf->vector) {
    case VECTOR_DB:
        /* a door was entered with TF set: drop it, remember it for the way out */
        tf->eflags &= ~EFLAGS_TF;
        write_dr6(0);
        thread_stepped_into_kernel(((struct stack_top *)gate_words(0)->kstack)->thread);
        return;
    case VECTOR_NMI:
        counters.interrupts++;
        return;
    case VECTOR_NM:
        /* CR0.TS set by a task gate's task switch: the state is this thread's already */
        __asm__ volatile("clts");
        return;
    case VECTOR_PF:
        /* only instructions that have a fixup may touch user memory */
        if (fixup && kernel_page_fault(tf))
            return;
        break;
    }
    if (!fixup)
        panic_frame(tf, read_cr3(), "%s in the kernel, error %x, address %08x",
                    exception_name(tf->vector), tf->error, read_cr2());
    tf->eip = fixup;
}

static void user_exception(struct trapframe *tf)
{
    counters.exceptions++;
    switch (tf->vector) {
    case VECTOR_PF:
        user_page_fault(tf);
        return;
    case VECTOR_NMI:
        counters.interrupts++;
        return;
    case VECTOR_NM:
        __asm__ volatile("clts");
        return;
    case VECTOR_MC:
        panic_frame(tf, read_cr3(), "machine check");
    case VECTOR_DB:
        write_dr6(0);
        break;
    }
    interrupts_enable();
    int signal = tf->vector < ARRAY_SIZE(exceptions) && exceptions[tf->vector].signal
                     ? exceptions[tf->vector].signal
                     : SIGSEGV;
    process_kill(signal, tf, "%s (error %x)", exception_name(tf->vector), tf->error);
}

void trap_dispatch(struct trapframe *tf)
{
    bool from_user = trapframe_from_user(tf);

    if (tf->vector >= VECTOR_IRQ) {
        counters.interrupts++;
        irq_dispatch(tf->vector, from_user);
    } else if (from_user) {
        user_exception(tf);
    } else {
        kernel_exception(tf);
    }
    if (from_user)
        return_to_user(current_thread(), tf);
}
