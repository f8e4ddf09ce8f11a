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
static const uint8_t old_code[8] = {0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80};
static const uint8_t rt_code[8] = {0xb8, 173, 0, 0, 0, 0xcd, 0x80, 0};

/* The frame of a handler without SA_SIGINFO; what is between the two parts is nobody's. */
struct old_frame_head {
    vaddr_t return_address;
    int32_t signal;
    struct sigcontext context;
};

struct old_frame_tail {
    uint32_t mask_high;
    uint8_t code[8];
};

struct old_frame {
    struct old_frame_head head;
    struct fpstate unused;
    struct old_frame_tail tail;
};

struct rt_frame {
    vaddr_t return_address;
    int32_t signal;
    vaddr_t info_address, context_address;
    struct siginfo_user info;
    struct ucontext context;
    uint8_t code[8];
};

UNSAFE_POINTER(old_frame_head, struct old_frame_head);
UNSAFE_POINTER(old_frame_tail, struct old_frame_tail);
UNSAFE_POINTER(rt_frame, struct rt_frame);

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

/* Writes the FPU's state below *stack, which moves. */
static int push_fpstate(vaddr_t *stack)
{
    struct thread *thread = current_thread();

    /* the thread's own buffer is free while it runs */
    fpu_copy_current(thread->fpu);
    *stack = ROUND_DOWN(*stack - sizeof(struct fpstate), 16);
    return fpu_to_frame(thread->fpu, (unsafe_fpstate){.address = *stack});
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

static int push_old_frame(vaddr_t esp, vaddr_t fpstate, const struct trapframe *tf,
                          const struct sigaction *action, int signal, sigset_t mask)
{
    unsafe_old_frame_head user_head = {.address = esp};
    unsafe_old_frame_tail user_tail = {.address = esp + offsetof(struct old_frame, tail)};
    struct old_frame_head head;
    struct old_frame_tail tail;

    head.return_address = return_address(action, VDSO_SIGRETURN);
    head.signal = signal;
    fill_context(&head.context, tf, fpstate, mask);
    tail.mask_high = mask >> 32;
    memcpy(tail.code, old_code, sizeof(tail.code));
    return copy_object_k2u(user_head, &head) ?: copy_object_k2u(user_tail, &tail);
}

static int push_rt_frame(vaddr_t esp, vaddr_t fpstate, const struct trapframe *tf,
                         const struct sigaction *action, const struct siginfo *info, sigset_t mask)
{
    const struct thread *thread = current_thread();
    struct rt_frame frame;

    memset(&frame, 0, sizeof(frame));
    frame.return_address = return_address(action, VDSO_RT_SIGRETURN);
    frame.signal = info->signo;
    frame.info_address = esp + offsetof(struct rt_frame, info);
    frame.context_address = esp + offsetof(struct rt_frame, context);
    frame.info.info = *info;
    frame.context.stack = thread->altstack;
    if (!thread->altstack.size)
        frame.context.stack.flags = SS_DISABLE;
    else if (on_altstack(thread, tf->esp))
        frame.context.stack.flags |= SS_ONSTACK;
    fill_context(&frame.context.context, tf, fpstate, mask);
    frame.context.mask = mask;
    memcpy(frame.code, rt_code, sizeof(frame.code));
    unsafe_rt_frame user = {.address = esp};
    return copy_object_k2u(user, &frame);
}

int signal_frame_push(struct trapframe *tf, const struct sigaction *action,
                      const struct siginfo *info, sigset_t mask)
{
    struct thread *thread = current_thread();
    bool rt = action->flags & SA_SIGINFO;
    vaddr_t stack = frame_stack(thread, tf, action);
    bool was_on_altstack = thread->altstack.size && on_altstack(thread, stack);

    if (push_fpstate(&stack))
        return -EFAULT;
    vaddr_t fpstate = stack;
    vaddr_t esp = align_frame(stack - (rt ? sizeof(struct rt_frame) : sizeof(struct old_frame)));
    /* a handler on the alternate stack that would run out of it */
    if (was_on_altstack && !on_altstack(thread, esp))
        return -EFAULT;
    if (rt ? push_rt_frame(esp, fpstate, tf, action, info, mask)
           : push_old_frame(esp, fpstate, tf, action, info->signo, mask))
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
    fpu_reset(); /* the handler starts with an FPU like a new program's */
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

static int restore_fpu(vaddr_t fpstate)
{
    struct thread *thread = current_thread();
    unsafe_fpstate user = {.address = fpstate};

    if (unsafe_is_null(user)) {
        fpu_reset();
        return 0;
    }
    if (fpu_from_frame(user, thread->fpu))
        return -EFAULT;
    fpu_load(thread->fpu);
    return 0;
}

static int restore(struct trapframe *tf, const struct sigcontext *context, sigset_t mask)
{
    struct thread *thread = current_thread();

    signal_set_blocked(mask);
    if (restore_fpu(context->fpstate))
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
    vaddr_t address = tf->esp - offsetof(struct old_frame, head.context);
    unsafe_sigcontext user = {.address = tf->esp};
    unsafe_bytes mask_high = {.address = address + offsetof(struct old_frame, tail.mask_high)};
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
