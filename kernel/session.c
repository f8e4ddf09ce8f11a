#include "kernel/session.h"

#include "kernel/resident.h"
#include "kernel/syscall.h"
#include "kernel/tty.h"
#include "mm/heap.h"

struct session *session_create(int32_t sid)
{
    struct session *session = heap_alloc(sizeof(*session));

    if (session)
        *session = (struct session){.references = 1, .sid = sid};
    return session;
}

void session_get(struct session *session)
{
    session->references++;
}

void session_put(struct session *session)
{
    if (!--session->references)
        heap_free(session);
}

/* --- groups --------------------------------------------------------------------------------------
 */

bool group_is_in_session(int32_t group, const struct session *session)
{
    struct process *process;

    list_for_each(process, &process_list, all) {
        if (process->group == group && process->session == session)
            return true;
    }
    return false;
}

/* leaver is as good as gone. */
static bool is_orphaned_without(int32_t group, const struct process *leaver)
{
    struct process *process;

    list_for_each(process, &process_list, all) {
        const struct process *parent = process->parent;
        if (process->group != group || process == leaver || process->zombie)
            continue;
        if (parent != leaver && parent != init_process && parent->group != group &&
            parent->session == process->session)
            return false;
    }
    return true;
}

bool group_is_orphaned(int32_t group)
{
    return is_orphaned_without(group, NULL);
}

static bool has_stopped_member(int32_t group)
{
    struct process *process;

    list_for_each(process, &process_list, all) {
        if (process->group == group && process->stop_signal)
            return true;
    }
    return false;
}

/* The group of process loses leaver, a member or a member's parent. */
static void orphan_group(const struct process *process, const struct process *leaver)
{
    if (is_orphaned_without(process->group, NULL) || !is_orphaned_without(process->group, leaver) ||
        !has_stopped_member(process->group))
        return;
    signal_raise_group(process->group, SIGHUP);
    signal_raise_group(process->group, SIGCONT);
}

void session_exit(struct process *process)
{
    struct process *child;

    orphan_group(process, process);
    list_for_each(child, &process->children, siblings)
        orphan_group(child, process);
    if (process->session->sid == process->pid && process->session->tty)
        tty_leader_exits(process->session);
}

/* --- calls ---------------------------------------------------------------------------------------
 */

SYSCALL_DEFINE0(setsid)
{
    struct process *process = current_process(), *other;

    list_for_each(other, &process_list, all) {
        if (other->group == process->pid)
            return -EPERM;
    }
    struct session *session = session_create(process->pid);
    if (!session)
        return -ENOMEM;
    session_put(process->session);
    process->session = session;
    process->gave_up_terminal = false;
    process->group = process->pid;
    resident_changed(process);
    return process->pid;
}

bool group_exists(int32_t group)
{
    struct process *process;

    list_for_each(process, &process_list, all) {
        if (process->group == group)
            return true;
    }
    return false;
}

static struct process *self_or(int32_t pid)
{
    struct process *process = pid ? process_find(pid) : current_process();

    return process;
}

SYSCALL_DEFINE2(setpgid, int32_t, pid, int32_t, group)
{
    struct process *caller = current_process(), *process = self_or(pid);

    if (group < 0 || (!group && pid < 0))
        return -EINVAL;
    if (!process || (process != caller && process->parent != caller))
        return -ESRCH;
    if (process != caller && process->session != caller->session)
        return -EPERM;
    if (process != caller && process->has_execed)
        return -EACCES;
    if (process->session->sid == process->pid)
        return -EPERM;
    if (!group)
        group = process->pid;
    if (group != process->pid && !group_is_in_session(group, caller->session))
        return -EPERM;
    process->group = group;
    resident_changed(process);
    return 0;
}

SYSCALL_DEFINE1(getpgid, int32_t, pid)
{
    const struct process *process = self_or(pid);

    return process ? process->group : -ESRCH;
}

SYSCALL_DEFINE0(getpgrp)
{
    return current_process()->group;
}

SYSCALL_DEFINE1(getsid, int32_t, pid)
{
    const struct process *process = self_or(pid);

    return process ? process->session->sid : -ESRCH;
}
