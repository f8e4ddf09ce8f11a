/* ioctl(2) on terminals: attributes, sizes, queues (ioctl_tty(2)). */
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/tty.h"

/* --- attributes --------------------------------------------------------------------------------
 */

/* TCSETS, TCSETSW (what was written has been shown already), TCSETSF. */
static long set_attributes(struct tty *tty, const struct termios *termios, bool flush)
{
    int error = tty_check_foreground(tty, SIGTTOU);

    if (error)
        return error;
    if (flush)
        tty_flush_input(tty);
    tty_set_termios(tty, termios);
    return 0;
}

static long attributes(struct tty *tty, uint32_t request, uint32_t argument)
{
    unsafe_termios user = {.address = argument};
    struct termios termios;

    if (request == TCGETS)
        return copy_object_k2u(user, &tty->termios);
    if (copy_object_u2k(&termios, user))
        return -EFAULT;
    return set_attributes(tty, &termios, request == TCSETSF);
}

/* The newer form has the speeds as numbers; there is one. */
static long attributes2(struct tty *tty, uint32_t request, uint32_t argument)
{
    unsafe_termios2 user = {.address = argument};
    struct termios2 both = {.termios = tty->termios, .input_speed = 38400, .output_speed = 38400};

    if (request == TCGETS2)
        return copy_object_k2u(user, &both);
    if (copy_object_u2k(&both, user))
        return -EFAULT;
    return set_attributes(tty, &both.termios, request == TCSETSF2);
}

/* --- sizes -------------------------------------------------------------------------------------
 */

static long window_size(struct tty *tty, uint32_t request, uint32_t argument)
{
    unsafe_winsize user = {.address = argument};
    struct winsize size;

    if (request == TIOCGWINSZ)
        return copy_object_k2u(user, &tty->size);
    if (copy_object_u2k(&size, user))
        return -EFAULT;
    if (!memcmp(&size, &tty->size, sizeof(size)))
        return 0;
    tty->size = size;
    if (tty->foreground)
        signal_raise_group(tty->foreground, SIGWINCH);
    return 0;
}

/* --- queues ------------------------------------------------------------------------------------
 */

/* What is input at one end is output at the other. */
static long flush(struct tty *tty, uint32_t queues, bool by_master)
{
    if (queues > TCIOFLUSH)
        return -EINVAL;
    if (queues != (by_master ? TCIFLUSH : TCOFLUSH))
        tty_flush_input(tty);
    if (queues != (by_master ? TCOFLUSH : TCIFLUSH))
        tty_flush_output(tty);
    return 0;
}

static long control_flow(struct tty *tty, uint32_t action)
{
    switch (action) {
    case TCOOFF:
        tty->stopped = true;
        return 0;
    case TCOON:
        tty->stopped = false;
        wait_wake(&tty->writable);
        return 0;
    case TCIOFF:
    case TCION: /* the other side types as it likes */
        return 0;
    }
    return -EINVAL;
}

static long queues(struct tty *tty, uint32_t request, uint32_t argument, bool by_master)
{
    int error = tty_check_foreground(tty, SIGTTOU);

    if (error)
        return error;
    switch (request) {
    case TCFLSH:
        return flush(tty, argument, by_master);
    case TCXONC:
        return control_flow(tty, argument);
    default: /* TCSBRK, TCSBRKP: all that was written has been shown, and there is no line to break
              */
        return 0;
    }
}

static long tell(uint32_t argument, uint32_t value)
{
    return unsafe_poke32((unsafe_bytes){.address = argument}, value);
}

long tty_ioctl(struct tty *tty, uint32_t request, uint32_t argument, bool by_master)
{
    if (tty->hung_up && !by_master)
        return request == TIOCSPGRP ? -ENOTTY : -EIO;
    switch (request) {
    case TCGETS:
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return attributes(tty, request, argument);
    case TCGETS2:
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
        return attributes2(tty, request, argument);
    case TIOCGWINSZ:
    case TIOCSWINSZ:
        return window_size(tty, request, argument);
    case TCFLSH:
    case TCXONC:
    case TCSBRK:
    case TCSBRKP:
        return queues(tty, request, argument, by_master);
    case FIONREAD:
        return tell(argument, tty_available(tty));
    case TIOCOUTQ:
    case TIOCGETD:
        return tell(argument, 0);
    }
    return tty_session_ioctl(tty, request, argument, by_master);
}
