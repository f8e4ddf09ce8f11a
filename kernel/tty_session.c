/* Controlling terminals and jobs (POSIX 11.1.3, 11.1.4; credentials(7)). */
#include "kernel/process.h"
#include "kernel/tty.h"

struct tty *tty_of_process(const struct process *process)
{
    return process->gave_up_terminal ? NULL : process->session->tty;
}

/* --- fore- and background ----------------------------------------------------------------------
 */

int tty_check_foreground(struct tty *tty, int signal)
{
    const struct process *process = current_process();

    if (tty_of_process(process) != tty || !tty->foreground || process->group == tty->foreground)
        return 0;
    if (signal_is_ignored_or_blocked(signal))
        return signal == SIGTTIN ? -EIO : 0;
    if (group_is_orphaned(process->group))
        return -EIO;
    signal_raise_group(process->group, signal);
    return -ERESTARTSYS;
}

/* --- gaining and losing ------------------------------------------------------------------------
 */

static void give(struct tty *tty, struct process *leader)
{
    session_get(leader->session);
    tty->session = leader->session;
    tty->session->tty = tty;
    tty->foreground = leader->group;
    leader->gave_up_terminal = false;
}

static void take_back(struct tty *tty)
{
    struct session *session = tty->session;

    tty->session = NULL;
    tty->foreground = 0;
    if (session) {
        session->tty = NULL;
        session_put(session);
    }
}

static bool is_leader(const struct process *process)
{
    return process->session->sid == process->pid;
}

void tty_acquire(struct tty *tty)
{
    struct process *process = current_process();

    if (is_leader(process) && !process->session->tty && !tty->session)
        give(tty, process);
}

static long acquire(struct tty *tty, bool steal)
{
    struct process *process = current_process();

    if (tty->session == process->session && is_leader(process))
        return 0;
    if (!is_leader(process) || process->session->tty)
        return -EPERM;
    if (tty->session && !steal)
        return -EPERM;
    if (tty->session)
        take_back(tty);
    give(tty, process);
    return 0;
}

static void tell_foreground(const struct tty *tty)
{
    if (!tty->foreground)
        return;
    signal_raise_group(tty->foreground, SIGHUP);
    signal_raise_group(tty->foreground, SIGCONT);
}

void tty_leader_exits(struct session *session)
{
    struct tty *tty = session->tty;

    tell_foreground(tty);
    take_back(tty);
}

static long give_up(struct tty *tty)
{
    struct process *process = current_process();

    if (tty_of_process(process) != tty)
        return -ENOTTY;
    if (is_leader(process))
        tty_leader_exits(process->session);
    else
        process->gave_up_terminal = true;
    return 0;
}

void tty_hang_up(struct tty *tty)
{
    struct session *session = tty->session;

    tty->hung_up = true;
    if (session) {
        struct process *leader = process_find(session->sid);
        if (leader) {
            signal_raise(leader, SIGHUP);
            signal_raise(leader, SIGCONT);
        }
        if (tty->foreground && (!leader || tty->foreground != leader->group))
            tell_foreground(tty);
        take_back(tty);
    }
    wait_wake(&tty->readable);
    wait_wake(&tty->writable);
    wait_wake(&tty->taken);
}

/* --- ioctl -------------------------------------------------------------------------------------
 */

static long set_foreground(struct tty *tty, uint32_t argument)
{
    const struct process *process = current_process();
    uint32_t value;

    int error = tty_check_foreground(tty, SIGTTOU);
    if (error) /* a group that nobody could continue has no terminal to give away */
        return error == -EIO ? -ENOTTY : error;
    if (unsafe_peek32(&value, (unsafe_bytes){.address = argument}))
        return -EFAULT;
    int32_t group = value;
    if (group < 0)
        return -EINVAL;
    if (tty_of_process(process) != tty)
        return -ENOTTY;
    if (group_is_in_session(group, process->session)) {
        tty->foreground = group;
        return 0;
    }
    return group_exists(group) ? -EPERM : -ESRCH;
}

static long tell(uint32_t argument, uint32_t value)
{
    return unsafe_poke32((unsafe_bytes){.address = argument}, value);
}

long tty_session_ioctl(struct tty *tty, uint32_t request, uint32_t argument, bool by_master)
{
    bool mine = tty_of_process(current_process()) == tty;

    switch (request) {
    case TIOCSCTTY:
        return acquire(tty, argument == 1);
    case TIOCNOTTY:
        return give_up(tty);
    case TIOCGPGRP:
        return mine || by_master ? tell(argument, tty->foreground) : -ENOTTY;
    case TIOCSPGRP:
        return set_foreground(tty, argument);
    case TIOCGSID:
        if ((!mine && !by_master) || !tty->session)
            return -ENOTTY;
        return tell(argument, tty->session->sid);
    }
    return -ENOTTY;
}
