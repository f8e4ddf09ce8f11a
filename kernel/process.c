/* Processes and threads: their numbers, and their birth by clone. Their end is in exit.c. */
#include "kernel/process.h"

#include "arch/i386/fpu.h"
#include "arch/i386/switch.h"
#include "kernel/errno.h"
#include "kernel/exec.h"
#include "kernel/file.h"
#include "kernel/fs/vfs.h"
#include "kernel/ipc_direct.h"
#include "kernel/knobs.h"
#include "kernel/panic.h"
#include "kernel/resident.h"
#include "kernel/return.h"
#include "kernel/sched.h"
#include "kernel/session.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "mm/failalloc.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "mm/unsafe.h"

struct list process_list = LIST_INIT(process_list);
struct process *init_process;

/* Parent of the first process, so that every process has one: pid 0, as on Linux. */
static struct process nobody;
unsigned nr_processes;

/* --- pids ---------------------------------------------------------------------------------------
 */

/* A number stays taken while anything is called by it. */
static bool pid_used(int32_t pid)
{
    struct process *process;
    struct thread *thread;

    list_for_each(process, &process_list, all) {
        if (process->pid == pid || process->group == pid || process->session->sid == pid)
            return true;
        for_each_thread(thread, process)
        {
            if (thread->tid == pid)
                return true;
        }
    }
    return false;
}

static int32_t pid_alloc(void)
{
    static int32_t last;

    do
        last = last % (PID_MAX - 1) + 1;
    while (pid_used(last));
    return last;
}

struct process *process_find(int32_t pid)
{
    struct process *process;

    list_for_each(process, &process_list, all) {
        if (process->pid == pid)
            return process;
    }
    return NULL;
}

struct thread *thread_find(int32_t tid)
{
    struct process *process;
    struct thread *thread;

    list_for_each(process, &process_list, all) {
        for_each_thread(thread, process)
        {
            if (thread->tid == tid)
                return thread;
        }
    }
    return NULL;
}

struct thread *process_first_thread(const struct process *process)
{
    return list_empty(&process->threads) ? NULL
                                         : list_first(&process->threads, struct thread, siblings);
}

/* --- birth --------------------------------------------------------------------------------------
 */

/* A process with a pid, in the world's list, without threads. NULL: no memory or too many. */
static struct process *process_create(struct process *parent)
{
    struct process *process =
        nr_processes < PROCESSES_MAX ? heap_alloc_zeroed(sizeof(*process)) : NULL;
    if (!process)
        return NULL;

    process->pid = pid_alloc();
    process->started = time_now();
    process->parent = parent;
    list_init(&process->children);
    list_init(&process->siblings);
    list_init(&process->threads);
    wait_init(&process->child_exits);
    wait_init(&process->thread_exits);
    wait_init(&process->resumed);
    signal_pending_init(&process->pending);
    timer_init(&process->real_timer, itimer_ring);
    uint32_t flags = interrupts_save();
    list_insert(&process_list, &process->all);
    interrupts_restore(flags);
    nr_processes++;
    return process;
}

void process_free(struct process *process)
{
    uint32_t flags = interrupts_save();
    list_remove(&process->siblings);
    list_remove(&process->all);
    interrupts_restore(flags);
    signal_pending_flush(&process->pending);
    if (process->sighand)
        sighand_put(process->sighand);
    if (process->session)
        session_put(process->session);
    nr_processes--;
    heap_free(process);
}

static void thread_join_process(struct thread *thread, struct process *process)
{
    uint32_t flags = interrupts_save();

    thread->process = process;
    thread->nr_calls = process->watch ? 0 : NR_SYSCALLS;
    list_insert(&process->threads, &thread->siblings);
    /* what was sent since the process has a number found nobody to wake */
    if (process->pending.set)
        thread->work |= WORK_SIGNAL;
    interrupts_restore(flags);
}

void process_watch(struct process *process, uint32_t watch)
{
    struct thread *thread;

    process->watch = watch;
    for_each_thread(thread, process)
    {
        direct_forget(thread);
        thread->nr_calls = watch ? 0 : NR_SYSCALLS;
    }
    resident_changed(process);
}

/* A fork's child: its trapframe is the parent's copy. */
static void child_entry(void)
{
    struct thread *thread = current_thread();

    if (thread->set_tid)
        unsafe_poke32((unsafe_bytes){.address = thread->set_tid}, thread->tid);
    return_to_user(thread, current_trapframe());
}

/* What a clone shares with its maker or gets a copy of. */
static bool share_memory_and_files(struct thread *child, const struct thread *parent,
                                   uint32_t flags)
{
    if (flags & CLONE_VM)
        space_get(child->space = parent->space);
    else
        child->space = space_clone(parent->space);
    if (flags & CLONE_FILES)
        files_get(child->files = parent->files);
    else
        child->files = files_clone(parent->files);
    if (flags & CLONE_FS)
        cwd_get(child->cwd = parent->cwd);
    else
        child->cwd = cwd_clone(parent->cwd);
    return child->space && child->files && child->cwd;
}

/* The child's registers: the parent's, but for the result. */
static void copy_registers(struct thread *child, const struct thread *parent,
                           const struct trapframe *tf, vaddr_t stack)
{
    struct trapframe *frame = (struct trapframe *)child->top - 1;

    *frame = *tf;
    frame->eax = 0;
    frame->eflags |= EFLAGS_IF; /* it does not leave by the door that its parent came through */
    if (stack)
        frame->esp = stack;
    child->fs = read_fs();
    child->gs = read_gs();
    memcpy(child->tls, parent->tls, sizeof(child->tls));
    fpu_copy_current(child->fpu);
}

static int thread_clone(const struct clone_request *request, struct thread **result)
{
    struct thread *parent = current_thread();
    struct thread *child = thread_create(child_entry);

    if (!child)
        return -ENOMEM;
    copy_registers(child, parent, current_trapframe(), request->stack);
    child->blocked = parent->blocked;
    if (!(request->flags & CLONE_VM) || (request->flags & CLONE_VFORK))
        child->altstack = parent->altstack;
    int error = share_memory_and_files(child, parent, request->flags) ? 0 : -ENOMEM;
    if (!error && (request->flags & CLONE_SETTLS) && tls_set(child, &request->tls) < 0)
        error = -EINVAL;
    if (error)
        thread_free(child);
    *result = child;
    return error;
}

/* What fork copies and nobody else looks at. */
static void inherit(struct process *child, const struct process *parent)
{
    child->strings = parent->strings;
    child->credentials = parent->credentials;
    child->limits = parent->limits;
    child->nice = parent->nice;
    child->policy = parent->policy;
    child->personality = parent->personality;
    child->dumpable = parent->dumpable;
    child->no_new_privs = parent->no_new_privs;
}

static struct process *process_fork(struct process *parent, uint32_t flags, int exit_signal)
{
    struct sighand *sighand = parent->sighand;

    if (flags & CLONE_SIGHAND)
        sighand_get(sighand);
    else
        sighand = sighand_clone(sighand);
    struct process *child = sighand ? process_create(parent) : NULL;
    if (!child) {
        if (sighand)
            sighand_put(sighand);
        return NULL;
    }

    child->sighand = sighand;
    session_get(child->session = parent->session);
    child->group = parent->group;
    child->gave_up_terminal = parent->gave_up_terminal;
    child->exit_signal = flags & CLONE_PARENT ? parent->exit_signal : exit_signal;
    child->isolation_next = parent->isolation_next;
    child->resident_next = parent->resident_next;
    child->door_next = parent->door_next;
    child->ipc = parent->ipc;
    process_watch(child, parent->watch);
    memcpy(child->name, parent->name, sizeof(child->name));
    inherit(child, parent);
    child->parent = flags & CLONE_PARENT ? parent->parent : parent;
    list_insert(&child->parent->children, &child->siblings);
    return child;
}

/* RLIMIT_NPROC is about all that belongs to a real user, and not about root (getrlimit(2)). */
static bool has_too_many(const struct process *process)
{
    const struct process *other;
    const struct thread *thread;
    uint32_t count = 0;

    if (process_is_root() || !process->credentials.user.real)
        return false;
    list_for_each(other, &process_list, all) {
        if (other->credentials.user.real != process->credentials.user.real)
            continue;
        count += other->zombie;
        for_each_thread(thread, other) count++;
    }
    return count >= limit_of(process, RLIMIT_NPROC);
}

int process_clone(const struct clone_request *request, struct thread **result)
{
    struct process *process = current_process();
    struct thread *child;

    if (has_too_many(process))
        return -EAGAIN;
    int error = thread_clone(request, &child);
    if (error)
        return error;
    if (!(request->flags & CLONE_THREAD)) {
        error = nr_processes >= PROCESSES_MAX ? -EAGAIN : -ENOMEM;
        process = process_fork(process, request->flags, request->exit_signal);
        if (!process) {
            thread_free(child);
            return error;
        }
    }
    child->tid = request->flags & CLONE_THREAD ? pid_alloc() : process->pid;
    thread_join_process(child, process);
    *result = child;
    return child->tid;
}

static void init_entry(void)
{
    int error = exec_init(knobs.init, knobs.init_arguments);

    if (error)
        panic("cannot start %s: error %d", knobs.init, -error);
    failalloc_arm(knobs.failalloc);
    return_to_user(current_thread(), current_trapframe());
}

void process_start_init(void)
{
    struct session *session = session_create(0);
    struct thread *thread = thread_create(init_entry);

    init_process = process_create(&nobody);
    if (!init_process || !session || !thread || !(thread->files = files_create()) ||
        !(thread->cwd = cwd_create()) || !(init_process->sighand = sighand_create()))
        panic("no memory for init");
    init_process->session = session;
    init_process->isolation_next = knobs.isolation;
    init_process->resident_next = knobs.resident;
    init_process->door_next = DOOR_AUTO;
    init_process->ipc = knobs.ipc;
    init_process->limits = limits_default;
    init_process->dumpable = true;
    thread->tid = init_process->pid;
    process_watch(init_process,
                  (knobs.trace ? WATCH_TRACE : 0) | (knobs.poison ? WATCH_POISON : 0));
    thread_join_process(thread, init_process);
    files_open_console(thread->files);
    sched_wake(thread);
    sched_idle();
}
