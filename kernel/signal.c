/* Signals: sending, what is pending, and what a thread does about it before user mode. */
#include "kernel/signal.h"

#include "arch/i386/trapframe.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/session.h"
#include "kernel/string.h"
#include "mm/heap.h"

#define UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
#define STOP_SIGNALS \
    (SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))
#define IGNORED_SIGNALS \
    (SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH))
/* a fault of the thread itself comes before what others sent */
#define SYNCHRONOUS_SIGNALS                                                                \
    (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | \
     SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

/* --- handlers ------------------------------------------------------------------------------------
 */

struct sighand *sighand_create(void)
{
    struct sighand *sighand = heap_alloc_zeroed(sizeof(*sighand));

    if (sighand)
        sighand->references = 1;
    return sighand;
}

struct sighand *sighand_clone(const struct sighand *sighand)
{
    struct sighand *copy = heap_alloc(sizeof(*copy));

    if (copy) {
        *copy = *sighand;
        copy->references = 1;
    }
    return copy;
}

void sighand_get(struct sighand *sighand)
{
    sighand->references++;
}

void sighand_put(struct sighand *sighand)
{
    if (!--sighand->references)
        heap_free(sighand);
}

void sighand_reset(struct sighand *sighand)
{
    for (unsigned i = 0; i < NSIG; i++) {
        vaddr_t kept = sighand->actions[i].handler == SIG_IGN ? SIG_IGN : SIG_DFL;
        sighand->actions[i] = (struct sigaction){.handler = kept};
    }
}

/* --- what is pending -----------------------------------------------------------------------------
 */

static int first_signal(sigset_t set)
{
    if (set & SYNCHRONOUS_SIGNALS)
        set &= SYNCHRONOUS_SIGNALS;
    return (uint32_t)set ? __builtin_ctz((uint32_t)set) + 1
                         : __builtin_ctz((uint32_t)(set >> 32)) + 33;
}

int signal_take(sigset_t set, struct siginfo *info)
{
    struct thread *thread = current_thread();
    struct signal_pending *pending = &thread->pending;

    if (!(pending->set & set))
        pending = &thread->process->pending;
    if (!(pending->set & set))
        return 0;
    int signal =
        pending->set & set & SIGNAL_BIT(SIGKILL) ? SIGKILL : first_signal(pending->set & set);
    signal_pending_take(pending, signal, info);
    return signal;
}

/* --- waking --------------------------------------------------------------------------------------
 */

bool thread_is_killed(const struct thread *thread)
{
    const struct process *process = thread->process;

    return process && (process->exiting || thread->must_die ||
                       ((thread->pending.set | process->pending.set) & SIGNAL_BIT(SIGKILL)));
}

static void wake_thread(struct thread *thread)
{
    uint32_t flags = interrupts_save();

    thread->work |= WORK_SIGNAL;
    if (thread->sleep == SLEEP_INTERRUPTIBLE ||
        (thread->sleep == SLEEP_KILLABLE && thread_is_killed(thread)))
        sched_wake(thread);
    interrupts_restore(flags);
}

void signal_wake_all(struct process *process)
{
    struct thread *thread;

    for_each_thread(thread, process) wake_thread(thread);
    wait_wake(&process->resumed);
}

/* --- sending -------------------------------------------------------------------------------------
 */

static bool is_ignored_by_default(int signal)
{
    return signal < SIGRTMIN && (uint32_t)IGNORED_SIGNALS >> (signal - 1) & 1;
}

/* True if signal would do nothing whoever takes it; init has only the handlers that it asked for.
 */
static bool is_ignored(const struct process *process, int signal)
{
    vaddr_t handler = process->sighand->actions[signal - 1].handler;

    if (handler == SIG_IGN)
        return true;
    return handler == SIG_DFL && (is_ignored_by_default(signal) || process == init_process);
}

/* A signal that stops takes away a pending SIGCONT, and the other way round, whatever becomes of it
 * itself (signal(7)). */
static void undo_opposite(struct process *process, int signal)
{
    sigset_t opposite = signal == SIGCONT ? STOP_SIGNALS : SIGNAL_BIT(SIGCONT);
    struct thread *thread;

    if (process->pending.set & opposite)
        signal_pending_remove(&process->pending, opposite);
    for_each_thread(thread, process)
    {
        if (thread->pending.set & opposite)
            signal_pending_remove(&thread->pending, opposite);
    }
    if (signal == SIGCONT && process->stop_signal) {
        process->stop_signal = 0;
        process->report_stop = false;
        process->report_continue = true;
        process_notify_parent(process, CLD_CONTINUED, SIGCONT);
        wait_wake(&process->resumed);
    }
}

/* A thread of process that would take signal now: one that does not block it. */
static struct thread *find_taker(struct process *process, int signal)
{
    struct thread *thread;

    for_each_thread(thread, process)
    {
        if (!(thread->blocked & signal_bit(signal)))
            return thread;
    }
    return NULL;
}

/* rt_sigtimedwait() takes what is blocked. */
static void wake_awaiting(struct process *process, int signal)
{
    struct thread *thread;

    for_each_thread(thread, process)
    {
        if (thread->awaited & signal_bit(signal))
            sched_wake(thread);
    }
}

/* RLIMIT_SIGPENDING is about all that waits for the processes of one real user (getrlimit(2)). */
static __attribute__((noinline)) bool has_too_many(const struct process *receiver)
{
    const struct process *process;
    const struct thread *thread;
    uint32_t count = 0, flags = interrupts_save();

    list_for_each(process, &process_list, all) {
        if (process->credentials.user.real != receiver->credentials.user.real)
            continue;
        count += signal_pending_count(&process->pending);
        for_each_thread(thread, process) count += signal_pending_count(&thread->pending);
    }
    interrupts_restore(flags);
    return count >= limit_of(receiver, RLIMIT_SIGPENDING);
}

/* To a thread, or to any of the process's if thread is NULL. */
static int send(struct process *process, struct thread *thread, int signal,
                const struct siginfo *info)
{
    if (process->zombie)
        return 0;
    if (unlikely((STOP_SIGNALS | SIGNAL_BIT(SIGCONT)) & signal_bit(signal)))
        undo_opposite(process, signal);
    struct thread *taker = thread && !(thread->blocked & signal_bit(signal)) ? thread
                           : thread                                          ? NULL
                                    : find_taker(process, signal);
    /* a blocked one stays pending even if ignored: its handler may be set before it is unblocked */
    if (taker && is_ignored(process, signal))
        return 0;
    if (info && signal >= SIGRTMIN && has_too_many(process)) {
        if (info->code != SI_USER)
            return -EAGAIN;
        info = NULL;
    }
    int error = signal_pending_add(thread ? &thread->pending : &process->pending, signal, info);
    if (error)
        return error;
    if (signal == SIGKILL)
        signal_wake_all(process);
    else if (taker)
        wake_thread(taker);
    else
        wake_awaiting(process, signal);
    return 0;
}

int signal_send(struct process *process, const struct siginfo *info)
{
    return send(process, NULL, info->signo, info);
}

int signal_send_thread(struct thread *thread, const struct siginfo *info)
{
    return send(thread->process, thread, info->signo, info);
}

void signal_raise(struct process *process, int signal)
{
    send(process, NULL, signal, NULL);
}

void signal_raise_thread(struct thread *thread, int signal)
{
    send(thread->process, thread, signal, NULL);
}

void signal_raise_group(int32_t group, int signal)
{
    struct process *process;

    list_for_each(process, &process_list, all) {
        if (process->group == group)
            signal_raise(process, signal);
    }
}

void signal_force(const struct siginfo *info)
{
    struct thread *thread = current_thread();
    struct process *process = thread->process;
    struct sigaction *action = &process->sighand->actions[info->signo - 1];
    sigset_t bit = signal_bit(info->signo);

    if (action->handler == SIG_IGN || (thread->blocked & bit)) {
        action->handler = SIG_DFL;
        thread->blocked &= ~bit;
    }
    /* not even init survives its own fault, so nothing here asks who ignores what */
    if (signal_pending_add(&thread->pending, info->signo, info) == 0)
        wake_thread(thread);
}

static __attribute__((noinline)) void forget(struct process *process, int signal)
{
    struct thread *thread;

    signal_pending_remove(&process->pending, signal_bit(signal));
    for_each_thread(thread, process) signal_pending_remove(&thread->pending, signal_bit(signal));
}

void signal_forget_ignored(struct process *process, int signal)
{
    if (is_ignored(process, signal))
        forget(process, signal);
}

/* --- masks ---------------------------------------------------------------------------------------
 */

/* Any of the signals that a thread just blocked may be for another thread to take. */
static void hand_over(struct process *process, sigset_t blocked_now)
{
    struct thread *thread;

    if (!(process->pending.set & blocked_now))
        return;
    for_each_thread(thread, process)
    {
        if (process->pending.set & ~thread->blocked)
            wake_thread(thread);
    }
}

void signal_thread_left(struct process *process)
{
    hand_over(process, ~0ull);
}

void signal_set_blocked(sigset_t blocked)
{
    struct thread *thread = current_thread();
    sigset_t before = thread->blocked;
    sigset_t pending = thread->pending.set | thread->process->pending.set;

    thread->blocked = blocked & ~UNBLOCKABLE;
    if (likely(!pending))
        return;
    hand_over(thread->process, blocked & ~before);
    if (pending & ~thread->blocked)
        wake_thread(thread);
}

void signal_set_temporary_mask(sigset_t blocked)
{
    struct thread *thread = current_thread();

    if (!thread->mask_is_temporary)
        thread->saved_mask = thread->blocked;
    thread->mask_is_temporary = true;
    signal_set_blocked(blocked);
    /* the way back to user mode restores the mask, signal or not */
    uint32_t flags = interrupts_save();
    thread->work |= WORK_MASK;
    interrupts_restore(flags);
}

bool signal_is_ignored_or_blocked(int signal)
{
    const struct thread *thread = current_thread();

    return (thread->blocked & signal_bit(signal)) ||
           thread->process->sighand->actions[signal - 1].handler == SIG_IGN;
}

/* --- on the way to user mode ---------------------------------------------------------------------
 */

static bool is_door(uint32_t vector)
{
    return vector == VECTOR_INT80 || (vector >= VECTOR_SYSENTER && vector <= VECTOR_CALLGATE);
}

/* The -ERESTART* that the call in tf ended with, or 0. */
static int restart_of(const struct trapframe *tf)
{
    int result = tf->eax;

    return is_door(tf->vector) && result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK
               ? result
               : 0;
}

static void restart(struct trapframe *tf, int how)
{
    if (signal_frame_rewind(tf)) /* error: the number of the call */
        tf->eax = how == -ERESTART_RESTARTBLOCK ? RESTART_SYSCALL : tf->error;
    else
        tf->eax = -EINTR;
}

static void restart_around_handler(struct trapframe *tf, int how, const struct sigaction *action)
{
    if (how == -ERESTARTNOINTR || (how == -ERESTARTSYS && (action->flags & SA_RESTART)))
        restart(tf, how);
    else
        tf->eax = -EINTR;
}

static void stop(struct process *process, int signal)
{
    process->stop_signal = signal;
    process->report_stop = true;
    process->report_continue = false;
    process_notify_parent(process, CLD_STOPPED, signal);
    signal_wake_all(process);
}

static void stay_stopped(struct thread *thread)
{
    struct process *process = thread->process;

    wait_until(&process->resumed, !process->stop_signal || thread_is_killed(thread));
}

static void default_action(struct process *process, int signal)
{
    if (is_ignored_by_default(signal))
        return;
    if (STOP_SIGNALS & signal_bit(signal)) {
        /* nobody could continue an orphaned group's members (POSIX 2.4.3) */
        if (signal == SIGSTOP || !group_is_orphaned(process->group))
            stop(process, signal);
        return;
    }
    process_exit(signal);
}

/* Enters the handler. */
static void handle(struct thread *thread, struct trapframe *tf, const struct siginfo *info)
{
    struct sigaction *entry = &thread->process->sighand->actions[info->signo - 1];
    struct sigaction action = *entry;
    sigset_t mask = thread->mask_is_temporary ? thread->saved_mask : thread->blocked;

    thread->mask_is_temporary = false;
    if (action.flags & SA_RESETHAND)
        entry->handler = SIG_DFL;
    if (signal_frame_push(tf, &action, info, mask)) {
        thread->blocked = mask;
        if (thread_is_killed(thread)) /* there was no memory for the stack's page */
            return;
        if (info->signo == SIGSEGV)
            thread->process->sighand->actions[SIGSEGV - 1].handler = SIG_DFL;
        signal_force(&(struct siginfo){.signo = SIGSEGV, .code = SI_KERNEL});
        return;
    }
    sigset_t blocked = thread->blocked | action.mask;
    if (!(action.flags & SA_NODEFER))
        blocked |= signal_bit(info->signo);
    thread->blocked = blocked & ~UNBLOCKABLE;
}

void signal_deliver(struct thread *thread, struct trapframe *tf)
{
    struct process *process = thread->process;
    int interrupted = restart_of(tf), signal;
    struct siginfo info;

    for (;;) {
        if (process->exiting || thread->must_die)
            thread_exit(process->status);
        if (process->stop_signal && !thread_is_killed(thread)) {
            stay_stopped(thread);
            continue;
        }
        if (!((thread->pending.set | process->pending.set) & ~thread->blocked))
            break;
        signal = signal_take(~thread->blocked, &info);
        const struct sigaction *action = &process->sighand->actions[signal - 1];
        if (action->handler == SIG_IGN)
            continue;
        if (action->handler == SIG_DFL) {
            if (process != init_process || info.code > 0)
                default_action(process, signal);
            continue;
        }
        if (interrupted)
            restart_around_handler(tf, interrupted, action);
        interrupted = 0;
        handle(thread, tf, &info);
    }
    if (interrupted)
        restart(tf, interrupted);
    if (thread->mask_is_temporary) {
        thread->mask_is_temporary = false;
        signal_set_blocked(thread->saved_mask);
    }
}
