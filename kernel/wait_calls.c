/* wait4, waitpid, waitid: children that ended, stopped or went on. */
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

/* Whom to wait for, and for what. */
struct wait_request {
    int type; /* P_* */
    int32_t id;
    uint32_t options;
};

/* What a child did. */
struct wait_event_seen {
    struct process *child;
    int code;      /* CLD_* */
    int32_t value; /* exit code or signal */
    uint32_t status;
};

static bool is_meant(const struct wait_request *request, const struct process *child)
{
    bool by_clone = child->exit_signal != SIGCHLD;

    if (request->type == P_PID && child->pid != request->id)
        return false;
    if (request->type == P_PGID && child->group != request->id)
        return false;
    return (request->options & __WALL) || by_clone == !!(request->options & __WCLONE);
}

static bool has_event(const struct wait_request *request, struct process *child,
                      struct wait_event_seen *seen)
{
    *seen = (struct wait_event_seen){.child = child};
    if (child->zombie) {
        seen->status = child->status;
        seen->code = child->status & 0x7f ? CLD_KILLED : CLD_EXITED;
        seen->value = child->status & 0x7f ? child->status & 0x7f : child->status >> 8 & 0xff;
        return true;
    }
    if (child->report_stop && (request->options & WSTOPPED)) {
        seen->code = CLD_STOPPED;
        seen->value = child->stop_signal;
        seen->status = child->stop_signal << 8 | 0x7f;
        return true;
    }
    if (child->report_continue && (request->options & WCONTINUED)) {
        seen->code = CLD_CONTINUED;
        seen->value = SIGCONT;
        seen->status = 0xffff;
        return true;
    }
    return false;
}

/* The first child with something to tell; *exists: whether any child is meant at all. */
static bool find_event(const struct wait_request *request, struct wait_event_seen *seen,
                       bool *exists)
{
    struct process *child;

    *exists = false;
    list_for_each(child, &current_process()->children, siblings) {
        /* what a zombie did before its end is never told */
        if (!is_meant(request, child) || (child->zombie && !(request->options & WEXITED)))
            continue;
        *exists = true;
        if (has_event(request, child, seen))
            return true;
    }
    return false;
}

/* 1 and what was seen, 0 for WNOHANG, or an error. */
static int wait_for(const struct wait_request *request, struct wait_event_seen *seen)
{
    struct process *parent = current_process();
    bool found = false, exists = true;
    int error =
        wait_interruptible(&parent->child_exits, (found = find_event(request, seen, &exists)) ||
                                                     !exists || (request->options & WNOHANG));

    if (error)
        return error;
    return found ? 1 : exists ? 0 : -ECHILD;
}

static void consume(const struct wait_request *request, const struct wait_event_seen *seen)
{
    struct process *child = seen->child;

    if (request->options & WNOWAIT)
        return;
    if (seen->code == CLD_STOPPED)
        child->report_stop = false;
    else if (seen->code == CLD_CONTINUED)
        child->report_continue = false;
    else
        process_reap(child);
}

static long do_wait(int32_t pid, unsafe_int status, uint32_t options, unsafe_rusage usage)
{
    struct wait_request request = {
        .type = pid > 0     ? P_PID
                : pid == -1 ? P_ALL
                            : P_PGID,
        .id = pid > 0    ? pid
              : pid == 0 ? current_process()->group
                         : (int32_t) - (uint32_t)pid,
        .options = options | WEXITED,
    };
    struct wait_event_seen seen;
    struct rusage used;

    if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WALL | __WCLONE))
        return -EINVAL;
    if (pid == INT32_MIN)
        return -ESRCH;
    int result = wait_for(&request, &seen);
    if (result <= 0)
        return result;

    /* Linux reaps first and reports the fault after: the child is gone either way */
    int32_t child = seen.child->pid, how = seen.status;
    used = cputime_usage(cputime_total(seen.child));
    consume(&request, &seen);
    if (!unsafe_is_null(status) && copy_object_k2u(status, &how))
        return -EFAULT;
    if (!unsafe_is_null(usage) && copy_object_k2u(usage, &used))
        return -EFAULT;
    return child;
}

SYSCALL_DEFINE4(wait4, int32_t, pid, unsafe_int, status, uint32_t, options, unsafe_rusage, usage)
{
    return do_wait(pid, status, options, usage);
}

SYSCALL_DEFINE3(waitpid, int32_t, pid, unsafe_int, status, uint32_t, options)
{
    return do_wait(pid, status, options, (unsafe_rusage){.address = 0});
}

SYSCALL_DEFINE5(waitid, int, type, int32_t, id, unsafe_siginfo, user, uint32_t, options,
                unsafe_rusage, usage)
{
    struct wait_request request = {.type = type, .id = id, .options = options};
    struct wait_event_seen seen;
    struct siginfo_user info = {};
    struct rusage used;

    if ((options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WALL |
                     __WCLONE)) ||
        !(options & (WEXITED | WSTOPPED | WCONTINUED)))
        return -EINVAL;
    if (type < P_ALL || type > P_PIDFD || (type == P_PID && id <= 0) || (type > P_PID && id < 0))
        return -EINVAL;
    if (type == P_PIDFD) /* no descriptor is a process's */
        return -EBADF;
    if (type == P_PGID && !id)
        request.id = current_process()->group;
    int result = wait_for(&request, &seen);
    if (result < 0)
        return result;
    if (result) {
        info.info.signo = SIGCHLD;
        info.info.code = seen.code;
        info.info.child.pid = seen.child->pid;
        info.info.child.uid = seen.child->credentials.user.real;
        info.info.child.status = seen.value;
        used = cputime_usage(cputime_total(seen.child));
        consume(&request, &seen);
        if (!unsafe_is_null(usage) && copy_object_k2u(usage, &used))
            return -EFAULT;
    }
    if (!unsafe_is_null(user) &&
        copy_k2u(unsafe_as_bytes(user), &info, offsetof(struct siginfo, child.user_ticks)))
        return -EFAULT;
    return 0;
}
