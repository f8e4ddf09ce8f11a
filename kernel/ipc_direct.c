/*
 * ipc=direct: the gate page goes from a caller to its server and back by itself; here is what lets
 * it, and what catches up with it.
 *
 * A thread gets a slot (trampoline/slot.h) with its first message in the short form, and keeps it
 * until it ends or runs a new program. When it sleeps in a message so that the gate page may wake
 * it, its slot says so (it is armed), and the dispatcher's fast way is closed to it (nr_calls): if
 * it then enters the kernel although the kernel believes it asleep, the gate page has switched, and
 * direct_settle() puts everybody whom the slots know where they are. A thread that went to sleep in
 * the gate page has an empty kernel stack, even if the kernel saw it asleep all the time: it was in
 * user mode, and an NMI may have used the stack. Before it runs in the kernel again it gets one
 * that goes on in ipc_resume(), which is what every short message comes to after its sleep.
 *
 * So between two entries of the kernel the slots are right and the kernel's lists may be old; from
 * then on until the CPU leaves, both are right. Whatever ends a sleep in the kernel disarms the
 * slot first.
 */
#include "kernel/ipc_direct.h"

#include "arch/i386/cpu.h"
#include "arch/i386/segments.h"
#include "arch/i386/switch.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "mm/space.h"
#include "trampoline/slot.h"

enum {
#define SYSCALL(number, name, ...) NR_##name = number,
#include "kernel/syscalls.def"
#undef SYSCALL
};
_Static_assert(DIRECT_CALL == NR_ipc_call, "the gate page knows its number");
_Static_assert(DIRECT_REPLY_AND_WAIT == NR_ipc_reply_and_wait, "the gate page knows its number");

#define SLOTS ((struct slot *)GATE_SLOTS) /* only while nr_owners is not 0 */

static struct thread *owners[DIRECT_SLOTS];
static uint8_t *fpu_homes[DIRECT_SLOTS]; /* the owner's fpu while it has no slot */
static unsigned nr_owners;

static struct thread *owner_of(const struct slot *slot)
{
    return owners[slot - SLOTS];
}

#define for_each_owner(thread)                                              \
    for (unsigned owner_ = 0; nr_owners && owner_ < DIRECT_SLOTS; owner_++) \
        if (((thread) = owners[owner_]))

/* --- having a slot ---------------------------------------------------------------------------- */

/* A slot for the running thread, whose FPU state lives there from now on. NULL: all are taken. */
static struct slot *slot_take(struct thread *thread)
{
    unsigned i = 0;

    while (i < DIRECT_SLOTS && owners[i])
        i++;
    if (i == DIRECT_SLOTS)
        return NULL;
    owners[i] = thread;
    if (!nr_owners++)
        gate_map_slots(true);
    struct slot *slot = &SLOTS[i];
    *slot = (struct slot){
        .cr3 = thread->space->cr3,
        .kstack = (uint32_t)thread->top,
        .peer = slot,
    };
    fpu_homes[i] = thread->fpu;
    thread->fpu = slot->fpu;
    return thread->ipc.slot = slot;
}

void direct_leave(struct thread *thread)
{
    struct slot *slot = thread->ipc.slot;
    struct thread *other;

    if (!slot)
        return;
    uint32_t flags = interrupts_save();
    for_each_owner(other)
    {
        if (other->ipc.slot->peer == slot)
            other->ipc.slot->peer = other->ipc.slot;
        if (other->ipc.slot->called == slot)
            direct_suspend(other);
    }
    gate_words(0)->slot = NULL;
    thread->ipc.slot = NULL;
    thread->fpu = fpu_homes[slot - SLOTS];
    memset(slot, 0, sizeof(*slot));
    owners[slot - SLOTS] = NULL;
    if (!--nr_owners)
        gate_map_slots(false);
    interrupts_restore(flags);
}

/* --- arming ----------------------------------------------------------------------------------- */

static bool selector_loads(const struct thread *thread, uint32_t selector)
{
    return selector < 4 || selector == USER_DS ||
           (selector == (GDT_TLS_MIN << 3 | 3) && thread->tls[0].high);
}

static bool is_flat(const struct trapframe *tf)
{
    return (uint16_t)tf->cs == USER_CS && (uint16_t)tf->ss == USER_DS &&
           (uint16_t)tf->ds == USER_DS && (uint16_t)tf->es == USER_DS;
}

/* With resident=on the CPU's page has the thread's answers, which the gate page does not switch. */
static bool is_willing(const struct thread *thread)
{
    return thread->process->ipc == IPC_DIRECT && !thread->process->watch && !thread->space->answers;
}

/* The running thread's slot, filled with its registers, or NULL if it is not fit for the gate page.
 * The first TLS descriptor is the only one that the gate page switches. */
static struct slot *slot_of(struct thread *self)
{
    const struct trapframe *tf = current_trapframe();

    if (!cpu.fxsr || self->ipc.buffers || !is_willing(self) || !is_flat(tf))
        return NULL;
    if (self->work & WORK_STEP) /* it must come back through return_work() */
        return NULL;
    uint32_t fs = read_fs(), gs = read_gs();
    if (!selector_loads(self, fs) || !selector_loads(self, gs) || self->tls[1].high ||
        self->tls[2].high)
        return NULL;
    struct slot *slot = self->ipc.slot ? self->ipc.slot : slot_take(self);
    if (!slot)
        return NULL;
    slot->tls[0] = self->tls[0].low;
    slot->tls[1] = self->tls[0].high;
    slot->fs = fs;
    slot->gs = gs;
    slot->eip =
        tf->vector == VECTOR_SYSENTER || tf->vector == VECTOR_SYSCALL ? VDSO_IPC_RETURN : tf->eip;
    slot->eflags = tf->eflags | EFLAGS_IF;
    slot->esp = tf->esp;
    slot->ebp = tf->ebp;
    slot->ebx = tf->ebx;
    slot->moved = 0;
    return slot;
}

void direct_arm_caller(struct thread *self, struct thread *server)
{
    struct slot *partner = server->ipc.slot, *slot;

    if (!partner || !is_willing(server) || server->space->isolation != self->space->isolation)
        return;
    slot = slot_of(self);
    if (!slot)
        return;
    slot->call_fd = slot->ebx;
    slot->call_endpoint = (uint32_t)self->ipc.endpoint;
    slot->peer = slot->called = partner;
    partner->caller = slot;
    self->nr_calls = 0;
}

void direct_arm_server(struct thread *self)
{
    struct slot *slot = slot_of(self);

    if (!slot)
        return;
    slot->serve_fd = slot->ebx;
    slot->serve_endpoint = slot->waiting = (uint32_t)self->ipc.endpoint;
    self->nr_calls = 0;
}

/* --- disarming -------------------------------------------------------------------------------- */

/*
 * For a thread that the gate page put to sleep: what is in its slot, into the trapframe, as if it
 * had come by int $0x80, and under that a stack that goes on behind the sleep. The words of a
 * message may be there already.
 */
static void renew_stack(struct thread *thread)
{
    struct slot *slot = thread->ipc.slot;
    struct trapframe *tf = (struct trapframe *)thread->top - 1;

    tf->ebp = slot->ebp;
    tf->ebx = slot->ebx;
    tf->eax = tf->error = slot->eax;
    tf->ds = tf->es = tf->ss = USER_DS;
    tf->vector = VECTOR_INT80;
    tf->eip = slot->eip;
    tf->cs = USER_CS;
    tf->eflags = slot->eflags;
    tf->esp = slot->esp;
    thread->work |= WORK_FRAME;
    thread->fs = slot->fs;
    thread->gs = slot->gs;
    thread->ipc.replied = true;
    thread_restart(thread, ipc_resume);
    slot->moved = 0;
}

void direct_suspend(struct thread *thread)
{
    struct slot *slot = thread->ipc.slot;

    slot->waiting = 0;
    if (slot->called)
        slot->called->caller = NULL;
    slot->called = NULL;
    if (slot->moved)
        renew_stack(thread);
}

void direct_disarm(struct thread *thread)
{
    uint32_t flags = interrupts_save();

    direct_suspend(thread);
    thread->nr_calls = thread->process->watch ? 0 : NR_SYSCALLS;
    interrupts_restore(flags);
}

void direct_crowd(const struct endpoint *endpoint)
{
    struct thread *thread;

    for_each_owner(thread)
    {
        if (thread->ipc.slot->serve_endpoint == (uint32_t)endpoint)
            thread->ipc.slot->serve_endpoint = 0;
    }
}

void direct_forget(struct thread *thread)
{
    struct slot *slot = thread->ipc.slot;

    if (slot) {
        direct_suspend(thread);
        slot->peer = slot;
        slot->serve_endpoint = 0;
    }
}

void direct_forget_all(void)
{
    struct thread *thread;

    for_each_owner(thread)
    {
        thread->ipc.slot->peer = thread->ipc.slot;
        thread->ipc.slot->serve_endpoint = 0;
    }
}

/* --- catching up ------------------------------------------------------------------------------ */

/* True if the gate page put it to sleep, and the kernel's lists do not know. */
static bool is_news(const struct slot *slot)
{
    return slot->moved && (slot->called || slot->waiting);
}

static void settle_sleeper(struct thread *thread)
{
    struct slot *slot = thread->ipc.slot;

    thread->ipc.buffers = NULL;
    if (slot->waiting) {
        ipc_enqueue(thread, (struct endpoint *)slot->waiting, IPC_RECEIVING);
    } else {
        thread->ipc.server = owner_of(slot->called);
        thread->ipc.server->ipc.caller = thread;
        ipc_enqueue(thread, (struct endpoint *)slot->call_endpoint, IPC_CALLED);
    }
    renew_stack(thread);
    thread->sleep = SLEEP_INTERRUPTIBLE;
    thread->state = THREAD_SLEEPING;
    thread->nr_calls = 0;
}

void direct_settle(struct thread *running)
{
    uint32_t flags = interrupts_save();
    struct thread *thread;

    for_each_owner(thread)
    {
        if ((thread == running || is_news(thread->ipc.slot)) && thread->ipc.state != IPC_IDLE)
            ipc_dequeue(thread);
    }
    for_each_owner(thread)
    {
        if (thread != running && is_news(thread->ipc.slot))
            settle_sleeper(thread);
    }
    running->state = THREAD_RUNNABLE;
    running->nr_calls = running->process->watch ? 0 : NR_SYSCALLS;
    interrupts_restore(flags);
}
