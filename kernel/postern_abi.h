/*
 * Postern's own part of the ABI, read by the kernel and by user programs: what the calls from 1024
 * up take and give. Everything else is Linux's i386 ABI.
 */
#ifndef KERNEL_POSTERN_ABI_H
#define KERNEL_POSTERN_ABI_H

#include <stdint.h>

#define POSTERN_CALL_BASE 1024 /* first number of Postern's own calls; see syscalls.def */

/* The ways into the kernel. */
enum postern_door {
    DOOR_INT80,
    DOOR_SYSENTER,
    DOOR_SYSCALL,
    DOOR_CALLGATE,
    NR_DOORS,
};
#define DOOR_AUTO (-1)

/* The call gate's selector: `lcall $POSTERN_CALLGATE, $0`. */
#define POSTERN_CALLGATE 0x53

enum postern_isolation {
    ISOLATION_SPLIT,
    ISOLATION_SHARED,
};

enum postern_copy {
    COPY_WALK,
    COPY_DIRECT,
    COPY_WINDOW,
    COPY_BOUNCE,
    NR_COPIES,
};

enum postern_ipc {
    IPC_DIRECT,
    IPC_KERNEL,
};

/* postern_get(what) and postern_set(what, value): the calling process, unless it says otherwise. */
enum postern_setting {
    POSTERN_ISOLATION,      /* get: enum postern_isolation that this process runs in */
    POSTERN_ISOLATION_NEXT, /* get, set: what its next execve starts; inherited by fork */
    POSTERN_DOORS,          /* get: bit mask of 1 << enum postern_door that this CPU has */
    POSTERN_DOOR_NEXT,      /* get, set: the door AT_SYSINFO names after its next execve */
    POSTERN_COPY,           /* get, set: enum postern_copy that serves this process */
    POSTERN_TRACE,          /* get, set: 1 if its system calls are traced; inherited by fork */
    POSTERN_FRAMES_IN_USE,  /* get: physical frames allocated, of the whole system */
    POSTERN_HEAP_IN_USE,    /* get: bytes of kernel heap allocated, of the whole system */
    POSTERN_MEMORY_KIB,     /* get: usable physical memory of the machine */
    POSTERN_FAILALLOC, /* get, set: this process's Nth kernel allocation from now on fails, once;
                          0: off, or it has */
    POSTERN_POISON,   /* get, set: the byte that uninitialised kernel memory holds; 0: off. Heap and
                         frames are everybody's, the kernel stack the process's; inherited by fork */
    POSTERN_RESIDENT, /* get: 1 if this process's gate page answers some calls itself */
    POSTERN_RESIDENT_NEXT, /* get, set: the same for its next execve; inherited by fork */
    POSTERN_FILES_IN_USE,  /* get: open files, of the whole system */
    POSTERN_IPC, /* get, set: enum postern_ipc that serves this process; inherited by fork */
};

/* postern_counters(buffer, size): since boot, all processes; each wraps at 2^32. */
struct postern_counters {
    uint32_t cr3_writes;        /* by the gate page and by switches between address spaces */
    uint32_t entries[NR_DOORS]; /* system calls by enum postern_door */
    uint32_t answered;          /* calls that the gate page answered itself: no entries */
    uint32_t exceptions;        /* from user mode */
    uint32_t interrupts;
    uint32_t page_faults;
    uint32_t copies_from_user; /* calls of the helpers, not bytes */
    uint32_t copies_to_user;
    uint32_t context_switches;
};

/* postern_exposure(rows, size): what the caller's user directory maps with the supervisor bit. */
struct postern_exposure {
    uint32_t start, end; /* addresses; end is the first one after it; 0 stands for 2^32 */
    uint32_t flags;
    char what[20]; /* "IDT", "gate page", "CPU page", "kernel", terminated */
};
#define EXPOSURE_WRITABLE 1
#define EXPOSURE_GLOBAL   2

/*
 * postern_strike(vector, after, waiting): an interrupt of vector (32 to 47, or 255), or NMI (2),
 * after that many instructions of an icount run. waiting: 0, or the vector of an interrupt that is
 * asked for at once and waits until user mode is reached; with STRIKE_IN_KERNEL it does not wait
 * but comes in the kernel. ENODEV unless booted with sweep=on.
 */
#define STRIKE_NMI       2
#define STRIKE_IN_KERNEL 0x100

/* postern_struck(struck, size): what has come of the last postern_strike(), which it also ends. */
struct postern_struck {
    uint32_t count;   /* strikes of its vector */
    uint32_t eip, cs; /* where the first of them struck */
    uint32_t waited;  /* interrupts that waited and came, or came in the kernel */
    uint32_t ticks;   /* of the clock meanwhile: they strike too */
    uint32_t wrong; /* STRUCK_*: what the kernel finds wrong on this, its next entry; 0: nothing */
};
#define STRUCK_CR3      1  /* CR3, or a copy of it in TSS or gate, is not this process's */
#define STRUCK_STACK    2  /* the kernel stack did not begin at its top, or TSS.esp0 moved */
#define STRUCK_SEGMENTS 4  /* ds, es or ss is not the kernel's */
#define STRUCK_FLAGS    8  /* TF, NT, DF, AC or IOPL is set */
#define STRUCK_TASK     16 /* a TSS that is busy and should not be, or the other way round */

/*
 * postern_batch(words, nr_words, results): runs several calls by one entry, in order.
 *
 * Each call is a header and its arguments, one word each; arguments that are not there are 0:
 *
 *     bits 0-15   the number of the call
 *     bits 16-18  how many arguments follow: 0 to 6
 *     bit 19      POSTERN_BATCH_STOP: the batch ends here if the call fails
 *     bits 24-29  POSTERN_BATCH_RESULT(n): the word of argument n (0 to 5) is the index of an
 * earlier call of this batch, whose result is meant
 *
 * Returns how many calls have a result: a value or -errno each. The last of them is not the last in
 * words if
 *   - it failed and has POSTERN_BATCH_STOP,
 *   - a signal is pending after it; one that it interrupted has -EINTR, and nothing is restarted
 *     (nobody looks behind a call that only tells who the caller is: getpid and its like),
 *   - its header has other bits, its arguments are more than the words left, or it names a result
 *     that there is not yet: it was not run and has -EINVAL.
 * Calls may block. All words are fetched before the first runs, the results stored after the last,
 * so the two may be the same memory. Not run, with the result -EINVAL: sigreturn, rt_sigreturn,
 * execve, fork, vfork, clone, exit, exit_group, restart_syscall, and the short form of
 * messages; with -ELOOP: postern_batch. They
 * end nothing.
 *
 * E2BIG: more words than POSTERN_BATCH_WORDS. EFAULT: the words cannot be read, and nothing was
 * run; or the results cannot be stored, and everything was.
 */
#define POSTERN_BATCH_WORDS       128
#define POSTERN_BATCH_CALLS       32
#define POSTERN_BATCH_NUMBER      0x0000ffffu
#define POSTERN_BATCH_COUNT_SHIFT 16
#define POSTERN_BATCH_STOP        (1u << 19)
#define POSTERN_BATCH_RESULT(n)   (1u << (24 + (n)))
#define POSTERN_BATCH_RESERVED    0xc0f00000u

/*
 * postern_touch(pages): the kernel reads a word from each of that many pages of its own, all mapped
 * by 4 KiB entries, which only costs their translations. 0; EINVAL: more than POSTERN_TOUCH_PAGES.
 * The stride goes on by a cache line in each page: lines at one offset of all pages share a few
 * sets of a cache and would drive each other out of it, which costs more than the translations.
 */
#define POSTERN_TOUCH_PAGES  1024
#define POSTERN_TOUCH_STRIDE (4096 + 64)

/*
 * Short messages.
 *
 * endpoint_create(fds, flags) makes an endpoint: who has fds[0] can receive from it and reply, who
 * has fds[1] can send to it and call. The descriptors are the only names that it has: they are
 * inherited, duplicated and closed like any others. flags: 0 or O_CLOEXEC.
 *
 * A message is four words and, in the long form, up to POSTERN_IPC_BUFFER bytes. Nothing is
 * buffered: sender and receiver wait for each other, each side first come, first served.
 *
 *     ipc_send(fd, words)             returns 0 when a receiver has the message
 *     ipc_receive(fd)                 returns 0, or 1 if the sender waits for a reply
 *     ipc_call(fd, words)             sends; returns 0 with the reply
 *     ipc_reply(fd, words)            answers what this thread received last, through fd; returns 0
 *     ipc_reply_and_wait(fd, words)   both in one; returns as ipc_receive
 *
 * fd is in ebx, the words are in ecx, edx, esi and edi, both ways: a call that brings a message
 * changes these registers, unlike any other, even where the C library's stub would restore them.
 * An error brings nothing, and may have cleared the four if the call slept.
 *
 *     ipc_message(op, fd, message)    any of them, with a buffer and a timeout
 *
 * A thread owes one reply at most. If it receives again without one, ends, or runs a new program,
 * or if the last descriptor for receiving is closed, the caller's error is ECONNRESET.
 *
 *     EBADF       fd is not that end of an endpoint; or another thread closed it meanwhile
 *     EPIPE       nobody has a descriptor for the other end, so nobody will ever come
 *     ECONNRESET  call: received, but there will be no reply
 *     ESRCH       reply: this thread owes none through fd, or the caller gave up or died; what else
 *                 the call was to do is not done
 *     EMSGSIZE    the buffer is longer than the partner's room; the partner waits on
 *     EFAULT      a bad buffer of one's own. Its partner waits on, but a server whose caller cannot
 *                 take the reply is done: the error is the caller's
 *     ETIMEDOUT   and whatever was begun is taken back: nothing was sent, or the reply is forgotten
 *     EINTR       a signal's handler ran. A send, receive or call that nobody has answered is made
 *                 again where the handler has SA_RESTART; never one that has a timeout, whose
 *                 message was received, or that has replied: the server would see it twice
 */
#define POSTERN_IPC_WORDS  4
#define POSTERN_IPC_BUFFER 65536

enum postern_ipc_op {
    IPC_SEND,
    IPC_RECEIVE,
    IPC_CALL,
    IPC_REPLY,
    IPC_REPLY_AND_WAIT,
};

struct postern_message {
    uint32_t words[POSTERN_IPC_WORDS]; /* in and out */
    uint32_t buffer, size;             /* in: what is sent */
    uint32_t room_at, room;            /* in: where a buffer may be received */
    uint32_t received;                 /* out: its length */
    uint32_t reserved;                 /* in: 0 */
    int64_t timeout;                   /* in: nanoseconds; below 0: none */
};

/* postern_sabotage(what): breaks the kernel on purpose; EPERM unless booted with sabotage=on. */
enum postern_sabotage {
    SABOTAGE_USER_POINTER, /* dereferences a valid user address without a helper */
    SABOTAGE_RETURN_CR3,   /* returns to user mode on the kernel's directory */
    SABOTAGE_KERNEL_STACK, /* recurses into the guard page */
    SABOTAGE_PANIC,
    SABOTAGE_WRITE_GATE, /* writes to the gate page where the direct map has it */
    SABOTAGE_UNSEAL,     /* makes that mapping writable, then checks the protection */
    SABOTAGE_OPEN,       /* opens the CPU's page to user mode, then checks the protection */

    /* What only a kernel with the instrument notices; others refuse, EINVAL. */
    SABOTAGE_SIGNED_OVERFLOW, /* ubsan ... */
    SABOTAGE_SHIFT,
    SABOTAGE_MISALIGNED,
    SABOTAGE_INDEX,
    SABOTAGE_NULL,
    SABOTAGE_HEAP_OVERRUN, /* kasan ... */
    SABOTAGE_HEAP_UNDERRUN,
    SABOTAGE_HEAP_FREED,
    SABOTAGE_HEAP_FREED_TWICE,
    SABOTAGE_FRAME_FREED,
    SABOTAGE_STACK_OVERRUN,
    SABOTAGE_GLOBAL_OVERRUN,
    SABOTAGE_COPY_OVERRUN,
    SABOTAGE_DOUBLE_FETCH, /* doublefetch */
};

#endif
