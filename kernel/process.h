/*
 * Processes and threads.
 *
 * A process has the identity, the signal handlers and its place among other processes; a thread has
 * the kernel stack, the registers and the place in the scheduler. Address space and files hang on
 * the thread, since clone(2) shares them by thread; the threads of a process share one space.
 */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include "arch/i386/descriptors.h"
#include "arch/i386/trapframe.h"
#include "arch/i386/types.h"
#include "kernel/abi_process.h"
#include "kernel/cputime.h"
#include "kernel/credentials.h"
#include "kernel/ipc.h"
#include "kernel/itimer.h"
#include "kernel/limits.h"
#include "kernel/list.h"
#include "kernel/postern_abi.h"
#include "kernel/restart.h"
#include "kernel/signal.h"
#include "kernel/timer.h"
#include "kernel/wait.h"
#include "trampoline/gate.h"

#define NR_TLS        (GDT_TLS_MAX - GDT_TLS_MIN + 1)
#define PROCESSES_MAX 1024
#define PID_MAX       32768

/* What a thread must do before it may go back to user mode; see return_to_user(). */
#define WORK_RESCHEDULE 1  /* its time slice is over */
#define WORK_STEP       2  /* it entered with TF set, which the gate dropped */
#define WORK_SIGNAL     4  /* a signal may be pending, or its end or a stop is due */
#define WORK_EXEC       8  /* another directory, perhaps another gate page, is loaded */
#define WORK_MASK       32 /* its signal mask is temporary: the old one comes back */
#define WORK_FRAME      16 /* a call rewrote the trapframe: only iret restores all of it */

enum thread_state {
    THREAD_RUNNABLE,
    THREAD_SLEEPING,
    THREAD_DEAD,
};

/* A parent that waits until its vfork child runs a program or ends. */
struct vfork_wait {
    bool done;
    struct wait_queue queue;
};

struct thread {
    uint32_t work;           /* WORK_*: set by anybody with interrupts off, read on each way out */
    uint32_t nr_calls;       /* numbers that the dispatcher looks up at once; 0 if watched */
    struct process *process; /* NULL: a kernel thread */
    enum thread_state state;
    enum sleep_kind sleep; /* while it sleeps */
    struct list queue;     /* in the run queue */
    struct space *space;   /* shared with whom it was cloned from, or its own; so is files */
    struct files *files;
    struct cwd *cwd;
    uint32_t kernel_esp;   /* while it does not run */
    struct stack_top *top; /* of its kernel stack */
    uint32_t fs, gs;       /* selectors, while it does not run */
    descriptor_t tls[NR_TLS];
    uint8_t *fpu; /* FPU_STATE bytes, aligned to 16 */

    int32_t tid;
    struct list siblings; /* in process->threads */
    bool must_die;        /* another thread runs a new program */
    sigset_t blocked;
    sigset_t saved_mask; /* with mask_is_temporary: what blocked becomes again */
    bool mask_is_temporary;
    sigset_t awaited; /* blocked, but rt_sigtimedwait() sleeps for them */
    struct signal_pending pending;
    struct sigaltstack altstack;
    uint32_t cr2, trap, trap_error; /* of its last fault, for signal frames */
    vaddr_t clear_tid;              /* set_tid_address(2) */
    vaddr_t set_tid;                /* written as it starts: CLONE_CHILD_SETTID */
    vaddr_t robust_list;            /* set_robust_list(2) */
    struct vfork_wait *vfork;       /* who waits for this thread's exec or end */
    struct restart restart;
    struct ipc ipc;
    struct cputime time;
};

/* struct process, watch */
#define WATCH_TRACE  1 /* a line on the console: kernel/trace.h */
#define WATCH_POISON 2 /* its stack is poisoned: mm/poison.h */

/* Where exec put the arguments and, behind them, the environment: user addresses. */
struct strings {
    vaddr_t arguments, environment, end;
};

struct process {
    int32_t pid;
    struct process *parent;
    struct list siblings, children;
    struct list all; /* in process_list */
    struct list threads;
    struct wait_queue thread_exits;
    struct wait_queue child_exits; /* a child ended, stopped or went on */
    int32_t group;
    struct session *session;
    bool gave_up_terminal; /* TIOCNOTTY: its session's terminal is not its own */

    struct sighand *sighand;
    struct signal_pending pending;
    int exit_signal;  /* what the parent gets; 0: nothing */
    int death_signal; /* what the process gets when its parent ends; 0: nothing */
    struct timer real_timer;
    uint64_t real_interval;
    struct cpu_itimer virtual_timer, profiling_timer;

    bool exiting;    /* every thread is to end; status is known */
    bool zombie;     /* no thread is left */
    uint32_t status; /* as wait4 gives it, once exiting */
    int stop_signal; /* not 0: stopped by it */
    struct wait_queue resumed;
    bool report_stop, report_continue; /* not waited for yet */
    bool has_execed;

    enum postern_isolation isolation_next;
    bool resident_next; /* isolation_next's like: what the next execve gets */
    int door_next;      /* enum postern_door or DOOR_AUTO */
    enum postern_ipc ipc;
    uint32_t watch; /* WATCH_*: what the dispatcher does with each call; inherited by fork */
    char name[16];  /* last component of the program's path */
    struct strings strings;
    struct credentials credentials;
    struct limits limits;
    struct cputime time, children_time; /* of all its threads; of the children it waited for */
    uint64_t started;                   /* nanoseconds since boot */
    int nice, policy;
    uint32_t personality;
    bool dumpable, keep_caps, no_new_privs; /* as prctl has them */
};

extern struct list process_list;
extern struct process *init_process;
extern unsigned nr_processes;

#define for_each_thread(thread, process) list_for_each(thread, &(process)->threads, siblings)

/* The running thread, from the top of the stack that it runs on. */
static inline struct thread *current_thread(void)
{
    uint32_t esp;

    __asm__("movl %%esp, %0" : "=r"(esp));
    return ((struct stack_top *)((esp | (KSTACK_SIZE - 1)) + 1))[-1].thread;
}

/* The thread whose entry from user mode left tf. */
static inline struct thread *thread_of(const struct trapframe *tf)
{
    return ((const struct stack_top *)(tf + 1))->thread;
}

static inline struct process *current_process(void)
{
    return current_thread()->process;
}

/* The trapframe of the running thread's entry from user mode. */
static inline struct trapframe *current_trapframe(void)
{
    return (struct trapframe *)current_thread()->top - 1;
}

/*
 * A thread with a kernel stack, in no process and not yet runnable; its first step is entry().
 * NULL: no memory. thread_free() takes one that will never run again.
 */
struct thread *thread_create(void (*entry)(void));
void thread_free(struct thread *thread);

/* Empties the kernel stack of thread, which does not run, but for its trapframe: its next step is
 * entry(), after which it leaves for user mode. */
void thread_restart(struct thread *thread, void (*entry)(void));

/* Sets what the dispatcher does with each call of process: WATCH_*. */
void process_watch(struct process *process, uint32_t watch);

/* True if address lies in the guard below some kernel stack. */
bool thread_stack_guard(vaddr_t address);

/* For the #DB handlers: thread was single-stepping when it entered by a door. Interrupts off. */
void thread_stepped_into_kernel(struct thread *thread);

/* What clone(2) was asked for, checked. */
struct clone_request {
    uint32_t flags; /* CLONE_* without the signal */
    int exit_signal;
    vaddr_t stack; /* 0: where the parent's is */
    struct user_desc tls;
};

/* Makes a thread, in the calling process or a new one; the caller wakes it. Its tid, or -ENOMEM,
 * -EAGAIN, -EINVAL. */
int process_clone(const struct clone_request *request, struct thread **result);

/* The process with that pid, zombies too, or the thread with that tid. NULL: none. */
struct process *process_find(int32_t pid);
struct thread *thread_find(int32_t tid);

/* The thread of process that was there first; NULL: a zombie. */
struct thread *process_first_thread(const struct process *process);

/* Starts init; returns never. The calling thread becomes the idle thread. */
_Noreturn void process_start_init(void);

/* Takes a process without threads out of the world, with what only it holds. */
void process_free(struct process *process);

/* The same for a zombie that was waited for: its times are its parent's. */
void process_reap(struct process *process);

/* Ends all threads of the calling process. status is wait4's: exit code << 8, or the signal. */
_Noreturn void process_exit(uint32_t status);

/* Ends the calling thread; status counts if it is the last one. */
_Noreturn void thread_exit(uint32_t status);

/* For exec: waits until the calling thread is the only one and gives it the pid. 0, or -EAGAIN if
 * the process is ending instead. */
int process_become_single(void);

/* The child of a vfork has its own space now, or is no more: its parent may go on. */
void vfork_finish(struct thread *thread);

/* What a stop or a continue means to the parent. code: CLD_*. */
void process_notify_parent(struct process *process, int code, int status);

/* True if a thread is about to end whatever happens. */
bool thread_is_killed(const struct thread *thread);

/* The calling process is out of memory for what it must have: SIGKILL on its way out. */
void thread_out_of_memory(void);

/* Describes one of thread's TLS segments. 0, or -EINVAL as set_thread_area(2). */
struct user_desc;
int tls_set(struct thread *thread, const struct user_desc *descriptor);

#endif
