/*
 * Every vector but the system call doors: interrupts go to their drivers, a user's exception
 * becomes its signal or a resolved page fault, the kernel's own is fixed up by the exception table
 * or ends in a panic. Called by the gate page on a kernel stack, interrupts off.
 */
#include "arch/i386/asm.h"
#include "arch/i386/fpu.h"
#include "arch/i386/irq.h"
#include "arch/i386/switch.h"
#include "kernel/counters.h"
#include "kernel/errno.h"
#include "kernel/format.h"
#include "kernel/oom.h"
#include "kernel/ipc_direct.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/return.h"
#include "kernel/sweep.h"
#include "mm/space.h"
#include "trampoline/gate.h"

/* Page fault error code (SDM 3A 4.7). */
#define PF_PRESENT      1
#define PF_WRITE        2
#define PF_USER         4

#define DR6_SINGLE_STEP 0x4000 /* SDM 3B 17.2.3 */

struct exception_fixup {
    uint32_t fault, fixup;
};
extern const struct exception_fixup exception_table[], exception_table_end[];
extern const struct exception_fixup gate_fixups_split[], gate_fixups_shared[],
    gate_fixups_split_resident[], gate_fixups_shared_resident[], gate_fixups_end[];

/* What each exception is called, and what Linux makes of it in user mode: the signal, its si_code,
 * and whether si_addr is the EIP. */
static const struct {
    const char *name;
    int signal, code;
    bool has_address;
} exceptions[VECTOR_IRQ] = {
    [0] = {"divide error", SIGFPE, FPE_INTDIV, true},
    [VECTOR_DB] = {"debug trap", SIGTRAP, TRAP_TRACE, true},
    [VECTOR_BP] = {"breakpoint", SIGTRAP, SI_KERNEL, false},
    [VECTOR_OF] = {"overflow", SIGSEGV, SI_KERNEL, false},
    [VECTOR_BR] = {"bound range exceeded", SIGSEGV, SI_KERNEL, false},
    [VECTOR_UD] = {"invalid opcode", SIGILL, ILL_ILLOPN, true},
    [9] = {"coprocessor segment overrun", SIGFPE, SI_KERNEL, false},
    [VECTOR_TS] = {"invalid TSS", SIGSEGV, SI_KERNEL, false},
    [VECTOR_NP] = {"segment not present", SIGBUS, SI_KERNEL, false},
    [VECTOR_SS] = {"stack segment fault", SIGBUS, SI_KERNEL, false},
    [VECTOR_GP] = {"general protection fault", SIGSEGV, SI_KERNEL, false},
    [15] = {"reserved exception 15", SIGSEGV, SI_KERNEL, false},
    [VECTOR_MF] = {"x87 exception", SIGFPE, FPE_FLTINV, true},
    [VECTOR_AC] = {"alignment check", SIGBUS, BUS_ADRALN, false},
    [VECTOR_XM] = {"SIMD exception", SIGFPE, FPE_FLTINV, true},
    [20] = {"reserved exception 20", SIGSEGV, SI_KERNEL, false},
    [21] = {"control protection", SIGSEGV, SI_KERNEL, false},
};

static const char *exception_name(uint32_t vector)
{
    if (vector < ARRAY_SIZE(exceptions) && exceptions[vector].name)
        return exceptions[vector].name;
    return vector == VECTOR_PF    ? "page fault"
           : vector == VECTOR_NMI ? "NMI"
           : vector == VECTOR_MC  ? "machine check"
                                  : "unknown vector";
}

/* --- what user mode did --------------------------------------------------------------------------
 */

/* The user's signal, and a line on the console if it will end the process. */
__attribute__((format(printf, 3, 4))) static void
user_fault(const struct trapframe *tf, const struct siginfo *info, const char *format, ...)
{
    const struct thread *thread = current_thread();
    const struct process *process = thread->process;
    vaddr_t handler = process->sighand->actions[info->signo - 1].handler;
    char reason[80];
    va_list arguments;

    if (handler == SIG_DFL || handler == SIG_IGN || (thread->blocked & signal_bit(info->signo))) {
        va_start(arguments, format);
        vsnprintf(reason, sizeof(reason), format, arguments);
        va_end(arguments);
        printk(LOG_NOTICE, "postern: %s[%d]: %s at eip %08x esp %08x: signal %d\n", process->name,
               process->pid, reason, tf->eip, tf->esp, info->signo);
    }
    signal_force(info);
}

/* --- page faults --------------------------------------------------------------------------------
 */

static uint32_t fault_access(uint32_t error)
{
    return error & PF_WRITE ? REGION_WRITE : REGION_READ;
}

/*
 * A fault that the tables do not explain: the page is there with the rights that were asked for.
 * Every change of an entry is followed by its INVLPG or a CR3 load, so it is no stale translation:
 * user mode ran on another directory. The next exit would load the right one, and nobody would
 * know.
 */
static void check_user_directory(const struct trapframe *tf, const struct space *space,
                                 vaddr_t address, uint32_t access)
{
    pte_t *entry = address < USER_LIMIT ? space_pte(space, address) : NULL;

    if (!entry || !pte_has(*entry, PTE_PRESENT | PTE_USER) ||
        (access == REGION_WRITE && !pte_has(*entry, PTE_WRITABLE)))
        return;
    panic_frame(tf, gate_words(0)->user_cr3,
                "user mode ran on directory not its own: %08x is set, %08x is due, fault at %08x",
                gate_words(0)->user_cr3, space->cr3, address);
}

static void user_page_fault(struct trapframe *tf)
{
    vaddr_t address = read_cr2();
    uint32_t access = fault_access(tf->error);
    struct space *space = current_thread()->space;

    current_thread()->cr2 = address;
    /* whether the kernel has a page there is not for user mode to know */
    if (address >= USER_LIMIT)
        current_thread()->trap_error |= PF_PRESENT;
    counters.page_faults++;
    check_user_directory(tf, space, address, access);
    interrupts_enable();
    if (oom_relieved())
        return;
    int error = space_fault(space, address, access);
    if (error == -ENOMEM) {
        printk(LOG_NOTICE, "postern: %s[%d]: out of memory at %08x: signal %d\n",
               current_process()->name, current_process()->pid, address, SIGKILL);
        thread_out_of_memory();
    } else if (error) {
        struct siginfo info = {.signo = error == -ENXIO ? SIGBUS : SIGSEGV,
                               .code = error == -ENXIO    ? BUS_ADRERR
                                       : error == -EACCES ? SEGV_ACCERR
                                                          : SEGV_MAPERR,
                               .fault = {.address = address}};
        user_fault(tf, &info, "page fault at %08x (%s, %s)", address,
                   tf->error & PF_WRITE ? "write" : "read",
                   error == -EFAULT ? "not mapped" : "not allowed");
    }
}

/* --- exceptions ---------------------------------------------------------------------------------
 */

static uint32_t find_in(const struct exception_fixup *table, const struct exception_fixup *end,
                        uint32_t eip)
{
    for (; table < end; table++) {
        if (table->fault == eip)
            return table->fixup;
    }
    return 0;
}

static uint32_t find_fixup(uint32_t eip)
{
    /* each gate page's table ends where the next one's begins */
    static const struct exception_fixup *const tables[GATE_VARIANTS + 1] = {
        [GATE_SPLIT] = gate_fixups_split,
        [GATE_SHARED] = gate_fixups_shared,
        [GATE_SPLIT_RESIDENT] = gate_fixups_split_resident,
        [GATE_SHARED_RESIDENT] = gate_fixups_shared_resident,
        [GATE_VARIANTS] = gate_fixups_end,
    };

    if (eip < GATE_REGION)
        return find_in(exception_table, exception_table_end, eip);
    return find_in(tables[switch_gate_variant()], tables[switch_gate_variant() + 1], eip);
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
        /* of a copy, which makes the page present and tries again: mm/copy_steps.h */
        counters.page_faults++;
        break;
    }
    if (!fixup)
        panic_frame(tf, read_cr3(), "%s in the kernel, error %x, address %08x",
                    exception_name(tf->vector), tf->error, read_cr2());
    tf->eip = fixup;
}

/* FPE_*: the first of the unmasked exceptions of an x87 or SSE status (SDM 1 8.5, 11.5). */
static int fpe_code(uint32_t unmasked)
{
    return unmasked & 0x01   ? FPE_FLTINV
           : unmasked & 0x04 ? FPE_FLTDIV
           : unmasked & 0x08 ? FPE_FLTOVF
           : unmasked & 0x12 ? FPE_FLTUND
           : unmasked & 0x20 ? FPE_FLTRES
                             : FPE_FLTINV;
}

static int exception_code(uint32_t vector)
{
    struct thread *thread = current_thread();

    if (vector == VECTOR_MF || vector == VECTOR_XM) {
        fpu_copy_current(thread->fpu);
        return fpe_code(fpu_unmasked_exceptions(thread->fpu, vector == VECTOR_XM));
    }
    if (vector == VECTOR_DB)
        return read_dr6() & DR6_SINGLE_STEP ? TRAP_TRACE : TRAP_BRKPT;
    return exceptions[vector].code;
}

static void user_exception(struct trapframe *tf)
{
    struct thread *thread = current_thread();

    counters.exceptions++;
    switch (tf->vector) {
    case VECTOR_NMI:
        counters.interrupts++;
        return;
    case VECTOR_NM:
        __asm__ volatile("clts");
        return;
    case VECTOR_MC:
        panic_frame(tf, read_cr3(), "machine check");
    }
    thread->trap = tf->vector;
    thread->trap_error = tf->error;
    if (tf->vector == VECTOR_PF) {
        user_page_fault(tf);
        return;
    }
    interrupts_enable();
    struct siginfo info = {.signo = SIGSEGV, .code = SI_KERNEL};
    if (tf->vector < ARRAY_SIZE(exceptions) && exceptions[tf->vector].signal) {
        info.signo = exceptions[tf->vector].signal;
        info.code = exception_code(tf->vector);
        info.fault.address = exceptions[tf->vector].has_address ? tf->eip : 0;
    }
    if (tf->vector == VECTOR_DB)
        write_dr6(0);
    user_fault(tf, &info, "%s (error %x)", exception_name(tf->vector), tf->error);
}

/*
 * What comes on the entry stack is not served before the next exit of the kernel: the gate page
 * must not put the thread to sleep over it. An NMI has nothing that could be served, and it alone
 * comes in the middle of a direct message, when the slots agree neither with each other nor with
 * the kernel's lists.
 */
static __attribute__((noinline)) void trap_in_gate(const struct trapframe *tf)
{
    if (tf->vector == VECTOR_NMI)
        return;
    if (current_thread()->state != THREAD_RUNNABLE)
        direct_settle(current_thread());
    gate_words(0)->slot = NULL;
}

void trap_dispatch(struct trapframe *tf)
{
    bool from_user = trapframe_from_user(tf);

    if (from_user) {
        if (unlikely(thread_of(tf)->state != THREAD_RUNNABLE))
            direct_settle(thread_of(tf));
    } else if ((vaddr_t)tf >= GATE_REGION) {
        trap_in_gate(tf);
    }
    if (unlikely(sweep_on) && (tf->vector >= VECTOR_IRQ || tf->vector == VECTOR_NMI))
        sweep_record(tf->vector, tf->eip, tf->cs);
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
