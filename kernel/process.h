/*
 * Processes and threads.
 *
 * A process has the address space, the files and the identity; a thread has the kernel stack, the
 * registers and the place in the scheduler. Every process has one thread today; nothing here but
 * process->thread assumes it.
 */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include "arch/i386/descriptors.h"
#include "arch/i386/trapframe.h"
#include "arch/i386/types.h"
#include "kernel/cputime.h"
#include "kernel/credentials.h"
#include "kernel/limits.h"
#include "kernel/list.h"
#include "kernel/postern_abi.h"
#include "kernel/restart.h"
#include "kernel/wait.h"
#include "trampoline/gate.h"

#define NR_TLS        (GDT_TLS_MAX - GDT_TLS_MIN + 1)
#define PROCESSES_MAX 1024
#define PID_MAX       32768

/* What a thread must do before it may go back to user mode; see return_to_user(). */
#define WORK_RESCHEDULE 1 /* its time slice is over */
#define WORK_STEP       2 /* it entered with TF set, which the gate dropped */
#define WORK_DIE        4 /* fatal_signal ends its process */
#define WORK_EXEC       8 /* another directory, perhaps another gate page, is loaded */

enum thread_state {
    THREAD_RUNNABLE,
    THREAD_SLEEPING,
    THREAD_DEAD,
};

struct thread {
    uint32_t work;           /* WORK_*: set by anybody with interrupts off, read on each way out */
    struct process *process; /* NULL: a kernel thread */
    int fatal_signal;        /* with WORK_DIE */
    enum thread_state state;
    bool interruptible; /* while it sleeps: a signal wakes it */
    struct list queue;  /* in the run queue */
    struct space
        *space; /* this, files and paths: shared with whom it was cloned from, or its own */
    struct files *files;
    struct cwd *cwd;
    uint32_t kernel_esp;   /* while it does not run */
    struct stack_top *top; /* of its kernel stack */
    uint32_t fs, gs;       /* selectors, while it does not run */
    descriptor_t tls[NR_TLS];
    uint8_t *fpu; /* FPU_STATE bytes, aligned to 16 */
    struct restart restart;
    struct cputime time;
};

/* Where exec put the arguments and, behind them, the environment: user addresses. */
struct strings {
    vaddr_t arguments, environment, end;
};

struct process {
    int32_t pid;
    struct process *parent;
    struct list siblings, children;
    struct list all; /* in process_list */
    struct thread *thread;
    struct wait_queue child_exits;
    bool zombie;
    uint32_t status; /* as wait4 gives it */
    enum postern_isolation isolation_next;
    int door_next; /* enum postern_door or DOOR_AUTO */
    bool trace;
    char name[16]; /* last component of the program's path */
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

/* The running thread, from the top of the stack that it runs on. */
static inline struct thread *current_thread(void)
{
    uint32_t esp;

    __asm__("movl %%esp, %0" : "=r"(esp));
    return ((struct stack_top *)((esp | (KSTACK_SIZE - 1)) + 1))[-1].thread;
}

/* True if the thread must see to something before it may sleep interruptibly: a signal. */
static inline bool thread_is_interrupted(const struct thread *thread)
{
    return thread->work & WORK_DIE;
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
 * A thread with a kernel stack, not yet runnable; its first step is entry(). NULL: no memory.
 * thread_free() takes one that will never run again.
 */
struct thread *thread_create(struct process *process, void (*entry)(void));
void thread_free(struct thread *thread);

/* True if address lies in the guard below some kernel stack. */
bool thread_stack_guard(vaddr_t address);

/* For the #DB handlers: thread was single-stepping when it entered by a door. Interrupts off. */
void thread_stepped_into_kernel(struct thread *thread);

/* Ends thread's process as signal would, when it is about to go back to user mode: for handlers
 * that still hold something. Any context. */
void thread_die_on_return(struct thread *thread, int signal);

/* A process with the caller as parent (NULL for init), a pid and no space. NULL: no memory or pids.
 */
struct process *process_create(struct process *parent);

/* The process of a pid, zombies included; NULL: none. And how many there are. */
struct process *process_find(int32_t pid);
unsigned process_count(void);

/* Undoes process_create() for a process that never ran. */
void process_discard(struct process *process);

/* Starts init; returns never. The calling thread becomes the idle thread. */
_Noreturn void process_start_init(void);

/* Ends the calling process. status is wait4's: exit code << 8, or the signal that ended it. */
_Noreturn void process_exit(uint32_t status);

/* Ends the calling process as signal would, after one line on the console that says why. */
_Noreturn void process_kill(int signal, const struct trapframe *tf, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Linux's numbers for the signals that the kernel itself gives. */
#define SIGILL  4
#define SIGTRAP 5
#define SIGBUS  7
#define SIGFPE  8
#define SIGKILL 9
#define SIGSEGV 11
#define SIGPIPE 13

#endif
