/* Processes: their birth by fork, their end, and the parent that waits. */
#include "kernel/process.h"

#include "arch/i386/fpu.h"
#include "arch/i386/switch.h"
#include "kernel/exec.h"
#include "kernel/errno.h"
#include "kernel/file.h"
#include "kernel/format.h"
#include "kernel/fs/vfs.h"
#include "kernel/knobs.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/return.h"
#include "kernel/sched.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "mm/unsafe.h"

struct list process_list = LIST_INIT(process_list);
struct process *init_process;

static unsigned nr_processes;

/* --- pids ---------------------------------------------------------------------------------------
 */

struct process *process_find(int32_t pid)
{
    struct process *process;

    list_for_each(process, &process_list, all) {
        if (process->pid == pid)
            return process;
    }
    return NULL;
}

unsigned process_count(void)
{
    return nr_processes;
}

static int32_t pid_alloc(void)
{
    static int32_t last;

    do
        last = last % (PID_MAX - 1) + 1;
    while (process_find(last));
    return last;
}

/* --- birth --------------------------------------------------------------------------------------
 */

static void inherit(struct process *process, const struct process *parent)
{
    process->strings = parent->strings;
    process->credentials = parent->credentials;
    process->limits = parent->limits;
    process->nice = parent->nice;
    process->policy = parent->policy;
    process->personality = parent->personality;
    process->dumpable = parent->dumpable;
    process->no_new_privs = parent->no_new_privs;
}

struct process *process_create(struct process *parent)
{
    if (nr_processes >= PROCESSES_MAX)
        return NULL;
    struct process *process = heap_alloc_zeroed(sizeof(*process));
    if (!process)
        return NULL;

    process->pid = pid_alloc();
    process->parent = parent;
    list_init(&process->children);
    list_init(&process->siblings);
    wait_init(&process->child_exits);
    process->started = time_now();
    if (parent) {
        process->isolation_next = parent->isolation_next;
        process->door_next = parent->door_next;
        process->trace = parent->trace;
        memcpy(process->name, parent->name, sizeof(process->name));
        inherit(process, parent);
        list_insert(&parent->children, &process->siblings);
    }
    list_insert(&process_list, &process->all);
    nr_processes++;
    return process;
}

void process_discard(struct process *process)
{
    list_remove(&process->siblings);
    list_remove(&process->all);
    if (process->thread)
        thread_free(process->thread);
    nr_processes--;
    heap_free(process);
}

/* A fork's child: its trapframe is the parent's copy. */
static void child_entry(void)
{
    return_to_user(current_thread(), current_trapframe());
}

static struct process *fork_process(struct process *parent, const struct trapframe *tf)
{
    struct thread *current = current_thread();
    struct process *child = process_create(parent);
    if (!child)
        return NULL;

    struct thread *thread = child->thread = thread_create(child, child_entry);
    if (thread) {
        thread->space = space_clone(current->space);
        thread->files = files_clone(current->files);
        thread->cwd = cwd_clone(current->cwd);
    }
    if (!thread || !thread->space || !thread->files || !thread->cwd) {
        process_discard(child);
        return NULL;
    }

    struct trapframe *frame = (struct trapframe *)thread->top - 1;
    *frame = *tf;
    frame->eax = 0;
    thread->fs = read_fs();
    thread->gs = read_gs();
    memcpy(thread->tls, current->tls, sizeof(thread->tls));
    fpu_copy_current(thread->fpu);
    return child;
}

SYSCALL_DEFINE0(fork)
{
    struct process *child = fork_process(current_process(), current_trapframe());

    if (!child)
        return nr_processes >= PROCESSES_MAX ? -EAGAIN : -ENOMEM;
    int32_t pid = child->pid;
    sched_wake(child->thread);
    return pid;
}

static void init_entry(void)
{
    int error = exec_init(knobs.init, knobs.init_arguments);

    if (error)
        panic("cannot start %s: error %d", knobs.init, -error);
    return_to_user(current_thread(), current_trapframe());
}

void process_start_init(void)
{
    init_process = process_create(NULL);
    if (init_process) {
        init_process->isolation_next = knobs.isolation;
        init_process->door_next = DOOR_AUTO;
        init_process->trace = knobs.trace;
        init_process->limits = limits_default;
        init_process->dumpable = true;
        init_process->thread = thread_create(init_process, init_entry);
    }
    struct thread *thread = init_process ? init_process->thread : NULL;
    if (!thread || !(thread->files = files_create()) || !(thread->cwd = cwd_create()))
        panic("no memory for init");
    files_open_console(thread->files);
    sched_wake(thread);
    sched_idle();
}

/* --- death --------------------------------------------------------------------------------------
 */

static void adopt_children(struct process *process)
{
    struct process *child;

    list_for_each(child, &process->children, siblings) {
        list_remove(&child->siblings);
        list_insert(&init_process->children, &child->siblings);
        child->parent = init_process;
    }
    wait_wake(&init_process->child_exits);
}

void process_exit(uint32_t status)
{
    struct thread *thread = current_thread();
    struct process *process = thread->process;
    struct space *space = thread->space;

    if (process == init_process)
        panic("init ended with status %x", status);
    files_put(thread->files);
    thread->files = NULL;
    cwd_put(thread->cwd);
    thread->cwd = NULL;
    interrupts_disable();
    thread->space = NULL;
    switch_space(NULL);
    interrupts_enable();
    if (space)
        space_put(space);
    adopt_children(process);
    interrupts_disable();
    process->thread->process = NULL;
    process->thread = NULL;
    process->status = status;
    process->zombie = true;
    wait_wake(&process->parent->child_exits);
    sched_die();
}

void process_kill(int signal, const struct trapframe *tf, const char *format, ...)
{
    struct process *process = current_process();
    char reason[80];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    printk(LOG_NOTICE, "postern: %s[%d]: %s at eip %08x esp %08x: signal %d\n", process->name,
           process->pid, reason, tf->eip, tf->esp, signal);
    process_exit(signal);
}

SYSCALL_DEFINE1(exit, int, status)
{
    process_exit((status & 0xff) << 8);
}

SYSCALL_DEFINE1(exit_group, int, status)
{
    process_exit((status & 0xff) << 8);
}

/* --- wait ---------------------------------------------------------------------------------------
 */

#define WNOHANG     1
#define WUNTRACED   2
#define WCONTINUED  8
#define __WNOTHREAD 0x20000000
#define __WALL      0x40000000
#define __WCLONE    0x80000000

/* A zombie child that pid names: -1 any, > 0 that one; *exists: whether any child matches at all.
 * There are no process groups yet, so every process is in the group of the caller (0). */
static struct process *find_zombie(struct process *parent, int32_t pid, bool *exists)
{
    struct process *child;

    *exists = false;
    list_for_each(child, &parent->children, siblings) {
        if (pid > 0 && child->pid != pid)
            continue;
        *exists = true;
        if (child->zombie)
            return child;
    }
    return NULL;
}

static ssize_t wait_for(int32_t pid, unsafe_int status, uint32_t options, unsafe_rusage usage)
{
    struct process *parent = current_process(), *child = NULL;
    bool exists = true;

    if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WALL | __WCLONE))
        return -EINVAL;
    if (pid < -1 && pid == INT32_MIN)
        return -ESRCH;
    if (pid < -1)
        return -ECHILD;
    wait_until(&parent->child_exits, (child = find_zombie(parent, pid, &exists)) != NULL ||
                                         !exists || (options & WNOHANG));
    if (!child)
        return exists ? 0 : -ECHILD;

    /* Linux reaps first and reports the fault after: the child is gone either way */
    int32_t result = child->pid, how = child->status;
    struct rusage used = cputime_usage(cputime_total(child));
    cputime_reap(parent, child);
    process_discard(child);
    if (!unsafe_is_null(status) && copy_object_k2u(status, &how))
        return -EFAULT;
    if (!unsafe_is_null(usage) && copy_object_k2u(usage, &used))
        return -EFAULT;
    return result;
}

SYSCALL_DEFINE4(wait4, int32_t, pid, unsafe_int, status, uint32_t, options, unsafe_rusage, usage)
{
    return wait_for(pid, status, options, usage);
}

SYSCALL_DEFINE3(waitpid, int32_t, pid, unsafe_int, status, uint32_t, options)
{
    return wait_for(pid, status, options, (unsafe_rusage){.address = 0});
}

/* --- identity -----------------------------------------------------------------------------------
 */

SYSCALL_DEFINE0(getpid)
{
    return current_process()->pid;
}

/* The parent outlives its child's last call: children of the dead go to init first. */
SYSCALL_DEFINE0(getppid)
{
    const struct process *parent = current_process()->parent;

    return parent ? parent->pid : 0;
}

/* One thread each: its id is the process's. */
SYSCALL_DEFINE0(gettid)
{
    return current_process()->pid;
}

SYSCALL_DEFINE1(set_tid_address, vaddr_t, tid)
{
    (void)tid;
    return current_process()->pid;
}

SYSCALL_DEFINE0(sched_yield)
{
    sched_switch();
    return 0;
}
