/* What a process may ask about itself and say about itself: its numbers, prctl, personality,
 * capabilities. */
#include "kernel/abi_system.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

/* --- identity -----------------------------------------------------------------------------------
 */

SYSCALL_DEFINE0(getpid)
{
    return thread_of(tf)->process->pid;
}

/* The parent outlives its child's last call: children of the dead go to init first. */
SYSCALL_DEFINE0(getppid)
{
    return thread_of(tf)->process->parent->pid;
}

SYSCALL_DEFINE0(gettid)
{
    return thread_of(tf)->tid;
}

SYSCALL_DEFINE1(set_tid_address, vaddr_t, tid)
{
    current_thread()->clear_tid = tid;
    return current_thread()->tid;
}

/* --- prctl --------------------------------------------------------------------------------------
 */

/* Nothing behind the last letter that is kept need be readable. */
static long set_name(unsafe_bytes from)
{
    char name[sizeof(current_process()->name)] = {0};
    size_t length = copy_u2k_partial(name, from, sizeof(name) - 1);

    if (length < sizeof(name) - 1 && strlen(name) == length)
        return -EFAULT;
    strlcpy(current_process()->name, name, sizeof(name));
    return 0;
}

static long get_name(unsafe_bytes to)
{
    char name[sizeof(current_process()->name)] = {0};

    strlcpy(name, current_process()->name, sizeof(name));
    return copy_k2u(to, name, sizeof(name));
}

/* A flag of the process that is 0 or 1. */
static long set_flag(bool *flag, uint32_t value)
{
    if (value > 1)
        return -EINVAL;
    *flag = value;
    return 0;
}

static long set_death_signal(uint32_t signal)
{
    if (signal > NSIG)
        return -EINVAL;
    current_process()->death_signal = signal;
    return 0;
}

static long give_number(unsafe_int to, int32_t number)
{
    return copy_object_k2u(to, &number);
}

SYSCALL_DEFINE5(prctl, int, option, uint32_t, second, uint32_t, third, uint32_t, fourth, uint32_t,
                fifth)
{
    struct process *process = current_process();

    switch (option) {
    case PR_SET_PDEATHSIG:
        return set_death_signal(second);
    case PR_GET_PDEATHSIG:
        return give_number((unsafe_int){.address = second}, process->death_signal);
    case PR_GET_TSC:
        return give_number((unsafe_int){.address = second}, PR_TSC_ENABLE);
    case PR_GET_TID_ADDRESS:
        return give_number((unsafe_int){.address = second}, current_thread()->clear_tid);
    case PR_SET_NAME:
        return set_name((unsafe_bytes){.address = second});
    case PR_GET_NAME:
        return get_name((unsafe_bytes){.address = second});
    case PR_GET_DUMPABLE:
        return process->dumpable;
    case PR_SET_DUMPABLE:
        return set_flag(&process->dumpable, second);
    case PR_GET_KEEPCAPS:
        return process->keep_caps;
    case PR_SET_KEEPCAPS:
        return set_flag(&process->keep_caps, second);
    case PR_SET_NO_NEW_PRIVS:
        if (second != 1 || third || fourth || fifth)
            return -EINVAL;
        process->no_new_privs = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS:
        return second || third || fourth || fifth ? -EINVAL : process->no_new_privs;
    case PR_CAPBSET_READ:
        return second <= CAP_LAST ? 1 : -EINVAL;
    case PR_GET_TIMING:
    case PR_GET_SECCOMP:
        return 0;
    }
    return -EINVAL;
}

/* --- personality --------------------------------------------------------------------------------
 */

#define PERSONALITY_QUERY 0xffffffffu

/* It is kept, and changes nothing: there is one kind of programs. */
SYSCALL_DEFINE1(personality, uint32_t, new)
{
    struct process *process = current_process();
    uint32_t old = process->personality;

    if (new != PERSONALITY_QUERY)
        process->personality = new;
    return old;
}

/* --- capabilities: all of root's or none --------------------------------------------------------
 */

#define CAPS_HIGH ((1u << (CAP_LAST - 31)) - 1) /* of the second word of a set */

struct cap_sets {
    struct cap_data words[2];
};

static struct cap_sets caps_of(const struct process *process)
{
    uint32_t low = 0, high = 0;

    if (process->credentials.user.effective == 0) {
        low = 0xffffffff;
        high = CAPS_HIGH;
    }
    return (struct cap_sets){{{low, low, 0}, {high, high, 0}}};
}

/* Bytes of data that the header's version announces; for an unknown one ours is told, and -EINVAL.
 */
static int cap_size(unsafe_cap_header user, size_t *size)
{
    uint32_t version;

    if (unsafe_peek32(&version, unsafe_as_bytes(user)))
        return -EFAULT;
    *size = version == CAP_VERSION_1 ? sizeof(struct cap_data) : sizeof(struct cap_sets);
    if (version == CAP_VERSION_1 || version == CAP_VERSION_2 || version == CAP_VERSION_3)
        return 0;
    return unsafe_poke32(unsafe_as_bytes(user), CAP_VERSION_3) ? -EFAULT : -EINVAL;
}

/* The rest of the header: who asks for the version alone need not have it. */
static int cap_pid(unsafe_cap_header user, int32_t *pid)
{
    unsafe_bytes from = unsafe_advance(unsafe_as_bytes(user), offsetof(struct cap_header, pid));

    return copy_u2k(pid, from, sizeof(*pid));
}

SYSCALL_DEFINE2(capget, unsafe_cap_header, user, unsafe_bytes, to)
{
    int32_t pid;
    size_t size;
    int error = cap_size(user, &size);

    if (unsafe_is_null(to))
        return error == -EINVAL ? 0 : error;
    if (!error)
        error = cap_pid(user, &pid);
    if (error)
        return error;
    if (pid < 0)
        return -EINVAL;
    const struct process *process = pid ? process_find(pid) : current_process();
    if (!process)
        return -ESRCH;
    struct cap_sets sets = caps_of(process);
    return copy_k2u(to, &sets, size);
}

/* What would leave a process with some capabilities and not others cannot be had. */
SYSCALL_DEFINE2(capset, unsafe_cap_header, user, unsafe_bytes, from)
{
    struct cap_sets sets = {{{0}}}, has = caps_of(current_process());
    int32_t pid;
    size_t size;
    int error = cap_size(user, &size);

    if (!error)
        error = cap_pid(user, &pid);
    if (error)
        return error;
    if (pid && pid != current_process()->pid)
        return -EPERM;
    if (copy_u2k(&sets, from, size))
        return -EFAULT;
    sets.words[1] = (struct cap_data){
        sets.words[1].effective & CAPS_HIGH,
        sets.words[1].permitted & CAPS_HIGH,
        sets.words[1].inheritable & CAPS_HIGH,
    };
    for (unsigned i = 0; i < size / sizeof(struct cap_data); i++) {
        if (sets.words[i].effective != has.words[i].effective ||
            sets.words[i].permitted != has.words[i].permitted ||
            (sets.words[i].inheritable & ~has.words[i].permitted))
            return -EPERM;
    }
    return 0;
}
