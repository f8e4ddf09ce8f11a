/*
 * Signal frames: what a handler finds on its stack, and the way back (sigreturn(2)). The layouts
 * are the i386 ABI's: the old frame has the signal's number and a sigcontext, the one of SA_SIGINFO
 * also siginfo_t and ucontext_t.
 *
 * What sigreturn reads was in the user's hands. Selectors get RPL 3, of the flags only the harmless
 * ones are taken; a bad EIP, CS or SS is then refused by iret itself, which is the user's fault
 * too.
 */
#include "arch/i386/cpu.h"
#include "arch/i386/fpu.h"
#include "arch/i386/fpu_frame.h"
#include "arch/i386/segments.h"
#include "arch/i386/switch.h"
#include "arch/i386/trapframe.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "trampoline/layout.h"

/* What user mode may set, by popf or here. */
#define EFLAGS_USER \
    (EFLAGS_CF | 0x04 | 0x10 | 0x40 | 0x80 | EFLAGS_TF | EFLAGS_DF | 0x800 | EFLAGS_RF | EFLAGS_AC)

/* The code in the frame; not run, but debuggers know a frame by it. */
struct frame_code {
    uint8_t bytes[8];
};
static const struct frame_code old_code = {{0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80}};
static const struct frame_code rt_code = {{0xb8, 173, 0, 0, 0, 0xcd, 0x80, 0}};

/* The frame of a handler without SA_SIGINFO. */
struct old_frame {
    vaddr_t return_address;
    int32_t signal;
    struct sigcontext context;
    struct fpstate unused;
    uint32_t mask_high;
    struct frame_code code;
};

struct rt_frame {
    vaddr_t return_address;
    int32_t signal;
    vaddr_t info_address, context_address;
    struct siginfo_user info;
    struct ucontext context;
    struct frame_code code;
};

/* --- going ---------------------------------------------------------------------------------------
 */

static bool on_altstack(const struct thread *thread, vaddr_t esp)
{
    return esp > thread->altstack.base && esp - thread->altstack.base <= thread->altstack.size;
}

/* Where the frame's stack ends; 0 if it would leave an alternate stack that it is on already. */
static vaddr_t frame_stack(const struct thread *thread, const struct trapframe *tf,
                           const struct sigaction *action)
{
    const struct sigaltstack *alt = &thread->altstack;

    if ((action->flags & SA_ONSTACK) && alt->size && !on_altstack(thread, tf->esp))
        return alt->base + alt->size;
    return tf->esp;
}

static void fill_context(struct sigcontext *context, const struct trapframe *tf, vaddr_t fpstate,
                         sigset_t mask)
{
    const struct thread *thread = current_thread();

    *context = (struct sigcontext){
        .gs = read_gs(),
        .fs = read_fs(),
        .es = tf->es & 0xffff,
        .ds = tf->ds & 0xffff,
        .edi = tf->edi,
        .esi = tf->esi,
        .ebp = tf->ebp,
        .esp = tf->esp,
        .ebx = tf->ebx,
        .edx = tf->edx,
        .ecx = tf->ecx,
        .eax = tf->eax,
        .trap = thread->trap,
        .error = thread->trap_error,
        .eip = tf->eip,
        .cs = tf->cs & 0xffff,
        .eflags = tf->eflags | EFLAGS_IF, /* which sysenter and syscall cleared */
        .esp_at_signal = tf->esp,
        .ss = tf->ss & 0xffff,
        .fpstate = fpstate,
        .mask = mask,
        .cr2 = thread->cr2,
    };
}

/* At the handler's first instruction the stack is as after a call: esp + 4 is a multiple of 16. */
static vaddr_t align_frame(vaddr_t stack)
{
    return ROUND_DOWN(stack + 4, 16) - 4;
}

static vaddr_t return_address(const struct sigaction *action, vaddr_t vdso)
{
    return action->flags & SA_RESTORER ? action->restorer : vdso;
}

/* What a handler is called with, and where on its stack. */
struct delivery {
    const struct sigaction *action;
    const struct siginfo *info;
    sigset_t mask;
    vaddr_t esp, fpstate;
};

static void fill_old_frame(struct old_frame *frame, const struct delivery *delivery,
                           const struct trapframe *tf)
{
    frame->return_address = return_address(delivery->action, VDSO_SIGRETURN);
    frame->signal = delivery->info->signo;
    fill_context(&frame->context, tf, delivery->fpstate, delivery->mask);
    frame->mask_high = delivery->mask >> 32;
    frame->code = old_code;
}

static void fill_rt_frame(struct rt_frame *frame, const struct delivery *delivery,
                          const struct trapframe *tf)
{
    const struct thread *thread = current_thread();

    frame->return_address = return_address(delivery->action, VDSO_RT_SIGRETURN);
    frame->signal = delivery->info->signo;
    frame->info_address = delivery->esp + offsetof(struct rt_frame, info);
    frame->context_address = delivery->esp + offsetof(struct rt_frame, context);
    frame->info = (struct siginfo_user){.info = *delivery->info};
    frame->context.flags = 0;
    frame->context.link = 0;
    frame->context.stack = thread->altstack;
    if (!thread->altstack.size)
        frame->context.stack.flags = SS_DISABLE;
    else if (on_altstack(thread, tf->esp))
        frame->context.stack.flags |= SS_ONSTACK;
    fill_context(&frame->context.context, tf, delivery->fpstate, delivery->mask);
    frame->context.mask = delivery->mask;
    frame->code = rt_code;
}

/* The frame and the FPU's state above it, at place as the kernel sees it. */
static void fill(uint8_t *place, const struct delivery *delivery, const struct trapframe *tf)
{
    if (delivery->action->flags & SA_SIGINFO)
        fill_rt_frame((struct rt_frame *)place, delivery, tf);
    else
        fill_old_frame((struct old_frame *)place, delivery, tf);
    fpu_to_frame((struct fpstate *)(place + (delivery->fpstate - delivery->esp)));
}

union any_frame {
    struct old_frame old;
    struct rt_frame rt;
};

/* With what aligning the frame and the FPU's state may cost. */
#define FRAME_MAX (sizeof(union any_frame) + sizeof(struct fpstate) + 2 * 16)

/* A frame that lies across two pages is built elsewhere; but first both must be there, since the
 * FPU's state can be moved only once. */
static __attribute__((noinline)) int push_across(const struct delivery *delivery, size_t size,
                                                 const struct trapframe *tf)
{
    unsafe_bytes user = {.address = delivery->esp};
    size_t lower_size = PAGE_SIZE - delivery->esp % PAGE_SIZE;
    void *lower = unsafe_view(user, lower_size);
    void *upper = unsafe_view(unsafe_advance(user, lower_size), size - lower_size);
    uint8_t buffer[FRAME_MAX] __attribute__((aligned(16)));
    uint8_t *place = buffer + delivery->esp % 16;

    if (!lower || !upper)
        return -EFAULT;
    memset(buffer, 0, sizeof(buffer));
    fill(place, delivery, tf);
    memcpy(lower, place, lower_size);
    memcpy(upper, place + lower_size, size - lower_size);
    return 0;
}

static int push(const struct delivery *delivery, const struct trapframe *tf)
{
    size_t size = delivery->fpstate + sizeof(struct fpstate) - delivery->esp;

    if (delivery->esp % PAGE_SIZE + size > PAGE_SIZE)
        return push_across(delivery, size, tf);
    uint8_t *place = unsafe_view((unsafe_bytes){.address = delivery->esp}, size);
    if (!place)
        return -EFAULT;
    fill(place, delivery, tf);
    return 0;
}

int signal_frame_push(struct trapframe *tf, const struct sigaction *action,
                      const struct siginfo *info, sigset_t mask)
{
    struct thread *thread = current_thread();
    bool rt = action->flags & SA_SIGINFO;
    vaddr_t stack = frame_stack(thread, tf, action);
    bool was_on_altstack = thread->altstack.size && on_altstack(thread, stack);
    vaddr_t fpstate = ROUND_DOWN(stack - sizeof(struct fpstate), 16);
    vaddr_t esp = align_frame(fpstate - (rt ? sizeof(struct rt_frame) : sizeof(struct old_frame)));

    /* a handler on the alternate stack that would run out of it */
    if (was_on_altstack && !on_altstack(thread, esp))
        return -EFAULT;
    if (push(&(struct delivery){action, info, mask, esp, fpstate}, tf))
        return -EFAULT;

    if (thread->altstack.flags & SS_AUTODISARM)
        thread->altstack = (struct sigaltstack){.flags = 0};
    tf->eax = info->signo;
    tf->edx = rt ? esp + offsetof(struct rt_frame, info) : 0;
    tf->ecx = rt ? esp + offsetof(struct rt_frame, context) : 0;
    tf->eip = action->handler;
    tf->esp = esp;
    tf->cs = USER_CS;
    tf->ds = tf->es = tf->ss = USER_DS;
    tf->eflags &= ~(EFLAGS_DF | EFLAGS_RF | EFLAGS_TF);
    return 0;
}

/* --- calls made again ----------------------------------------------------------------------------
 */

#define LCALL        0x9a /* with an immediate far pointer */
#define LCALL_LENGTH 7

/* True if the lcall before eip can be made again: the vDSO's own, which the copy helpers do not
 * reach, or one in the program that is the plain instruction. */
static bool follows_lcall(vaddr_t eip)
{
    uint8_t opcode;

    if (eip >= GATE_VDSO && eip < GATE_VDSO + PAGE_SIZE)
        return true;
    return !unsafe_peek8(&opcode, (unsafe_bytes){.address = eip - LCALL_LENGTH}) && opcode == LCALL;
}

bool signal_frame_rewind(struct trapframe *tf)
{
    if (tf->vector != VECTOR_CALLGATE) {
        tf->eip -= 2; /* int $0x80; sysenter and syscall by VSYSCALL's layout */
        return true;
    }
    if (!follows_lcall(tf->eip))
        return false;
    tf->eip -= LCALL_LENGTH;
    return true;
}

/* --- coming back ---------------------------------------------------------------------------------
 */

static uint32_t user_selector(uint32_t selector)
{
    selector &= 0xffff;
    return selector ? selector | 3 : 0;
}

static int restore_fpu(unsafe_fpstate user)
{
    if (!unsafe_is_null(user))
        return fpu_from_frame(user);
    fpu_reset();
    return 0;
}

static int restore(struct trapframe *tf, const struct sigcontext *context, sigset_t mask)
{
    struct thread *thread = current_thread();

    signal_set_blocked(mask);
    if (restore_fpu((unsafe_fpstate){.address = context->fpstate}))
        return -EFAULT;
    load_fs_gs(user_selector(context->fs), user_selector(context->gs));
    tf->es = user_selector(context->es);
    tf->ds = user_selector(context->ds);
    tf->edi = context->edi;
    tf->esi = context->esi;
    tf->ebp = context->ebp;
    tf->ebx = context->ebx;
    tf->edx = context->edx;
    tf->ecx = context->ecx;
    tf->eax = context->eax;
    tf->eip = context->eip;
    tf->cs = (context->cs & 0xffff) | 3;
    tf->ss = (context->ss & 0xffff) | 3;
    tf->esp = context->esp;
    tf->eflags =
        EFLAGS_FIXED | EFLAGS_IF | (tf->eflags & ~EFLAGS_USER) | (context->eflags & EFLAGS_USER);
    tf->vector = VECTOR_UNKNOWN; /* whatever eax is now, it is no result of an interrupted call */

    uint32_t flags = interrupts_save();
    thread->work |= WORK_FRAME;
    interrupts_restore(flags);
    return 0;
}

/* A frame that cannot be read is the program's own fault, in the plainest sense. */
static long bad_frame(struct trapframe *tf)
{
    signal_force(&(struct siginfo){.signo = SIGSEGV, .code = SI_KERNEL});
    return tf->eax;
}

/* The old trampoline popped the signal's number: esp is 8 behind the frame. */
SYSCALL_DEFINE0(sigreturn)
{
    vaddr_t address = tf->esp - offsetof(struct old_frame, context);
    unsafe_sigcontext user = {.address = tf->esp};
    unsafe_bytes mask_high = {.address = address + offsetof(struct old_frame, mask_high)};
    struct sigcontext context;
    uint32_t high;

    if (copy_object_u2k(&context, user) || unsafe_peek32(&high, mask_high) ||
        restore(tf, &context, (sigset_t)high << 32 | context.mask))
        return bad_frame(tf);
    return tf->eax;
}

SYSCALL_DEFINE0(rt_sigreturn)
{
    vaddr_t address = tf->esp - offsetof(struct rt_frame, signal);
    unsafe_ucontext user = {.address = address + offsetof(struct rt_frame, context)};
    struct ucontext context;

    if (copy_object_u2k(&context, user) || restore(tf, &context.context, context.mask))
        return bad_frame(tf);
    signal_restore_altstack(&context.stack);
    return tf->eax;
}
