/* fork, vfork, clone: what may be asked for, and who is told the child's number. */
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"

/* Combinations that make no sense (clone(2), EINVAL). */
static bool is_possible(uint32_t flags)
{
    if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
        return false;
    if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
        return false;
    if ((flags & CLONE_PARENT) && current_process() == init_process)
        return false;
    return !(flags & (CLONE_NEW | CLONE_PIDFD));
}

struct clone_tids {
    unsafe_u32 parent, child;
};

/* The parent sleeps until the child lets go of its space; only its own end comes before that. */
static void wait_for_vfork(struct thread *child)
{
    struct vfork_wait wait = {.done = false};

    wait_init(&wait.queue);
    child->vfork = &wait;
    sched_wake(child);
    if (wait_killable(&wait.queue, wait.done))
        child->vfork = NULL;
}

static long clone(const struct clone_request *request, struct clone_tids tids)
{
    struct thread *child;

    if (!is_possible(request->flags))
        return -EINVAL;
    int tid = process_clone(request, &child);
    if (tid < 0)
        return tid;

    /* Linux, too, does not undo the clone for an address that cannot be written */
    if (request->flags & CLONE_PARENT_SETTID)
        unsafe_poke32(unsafe_as_bytes(tids.parent), tid);
    if (request->flags & CLONE_CHILD_CLEARTID)
        child->clear_tid = tids.child.address;
    if (request->flags & CLONE_CHILD_SETTID)
        child->set_tid = tids.child.address;
    if (request->flags & CLONE_VFORK)
        wait_for_vfork(child);
    else
        sched_wake(child);
    return tid;
}

SYSCALL_DEFINE5(clone, uint32_t, flags, vaddr_t, stack, unsafe_u32, parent_tid, unsafe_user_desc,
                tls, unsafe_u32, child_tid)
{
    struct clone_request request = {
        .flags = flags & ~CLONE_SIGNAL,
        .exit_signal = flags & CLONE_SIGNAL,
        .stack = stack,
    };

    if (request.exit_signal > NSIG)
        return -EINVAL;
    if ((flags & CLONE_SETTLS) && copy_object_u2k(&request.tls, tls))
        return -EFAULT;
    return clone(&request, (struct clone_tids){parent_tid, child_tid});
}

SYSCALL_DEFINE0(fork)
{
    return clone(&(struct clone_request){.exit_signal = SIGCHLD}, (struct clone_tids){});
}

SYSCALL_DEFINE0(vfork)
{
    struct clone_request request = {.flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD};

    return clone(&request, (struct clone_tids){});
}
