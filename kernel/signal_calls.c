/* The signal calls of user mode, in their old and their real-time forms. */
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/session.h"
#include "kernel/syscall.h"
#include "kernel/time.h"

#define UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

/* --- handlers ------------------------------------------------------------------------------------
 */

static inline bool can_be_caught(int signal)
{
    return signal != SIGKILL && signal != SIGSTOP;
}

/* Where the action of signal is kept, for who wants to look at it or to set it; NULL. */
static inline struct sigaction *find_action(int signal, bool sets)
{
    if (unlikely(signal < 1 || signal > NSIG || (sets && !can_be_caught(signal))))
        return NULL;
    return &current_process()->sighand->actions[signal - 1];
}

static inline void set_action(int signal, struct sigaction *slot, const struct sigaction *action)
{
    slot->handler = action->handler;
    slot->flags = action->flags & SA_KNOWN;
    slot->restorer = action->restorer;
    slot->mask = action->mask & ~UNBLOCKABLE;
    signal_forget_ignored(current_process(), signal);
}

/* As on Linux, what cannot be stored has been done all the same. */
SYSCALL_DEFINE4(rt_sigaction, int, signal, unsafe_sigaction, action, unsafe_sigaction, old, size_t,
                size)
{
    bool sets = !unsafe_is_null(action);
    struct sigaction new;

    if (size != sizeof(sigset_t))
        return -EINVAL;
    if (sets && copy_object_u2k(&new, action))
        return -EFAULT;
    struct sigaction *slot = find_action(signal, sets);
    if (!slot)
        return -EINVAL;
    int error = unsafe_is_null(old) ? 0 : copy_object_k2u(old, slot);
    if (sets)
        set_action(signal, slot, &new);
    return error;
}

SYSCALL_DEFINE3(sigaction, int, signal, unsafe_old_sigaction, action, unsafe_old_sigaction, old)
{
    bool sets = !unsafe_is_null(action);
    struct old_sigaction new;

    if (sets && copy_object_u2k(&new, action))
        return -EFAULT;
    struct sigaction *slot = find_action(signal, sets);
    if (!slot)
        return -EINVAL;
    struct old_sigaction before = {.handler = slot->handler,
                                   .mask = slot->mask,
                                   .flags = slot->flags,
                                   .restorer = slot->restorer};
    if (sets)
        set_action(signal, slot,
                   &(struct sigaction){.handler = new.handler,
                                       .flags = new.flags,
                                       .restorer = new.restorer,
                                       .mask = new.mask});
    return unsafe_is_null(old) ? 0 : copy_object_k2u(old, &before);
}

SYSCALL_DEFINE2(signal, int, signal, vaddr_t, handler)
{
    struct sigaction *slot = find_action(signal, true);

    if (!slot)
        return -EINVAL;
    vaddr_t before = slot->handler;
    set_action(signal, slot,
               &(struct sigaction){.handler = handler, .flags = SA_RESETHAND | SA_NODEFER});
    return before;
}

/* --- masks ---------------------------------------------------------------------------------------
 */

/* blocked as how and set change it; -EINVAL for an unknown how. */
static int change_mask(int how, sigset_t set)
{
    sigset_t blocked = current_thread()->blocked;

    switch (how) {
    case SIG_BLOCK:
        signal_set_blocked(blocked | set);
        return 0;
    case SIG_UNBLOCK:
        signal_set_blocked(blocked & ~set);
        return 0;
    case SIG_SETMASK:
        signal_set_blocked(set);
        return 0;
    }
    return -EINVAL;
}

SYSCALL_DEFINE4(rt_sigprocmask, int, how, unsafe_sigset, set, unsafe_sigset, old, size_t, size)
{
    sigset_t before = current_thread()->blocked, new;

    if (size != sizeof(sigset_t))
        return -EINVAL;
    if (!unsafe_is_null(set)) {
        if (copy_object_u2k(&new, set))
            return -EFAULT;
        int error = change_mask(how, new);
        if (error)
            return error;
    }
    return unsafe_is_null(old) ? 0 : copy_object_k2u(old, &before);
}

/* The old mask has the first 32 signals; the others stay as they are. */
static sigset_t with_low(uint32_t low)
{
    return (current_thread()->blocked & ~0xffffffffull) | low;
}

SYSCALL_DEFINE3(sigprocmask, int, how, unsafe_u32, set, unsafe_u32, old)
{
    uint32_t before = current_thread()->blocked, new;

    if (!unsafe_is_null(set)) {
        if (unsafe_peek32(&new, unsafe_as_bytes(set)))
            return -EFAULT;
        int error = change_mask(how, how == SIG_SETMASK ? with_low(new) : new);
        if (error)
            return error;
    }
    return unsafe_is_null(old) ? 0 : unsafe_poke32(unsafe_as_bytes(old), before);
}

SYSCALL_DEFINE0(sgetmask)
{
    return (uint32_t)current_thread()->blocked;
}

SYSCALL_DEFINE1(ssetmask, uint32_t, mask)
{
    uint32_t before = current_thread()->blocked;

    signal_set_blocked(with_low(mask));
    return before;
}

static sigset_t pending(void)
{
    const struct thread *thread = current_thread();

    return (thread->pending.set | thread->process->pending.set) & thread->blocked;
}

SYSCALL_DEFINE2(rt_sigpending, unsafe_bytes, set, size_t, size)
{
    sigset_t now = pending();

    return size > sizeof(now) ? -EINVAL : copy_k2u(set, &now, size);
}

SYSCALL_DEFINE1(sigpending, unsafe_u32, set)
{
    return unsafe_poke32(unsafe_as_bytes(set), pending());
}

/* --- waiting for signals -------------------------------------------------------------------------
 */

static long sleep_until_handler(void)
{
    struct wait_queue nobody;

    wait_init(&nobody);
    wait_interruptible(&nobody, false);
    return -ERESTARTNOHAND;
}

SYSCALL_DEFINE0(pause)
{
    return sleep_until_handler();
}

SYSCALL_DEFINE2(rt_sigsuspend, unsafe_sigset, mask, size_t, size)
{
    sigset_t set;

    if (size != sizeof(set))
        return -EINVAL;
    if (copy_object_u2k(&set, mask))
        return -EFAULT;
    signal_set_temporary_mask(set);
    return sleep_until_handler();
}

/* The mask is the third argument, for reasons that are history. */
SYSCALL_DEFINE3(sigsuspend, int, unused1, int, unused2, uint32_t, mask)
{
    (void)unused1, (void)unused2;
    signal_set_temporary_mask(mask);
    return sleep_until_handler();
}

static long wait_for_signal(sigset_t set, unsafe_siginfo user, uint64_t deadline)
{
    struct thread *thread = current_thread();
    struct siginfo_user info = {};
    struct wait_queue nobody;
    int signal;

    set &= ~UNBLOCKABLE;
    wait_init(&nobody);
    signal = signal_take(set, &info.info);
    if (!signal) {
        thread->awaited = set;
        int error = wait_deadline(
            &nobody, (thread->pending.set | thread->process->pending.set) & set, deadline);
        thread->awaited = 0;
        signal = signal_take(set, &info.info);
        if (!signal)
            return error == -ETIMEDOUT ? -EAGAIN : -EINTR;
    }
    if (!unsafe_is_null(user) && copy_object_k2u(user, &info))
        return -EFAULT;
    return signal;
}

static uint64_t deadline_after(const struct timespec64 *time)
{
    /* more than a century: the clock ends first */
    return time_now() + (uint64_t)MIN(time->seconds, (int64_t)INT32_MAX) * NANOSECONDS +
           time->nanoseconds;
}

SYSCALL_DEFINE4(rt_sigtimedwait, unsafe_sigset, user_set, unsafe_siginfo, info, unsafe_timespec,
                user_time, size_t, size)
{
    uint64_t deadline = WAIT_FOREVER;
    sigset_t set;

    if (size != sizeof(set))
        return -EINVAL;
    if (copy_object_u2k(&set, user_set))
        return -EFAULT;
    if (!unsafe_is_null(user_time)) {
        struct timespec narrow;
        if (copy_object_u2k(&narrow, user_time))
            return -EFAULT;
        struct timespec64 time = {.seconds = narrow.seconds, .nanoseconds = narrow.nanoseconds};
        if (!timespec_valid(&time))
            return -EINVAL;
        deadline = deadline_after(&time);
    }
    return wait_for_signal(set, info, deadline);
}

SYSCALL_DEFINE4(rt_sigtimedwait_time64, unsafe_sigset, user_set, unsafe_siginfo, info,
                unsafe_timespec64, user_time, size_t, size)
{
    uint64_t deadline = WAIT_FOREVER;
    sigset_t set;

    if (size != sizeof(set))
        return -EINVAL;
    if (copy_object_u2k(&set, user_set))
        return -EFAULT;
    if (!unsafe_is_null(user_time)) {
        struct timespec64 time;
        if (copy_object_u2k(&time, user_time))
            return -EFAULT;
        if (!timespec_valid(&time))
            return -EINVAL;
        deadline = deadline_after(&time);
    }
    return wait_for_signal(set, info, deadline);
}

/* --- the alternate stack -------------------------------------------------------------------------
 */

static bool runs_on_altstack(const struct thread *thread)
{
    vaddr_t esp = current_trapframe()->esp;

    return !(thread->altstack.flags & SS_AUTODISARM) && esp > thread->altstack.base &&
           esp - thread->altstack.base <= thread->altstack.size;
}

static struct sigaltstack describe_altstack(const struct thread *thread)
{
    struct sigaltstack stack = thread->altstack;

    if (!stack.size)
        stack.flags = SS_DISABLE;
    else if (runs_on_altstack(thread))
        stack.flags |= SS_ONSTACK;
    return stack;
}

static int set_altstack(struct thread *thread, const struct sigaltstack *new)
{
    uint32_t mode = new->flags & ~SS_AUTODISARM;

    if (runs_on_altstack(thread))
        return -EPERM;
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
        return -EINVAL;
    if (mode == SS_DISABLE) {
        thread->altstack = (struct sigaltstack){.flags = 0};
        return 0;
    }
    if (new->size < MINSIGSTKSZ)
        return -ENOMEM;
    thread->altstack = *new;
    thread->altstack.flags = new->flags &SS_AUTODISARM;
    return 0;
}

SYSCALL_DEFINE2(sigaltstack, unsafe_sigaltstack, stack, unsafe_sigaltstack, old)
{
    struct thread *thread = current_thread();
    struct sigaltstack new, before = describe_altstack(thread);

    if (!unsafe_is_null(stack)) {
        if (copy_object_u2k(&new, stack))
            return -EFAULT;
        int error = set_altstack(thread, &new);
        if (error)
            return error;
    }
    return unsafe_is_null(old) ? 0 : copy_object_k2u(old, &before);
}

void signal_restore_altstack(const struct sigaltstack *stack)
{
    set_altstack(current_thread(), stack);
}

/* --- sending -------------------------------------------------------------------------------------
 */

static struct siginfo sender_info(int signal, int code)
{
    const struct process *process = current_process();

    return (struct siginfo){
        .signo = signal,
        .code = code,
        .sender = {.pid = process->pid, .uid = process->credentials.user.real},
    };
}

static bool is_signal(int signal)
{
    return signal >= 0 && signal <= NSIG;
}

/* Who may send what to whom (kill(2)). */
static bool may_signal(const struct process *target, int signal)
{
    const struct process *caller = current_process();
    const struct identity *own = &caller->credentials.user, *its = &target->credentials.user;

    return target == caller || process_is_root() || own->effective == its->real ||
           own->effective == its->saved || own->real == its->real || own->real == its->saved ||
           (signal == SIGCONT && target->session == caller->session);
}

/* Signal 0 only asks whether there is somebody. */
static int send_to_process(struct process *process, const struct siginfo *info)
{
    if (!is_signal(info->signo))
        return -EINVAL;
    if (!may_signal(process, info->signo))
        return -EPERM;
    return info->signo ? signal_send(process, info) : 0;
}

/* As on Linux, any thread's number names its process. */
static int send_to_pid(int32_t pid, const struct siginfo *info)
{
    struct process *process = process_find(pid);
    struct thread *thread = process ? NULL : thread_find(pid);

    if (thread)
        process = thread->process;
    return process ? send_to_process(process, info) : -ESRCH;
}

/* Everybody but init and the caller; those who may not be sent one are passed over. */
static int send_to_all(const struct siginfo *info)
{
    struct process *process;
    int result = -ESRCH;

    list_for_each(process, &process_list, all) {
        if (process == init_process || process == current_process())
            continue;
        int error = send_to_process(process, info);
        if (error != -EPERM || result == -ESRCH)
            result = error == -EPERM ? 0 : error;
    }
    return result;
}

/* A member that got it is enough; zombies are members. */
static int send_to_group(int32_t group, const struct siginfo *info)
{
    struct process *process;
    int result = -ESRCH;

    list_for_each(process, &process_list, all) {
        if (process->group != group)
            continue;
        int error = send_to_process(process, info);
        if (result)
            result = error;
    }
    return result;
}

SYSCALL_DEFINE2(kill, int32_t, pid, int, signal)
{
    struct siginfo info = sender_info(signal, SI_USER);

    if (pid == INT32_MIN)
        return -ESRCH;
    if (pid == -1)
        return send_to_all(&info);
    if (pid <= 0)
        return send_to_group(pid ? -pid : current_process()->group, &info);
    return send_to_pid(pid, &info);
}

/* group 0: whatever process the thread is of. */
static long send_to_thread(int32_t group, int32_t tid, const struct siginfo *info)
{
    if (tid <= 0 || group < 0)
        return -EINVAL;
    struct thread *thread = thread_find(tid);
    if (!thread || (group && thread->process->pid != group))
        return -ESRCH;
    if (!is_signal(info->signo))
        return -EINVAL;
    if (!may_signal(thread->process, info->signo))
        return -EPERM;
    return info->signo ? signal_send_thread(thread, info) : 0;
}

SYSCALL_DEFINE2(tkill, int32_t, tid, int, signal)
{
    struct siginfo info = sender_info(signal, SI_TKILL);

    return send_to_thread(0, tid, &info);
}

SYSCALL_DEFINE3(tgkill, int32_t, group, int32_t, tid, int, signal)
{
    struct siginfo info = sender_info(signal, SI_TKILL);

    return group <= 0 ? -EINVAL : send_to_thread(group, tid, &info);
}

/* Only the kernel may say that a signal is from kill() or a fault (rt_sigqueueinfo(2)). */
static long read_info(struct siginfo *info, unsafe_siginfo user, int32_t target, int signal)
{
    struct siginfo_user whole;

    if (copy_object_u2k(&whole, user))
        return -EFAULT;
    *info = whole.info;
    info->signo = signal;
    if ((info->code >= 0 || info->code == SI_TKILL) && target != current_thread()->tid)
        return -EPERM;
    return 0;
}

SYSCALL_DEFINE3(rt_sigqueueinfo, int32_t, pid, int, signal, unsafe_siginfo, user)
{
    struct siginfo info;
    long error = read_info(&info, user, pid, signal);

    if (error)
        return error;
    return send_to_pid(pid, &info);
}

SYSCALL_DEFINE4(rt_tgsigqueueinfo, int32_t, group, int32_t, tid, int, signal, unsafe_siginfo, user)
{
    struct siginfo info;

    if (group <= 0 || tid <= 0)
        return -EINVAL;
    long error = read_info(&info, user, tid, signal);
    return error ? error : send_to_thread(group, tid, &info);
}
