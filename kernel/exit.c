/* The end of processes and threads: exit, what a parent hears of it, and who gets the children. */
#include "arch/i386/switch.h"
#include "kernel/file.h"
#include "kernel/fs/vfs.h"
#include "kernel/futex.h"
#include "kernel/panic.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/session.h"
#include "kernel/syscall.h"
#include "mm/space.h"

void process_notify_parent(struct process *process, int code, int status)
{
    struct process *parent = process->parent;
    const struct sigaction *action = &parent->sighand->actions[SIGCHLD - 1];
    int signal = code == CLD_STOPPED || code == CLD_CONTINUED ? SIGCHLD : process->exit_signal;

    if ((code == CLD_STOPPED || code == CLD_CONTINUED) && (action->flags & SA_NOCLDSTOP))
        signal = 0;
    if (!code) {
        status = process->status & 0x7f ? process->status & 0x7f : process->status >> 8;
        code = process->status & 0x7f ? CLD_KILLED : CLD_EXITED;
    }
    if (signal)
        signal_send(parent, &(struct siginfo){.signo = signal,
                                              .code = code,
                                              .child = {.pid = process->pid,
                                                        .uid = process->credentials.user.real,
                                                        .status = status,
                                                        .user_ticks = process->time.user,
                                                        .system_ticks = process->time.system}});
    wait_wake(&parent->child_exits);
}

/* A parent that ignores SIGCHLD, or said so, does not wait: its children leave no zombies. */
static bool is_reaped_by_itself(const struct process *process)
{
    const struct sigaction *action = &process->parent->sighand->actions[SIGCHLD - 1];

    return process->exit_signal == SIGCHLD &&
           (action->handler == SIG_IGN || (action->flags & SA_NOCLDWAIT));
}

void process_reap(struct process *process)
{
    cputime_reap(process->parent, process);
    process_free(process);
}

/* The parent hears of a zombie; one that does not care has none. */
static void tell_of_end(struct process *process)
{
    bool gone = is_reaped_by_itself(process);

    process_notify_parent(process, 0, 0);
    if (gone)
        process_free(process);
}

/* Init gets the children, and waits for them whatever signal their maker wanted. */
static void adopt_children(struct process *process)
{
    struct process *child;

    list_for_each(child, &process->children, siblings) {
        list_remove(&child->siblings);
        list_insert(&init_process->children, &child->siblings);
        child->parent = init_process;
        child->exit_signal = SIGCHLD;
        if (child->death_signal)
            signal_send(child,
                        &(struct siginfo){
                            .signo = child->death_signal,
                            .code = SI_USER,
                            .sender = {.pid = process->pid, .uid = process->credentials.user.real},
                        });
        if (child->zombie)
            tell_of_end(child);
    }
    wait_wake(&init_process->child_exits);
}

/* The last thread is about to go. */
static void process_finish(struct process *process)
{
    if (process == init_process)
        panic("init ended with status %x", process->status);
    timer_disarm(&process->real_timer);
    session_exit(process);
    adopt_children(process);
    process->stop_signal = 0;
    process->zombie = true;
    tell_of_end(process);
}

void vfork_finish(struct thread *thread)
{
    if (!thread->vfork)
        return;
    thread->vfork->done = true;
    wait_wake(&thread->vfork->queue);
    thread->vfork = NULL;
}

/* Gives back what other threads may be waiting for, while the space is still there. */
static void thread_release(struct thread *thread)
{
    struct space *space = thread->space;

    futex_thread_exit(thread);
    vfork_finish(thread);
    ipc_leave(thread);
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
    signal_pending_flush(&thread->pending);
}

static void thread_leave_process(struct thread *thread)
{
    uint32_t flags = interrupts_save();

    list_remove(&thread->siblings);
    interrupts_restore(flags);
}

void thread_exit(uint32_t status)
{
    struct thread *thread = current_thread();
    struct process *process = thread->process;

    thread_release(thread);
    thread_leave_process(thread);
    thread->process = NULL;
    if (list_empty(&process->threads)) {
        if (!process->exiting)
            process->status = status;
        process->exiting = true;
        process_finish(process);
    } else {
        signal_thread_left(process);
        wait_wake(&process->thread_exits);
    }
    sched_die();
}

void process_exit(uint32_t status)
{
    struct process *process = current_process();

    if (!process->exiting) {
        process->exiting = true;
        process->status = status;
        signal_wake_all(process);
        wait_wake(&process->thread_exits);
    }
    thread_exit(status);
}

void thread_out_of_memory(void)
{
    signal_raise(current_process(), SIGKILL);
}

static bool is_single(const struct process *process)
{
    return process->threads.next->next == &process->threads;
}

int process_become_single(void)
{
    struct thread *current = current_thread(), *thread;
    struct process *process = current->process;

    if (process->exiting || current->must_die)
        return -EAGAIN;
    for_each_thread(thread, process)
    {
        if (thread != current)
            thread->must_die = true;
    }
    signal_wake_all(process);
    wait_until(&process->thread_exits, is_single(process) || process->exiting);
    if (process->exiting)
        return -EAGAIN;
    current->tid = process->pid;
    return 0;
}

SYSCALL_DEFINE1(exit, int, status)
{
    thread_exit((status & 0xff) << 8);
}

SYSCALL_DEFINE1(exit_group, int, status)
{
    process_exit((status & 0xff) << 8);
}
