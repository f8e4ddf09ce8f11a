/* Linux's i386 signals: numbers, codes and structures (signal(7), sigaction(2), sigreturn(2)). */
#ifndef KERNEL_ABI_SIGNAL_H
#define KERNEL_ABI_SIGNAL_H

#include "kernel/abi.h"
#include "kernel/abi_time.h"

#define SIGHUP            1
#define SIGINT            2
#define SIGQUIT           3
#define SIGILL            4
#define SIGTRAP           5
#define SIGABRT           6
#define SIGBUS            7
#define SIGFPE            8
#define SIGKILL           9
#define SIGUSR1           10
#define SIGSEGV           11
#define SIGUSR2           12
#define SIGPIPE           13
#define SIGALRM           14
#define SIGTERM           15
#define SIGSTKFLT         16
#define SIGCHLD           17
#define SIGCONT           18
#define SIGSTOP           19
#define SIGTSTP           20
#define SIGTTIN           21
#define SIGTTOU           22
#define SIGURG            23
#define SIGXCPU           24
#define SIGXFSZ           25
#define SIGVTALRM         26
#define SIGPROF           27
#define SIGWINCH          28
#define SIGIO             29
#define SIGPWR            30
#define SIGSYS            31
#define SIGRTMIN          32
#define NSIG              64

#define SIG_DFL           0u
#define SIG_IGN           1u

#define SA_NOCLDSTOP      0x00000001u
#define SA_NOCLDWAIT      0x00000002u
#define SA_SIGINFO        0x00000004u
#define SA_EXPOSE_TAGBITS 0x00000800u
#define SA_RESTORER       0x04000000u
#define SA_ONSTACK        0x08000000u
#define SA_RESTART        0x10000000u
#define SA_NODEFER        0x40000000u
#define SA_RESETHAND      0x80000000u
/* Linux clears the flags that it does not know, so that programs can ask (sigaction(2)). */
#define SA_KNOWN                                                                               \
    (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_EXPOSE_TAGBITS | SA_RESTORER | SA_ONSTACK | \
     SA_RESTART | SA_NODEFER | SA_RESETHAND)

#define SIG_BLOCK     0
#define SIG_UNBLOCK   1
#define SIG_SETMASK   2

#define SS_ONSTACK    1u
#define SS_DISABLE    2u
#define SS_AUTODISARM 0x80000000u
#define MINSIGSTKSZ   2048

/* si_code */
#define SI_USER       0
#define SI_KERNEL     0x80
#define SI_QUEUE      -1
#define SI_TIMER      -2
#define SI_TKILL      -6
#define ILL_ILLOPN    2
#define FPE_INTDIV    1
#define FPE_FLTDIV    3
#define FPE_FLTOVF    4
#define FPE_FLTUND    5
#define FPE_FLTRES    6
#define FPE_FLTINV    7
#define SEGV_MAPERR   1
#define SEGV_ACCERR   2
#define BUS_ADRALN    1
#define BUS_ADRERR    2
#define TRAP_BRKPT    1
#define TRAP_TRACE    2
#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_DUMPED    3
#define CLD_STOPPED   5
#define CLD_CONTINUED 6

/* Signal n is bit n - 1. */
typedef uint64_t sigset_t;
#define SIGNAL_BIT(signal) (1ull << ((signal)-1))

/* The same of a number that the compiler does not know: one shift of one word. */
static inline sigset_t signal_bit(int signal)
{
    uint32_t bit = 1u << ((signal - 1) & 31);

    return signal <= 32 ? bit : (sigset_t)bit << 32;
}

/* What a signal says of itself, as far as any sender fills it; siginfo_t is this and padding. */
struct siginfo {
    int32_t signo, error, code;
    union {
        struct {
            int32_t pid;
            uint32_t uid, value; /* kill, tgkill, sigqueue */
        } sender;
        struct {
            int32_t pid;
            uint32_t uid;
            int32_t status, user_ticks, system_ticks; /* SIGCHLD */
        } child;
        struct {
            vaddr_t address; /* faults */
        } fault;
        struct {
            int32_t band, fd; /* SIGIO */
        } poll;
        uint32_t words[5];
    };
};
_Static_assert(sizeof(struct siginfo) == 32, "siginfo: what is kept");

struct siginfo_user {
    struct siginfo info;
    uint32_t padding[24];
};
_Static_assert(sizeof(struct siginfo_user) == 128, "siginfo_t: size");

/* rt_sigaction's; the restorer before the mask, unlike the C library's */
struct sigaction {
    vaddr_t handler;
    uint32_t flags;
    vaddr_t restorer;
    sigset_t mask;
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct sigaction) == 20, "sigaction: size");

/* sigaction's, the old call */
struct old_sigaction {
    vaddr_t handler;
    uint32_t mask, flags;
    vaddr_t restorer;
};

struct sigaltstack {
    vaddr_t base;
    uint32_t flags, size;
};

struct sigcontext {
    uint32_t gs, fs, es, ds;
    uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax;
    uint32_t trap, error, eip, cs, eflags, esp_at_signal, ss;
    vaddr_t fpstate;
    uint32_t mask, cr2;
};
_Static_assert(sizeof(struct sigcontext) == 88, "sigcontext: size");

struct ucontext {
    uint32_t flags;
    vaddr_t link;
    struct sigaltstack stack;
    struct sigcontext context;
    sigset_t mask;
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct ucontext) == 116, "ucontext: size");

/* struct _fpstate: FNSAVE's image, then FXSAVE's if magic is 0 */
struct x87_register {
    uint32_t low, high;
    uint16_t exponent;
} __attribute__((packed, aligned(2)));

struct fpstate_x87 {
    uint32_t fnsave[7];
    struct x87_register registers[8];
    uint16_t status, magic;
};

struct fpstate {
    struct fpstate_x87 x87;
    uint8_t fxsave[512];
};
_Static_assert(sizeof(struct fpstate) == 624, "fpstate: size");

/* setitimer(2) */
struct itimerval {
    struct timeval interval, value;
};

UNSAFE_POINTER(sigset, sigset_t);
UNSAFE_POINTER(sigaction, struct sigaction);
UNSAFE_POINTER(old_sigaction, struct old_sigaction);
UNSAFE_POINTER(sigaltstack, struct sigaltstack);
UNSAFE_POINTER(siginfo, struct siginfo_user);
UNSAFE_POINTER(sigcontext, struct sigcontext);
UNSAFE_POINTER(ucontext, struct ucontext);
UNSAFE_POINTER(fpstate, struct fpstate);
UNSAFE_POINTER(fpstate_x87, struct fpstate_x87);
UNSAFE_POINTER(itimerval, struct itimerval);

#endif
