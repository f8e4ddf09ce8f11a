/* Terminals as Linux's i386 ABI has them (termios(3), ioctl_tty(2)). */
#ifndef KERNEL_ABI_TTY_H
#define KERNEL_ABI_TTY_H

#include "kernel/abi.h"

enum {
    VINTR,
    VQUIT,
    VERASE,
    VKILL,
    VEOF,
    VTIME,
    VMIN,
    VSWTC,
    VSTART,
    VSTOP,
    VSUSP,
    VEOL,
    VREPRINT,
    VDISCARD,
    VWERASE,
    VLNEXT,
    VEOL2,
    NCCS = 19,
};

struct termios {
    uint32_t input, output, control, local;
    uint8_t line, cc[NCCS];
};
_Static_assert(sizeof(struct termios) == 36, "termios: size");

struct termios2 {
    struct termios termios;
    uint32_t input_speed, output_speed;
};
_Static_assert(sizeof(struct termios2) == 44, "termios2: size");

struct winsize {
    uint16_t rows, columns, x_pixels, y_pixels;
};

UNSAFE_POINTER(termios, struct termios);
UNSAFE_POINTER(termios2, struct termios2);
UNSAFE_POINTER(winsize, struct winsize);

/* input */
#define ISTRIP 000040u
#define INLCR  000100u
#define IGNCR  000200u
#define ICRNL  000400u
#define IXON   002000u
#define IXANY  004000u
#define IUTF8  040000u
/* output */
#define OPOST  000001u
#define ONLCR  000004u
#define OCRNL  000010u
#define ONOCR  000020u
#define ONLRET 000040u
/* control */
#define B38400 000017u
#define CS8    000060u
#define CREAD  000200u
/* local */
#define ISIG       000001u
#define ICANON     000002u
#define ECHO       000010u
#define ECHOE      000020u
#define ECHOK      000040u
#define ECHONL     000100u
#define NOFLSH     000200u
#define TOSTOP     000400u
#define ECHOCTL    001000u
#define ECHOKE     004000u
#define IEXTEN     0100000u

#define TCGETS     0x5401
#define TCSETS     0x5402
#define TCSETSW    0x5403
#define TCSETSF    0x5404
#define TCSBRK     0x5409
#define TCXONC     0x540a
#define TCFLSH     0x540b
#define TIOCSCTTY  0x540e
#define TIOCGPGRP  0x540f
#define TIOCSPGRP  0x5410
#define TIOCOUTQ   0x5411
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD   0x541b
#define TIOCNOTTY  0x5422
#define TIOCGETD   0x5424
#define TCSBRKP    0x5425
#define TIOCGSID   0x5429
#define TCGETS2    0x802c542a
#define TCSETS2    0x402c542b
#define TCSETSW2   0x402c542c
#define TCSETSF2   0x402c542d
#define TIOCGPTN   0x80045430
#define TIOCSPTLCK 0x40045431
#define TIOCGPTLCK 0x80045439

/* TCFLSH's queues, TCXONC's actions */
#define TCIFLUSH  0
#define TCOFLUSH  1
#define TCIOFLUSH 2
#define TCOOFF    0
#define TCOON     1
#define TCIOFF    2
#define TCION     3

#endif
