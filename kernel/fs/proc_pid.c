/* The directory of a process in /proc. */
#include "arch/i386/asm.h"
#include "arch/i386/pit.h"
#include "kernel/fs/proc.h"
#include "kernel/postern_abi.h"
#include "kernel/session.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "kernel/tty.h"
#include "mm/space.h"

/* --- what the kernel knows of it -------------------------------------------------------------- */

static char thread_state(const struct thread *thread)
{
    if (thread->state == THREAD_RUNNABLE)
        return 'R';
    return thread->sleep == SLEEP_UNINTERRUPTIBLE ? 'D' : 'S';
}

/* Of one thread, or of a process: running if one of its threads is. */
static char state_of(const struct proc_inode *inode, const struct process *process)
{
    struct thread *thread = proc_thread_of(inode);

    if (process->zombie || !thread)
        return 'Z';
    if (process->stop_signal)
        return 'T';
    if (inode->tid)
        return thread_state(thread);
    for_each_thread(thread, process)
    {
        if (thread_state(thread) == 'R')
            return 'R';
    }
    return thread_state(process_first_thread(process));
}

static const char *state_name(char state)
{
    switch (state) {
    case 'R':
        return "running";
    case 'S':
        return "sleeping";
    case 'D':
        return "disk sleep";
    case 'T':
        return "stopped";
    }
    return "zombie";
}

/* The numbers of job control: process group, session, terminal and its foreground group. */
struct jobs {
    int32_t group, session, tty, foreground;
};

static struct jobs jobs_of(const struct process *process)
{
    const struct tty *tty = tty_of_process(process);

    return (struct jobs){
        .group = process->group,
        .session = process->session->sid,
        .tty = tty ? (int32_t)tty->number : 0,
        .foreground = tty ? tty->foreground : -1,
    };
}

/* Sets of signals, as bits 0 to 63. */
struct signal_sets {
    uint64_t pending, shared, blocked, ignored, caught;
};

static struct signal_sets signals_of(const struct process *process, const struct thread *thread)
{
    struct signal_sets sets = {.shared = process->pending.set};

    if (thread) {
        sets.pending = thread->pending.set;
        sets.blocked = thread->blocked;
    }
    for (int signal = 1; signal <= NSIG; signal++) {
        vaddr_t handler = process->sighand->actions[signal - 1].handler;
        if (handler == SIG_IGN)
            sets.ignored |= signal_bit(signal);
        else if (handler != SIG_DFL)
            sets.caught |= signal_bit(signal);
    }
    return sets;
}

static uint32_t threads_of(const struct process *process)
{
    struct thread *thread;
    uint32_t count = 0;

    for_each_thread(thread, process) count++;
    return count;
}

static int32_t parent_of(const struct process *process)
{
    return process->parent->pid;
}

/* --- stat ------------------------------------------------------------------------------------- */

#define PRIORITY_BASE 20 /* of niceness 0 */

static void show_times(struct text *text, const struct process *process)
{
    text_print(text, " %u %u %u %u %d %d %u 0 %llu", process->time.user, process->time.system,
               process->children_time.user, process->children_time.system,
               PRIORITY_BASE + process->nice, process->nice, threads_of(process),
               divide_u64(process->started, NANOSECONDS / HZ, NULL));
}

static void show_memory_and_signals(struct text *text, const struct process *process,
                                    const struct thread *thread)
{
    const struct space *space = thread ? thread->space : NULL;
    struct space_usage memory = space ? space_usage(space) : (struct space_usage){0};
    struct signal_sets signals = signals_of(process, thread);

    text_print(text, " %u %u 4294967295 0 0 %u 0 0", memory.mapped * PAGE_SIZE, memory.resident,
               space ? USER_LIMIT : 0);
    text_print(text, " %u %u %u %u 0 0 0 %d 0 0 %d 0 0 0", (uint32_t)signals.pending,
               (uint32_t)signals.blocked, (uint32_t)signals.ignored, (uint32_t)signals.caught,
               process->exit_signal, process->policy);
    text_print(text, " 0 0 %u %u %u %u %u %u\n", space ? space->brk_start : 0,
               process->strings.arguments, process->strings.environment,
               process->strings.environment, process->strings.end,
               process->zombie ? process->status : 0);
}

static int show_stat(struct text *text, const struct proc_inode *inode)
{
    const struct process *process = proc_process_of(inode);

    if (!process)
        return -ESRCH;
    const struct thread *thread = proc_thread_of(inode);
    struct jobs jobs = jobs_of(process);
    text_print(text, "%d (%s) %c %d %d %d %d %d 0 0 0 0 0", inode->tid ? inode->tid : process->pid,
               process->name, state_of(inode, process), parent_of(process), jobs.group,
               jobs.session, jobs.tty, jobs.foreground);
    show_times(text, process);
    show_memory_and_signals(text, process, thread);
    return 0;
}

/* --- status ----------------------------------------------------------------------------------- */

static void show_identity(struct text *text, const char *name, const struct identity *id)
{
    text_print(text, "%s:\t%u\t%u\t%u\t%u\n", name, id->real, id->effective, id->saved, id->file);
}

static void show_groups(struct text *text, const struct credentials *credentials)
{
    text_string(text, "Groups:\t");
    for (uint32_t i = 0; i < credentials->nr_groups; i++)
        text_print(text, "%u ", credentials->groups[i]);
    text_string(text, "\n");
}

static void show_memory(struct text *text, const struct space *space)
{
    struct space_usage memory = space_usage(space);
    const uint32_t kib = PAGE_SIZE / 1024;

    text_print(text, "VmPeak:\t%8u kB\nVmSize:\t%8u kB\nVmLck:\t%8u kB\n", memory.mapped * kib,
               memory.mapped * kib, memory.locked * kib);
    text_print(text, "VmHWM:\t%8u kB\nVmRSS:\t%8u kB\nVmData:\t%8u kB\nVmStk:\t%8u kB\n",
               memory.resident * kib, memory.resident * kib, memory.data * kib, memory.stack * kib);
    text_print(text, "VmExe:\t%8u kB\nVmLib:\t%8u kB\nVmSwap:\t%8u kB\n", memory.text * kib, 0, 0);
}

static void show_signals(struct text *text, const struct process *process,
                         const struct thread *thread)
{
    struct signal_sets signals = signals_of(process, thread);

    text_print(text, "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\n", signals.pending,
               signals.shared, signals.blocked);
    text_print(text, "SigIgn:\t%016llx\nSigCgt:\t%016llx\n", signals.ignored, signals.caught);
}

static void show_capabilities(struct text *text, const struct process *process)
{
    uint64_t all = process->credentials.user.effective ? 0 : ((uint64_t)1 << 41) - 1;

    text_print(text, "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\n", (uint64_t)0, all,
               all);
    text_print(text, "NoNewPrivs:\t%u\n", process->no_new_privs);
}

static int show_status(struct text *text, const struct proc_inode *inode)
{
    const struct process *process = proc_process_of(inode);

    if (!process)
        return -ESRCH;
    const struct thread *thread = proc_thread_of(inode);
    char state = state_of(inode, process);
    text_print(text, "Name:\t%s\n", process->name);
    if (thread && thread->cwd)
        text_print(text, "Umask:\t%04o\n", thread->cwd->umask);
    text_print(text, "State:\t%c (%s)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
               state, state_name(state), process->pid, inode->tid ? inode->tid : process->pid,
               parent_of(process));
    show_identity(text, "Uid", &process->credentials.user);
    show_identity(text, "Gid", &process->credentials.group);
    show_groups(text, &process->credentials);
    if (thread && thread->space)
        show_memory(text, thread->space);
    text_print(text, "Threads:\t%u\n", threads_of(process));
    show_signals(text, process, thread);
    show_capabilities(text, process);
    text_string(text, "Cpus_allowed:\t1\nCpus_allowed_list:\t0\n");
    return 0;
}

/* --- smaller ones ----------------------------------------------------------------------------- */

static int show_comm(struct text *text, const struct proc_inode *inode)
{
    const struct process *process = proc_process_of(inode);

    if (!process)
        return -ESRCH;
    text_print(text, "%s\n", process->name);
    return 0;
}

static int show_isolation(struct text *text, const struct proc_inode *inode)
{
    const struct thread *thread = proc_thread_of(inode);

    if (!thread || !thread->space)
        return proc_process_of(inode) ? 0 : -ESRCH;
    text_string(text, thread->space->isolation == ISOLATION_SPLIT ? "split\n" : "shared\n");
    return 0;
}

static const struct {
    const char *name, *unit;
} limit_names[NR_LIMITS] = {
    [RLIMIT_CPU] = {"Max cpu time", "seconds"},
    [RLIMIT_FSIZE] = {"Max file size", "bytes"},
    [RLIMIT_DATA] = {"Max data size", "bytes"},
    [RLIMIT_STACK] = {"Max stack size", "bytes"},
    [RLIMIT_CORE] = {"Max core file size", "bytes"},
    [RLIMIT_RSS] = {"Max resident set", "bytes"},
    [RLIMIT_NPROC] = {"Max processes", "processes"},
    [RLIMIT_NOFILE] = {"Max open files", "files"},
    [RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
    [RLIMIT_AS] = {"Max address space", "bytes"},
    [RLIMIT_LOCKS] = {"Max file locks", "locks"},
    [RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
    [RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
    [RLIMIT_NICE] = {"Max nice priority", ""},
    [RLIMIT_RTPRIO] = {"Max realtime priority", ""},
    [RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
};

static void show_limit(struct text *text, uint64_t limit)
{
    if (limit == LIMIT_INFINITY)
        text_print(text, "%-20s ", "unlimited");
    else
        text_print(text, "%-20llu ", limit);
}

static int show_limits(struct text *text, const struct proc_inode *inode)
{
    const struct process *process = proc_process_of(inode);

    if (!process)
        return -ESRCH;
    text_print(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (unsigned i = 0; i < NR_LIMITS; i++) {
        text_print(text, "%-25s ", limit_names[i].name);
        show_limit(text, process->limits.of[i].current);
        show_limit(text, process->limits.of[i].maximum);
        text_print(text, "%-10s\n", limit_names[i].unit);
    }
    return 0;
}

/* --- the directory ---------------------------------------------------------------------------- */

static const struct proc_entry thread_entries[] = {
    PROC_FILE("cmdline", proc_show_cmdline),
    PROC_FILE("comm", show_comm),
    PROC_LINK("cwd", proc_cwd_readlink, proc_cwd_jump),
    PROC_LINK("exe", proc_exe_readlink, proc_exe_jump),
    PROC_NUMBERS("fd", 0500, &proc_descriptors),
    PROC_LINK("root", proc_root_readlink, proc_root_jump),
    PROC_FILE("stat", show_stat),
    PROC_FILE("statm", proc_show_statm),
    PROC_FILE("status", show_status),
    {.name = NULL},
};

static const struct proc_entry thread_directory = PROC_DIRECTORY("", thread_entries);

static int32_t next_thread(const struct proc_inode *directory, int32_t number)
{
    const struct process *process = proc_process_of(directory);
    struct thread *thread;
    int32_t next = -1;

    if (!process)
        return -1;
    for_each_thread(thread, process)
    {
        if (thread->tid >= number && (next < 0 || thread->tid < next))
            next = thread->tid;
    }
    return next;
}

static void set_thread(struct proc_inode *inode, int32_t tid)
{
    inode->tid = tid;
}

static int32_t get_thread(const struct proc_inode *inode)
{
    return inode->tid;
}

static const struct proc_numbers threads = {&thread_directory, next_thread, set_thread, get_thread};

static const struct proc_entry process_entries[] = {
    PROC_FILE("cmdline", proc_show_cmdline),
    PROC_FILE("comm", show_comm),
    PROC_LINK("cwd", proc_cwd_readlink, proc_cwd_jump),
    PROC_PRIVATE("environ", proc_show_environ),
    PROC_LINK("exe", proc_exe_readlink, proc_exe_jump),
    PROC_NUMBERS("fd", 0500, &proc_descriptors),
    PROC_FILE("isolation", show_isolation),
    PROC_FILE("limits", show_limits),
    PROC_FILE("maps", proc_show_maps),
    PROC_FILE("mounts", proc_show_mounts),
    PROC_LINK("root", proc_root_readlink, proc_root_jump),
    PROC_FILE("stat", show_stat),
    PROC_FILE("statm", proc_show_statm),
    PROC_FILE("status", show_status),
    PROC_NUMBERS("task", 0555, &threads),
    {.name = NULL},
};

const struct proc_entry proc_process = PROC_DIRECTORY("", process_entries);
