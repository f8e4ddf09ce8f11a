/*
 * Message slots: what the gate page must know of a thread to go from it to another, or back,
 * without the kernel's directory (ipc=direct; kernel/ipc_direct.c, trampoline/gate.S). Offsets for
 * GAS, the struct for C, held together by assertions.
 *
 * The slots are one page of the gate region, GATE_SLOTS, mapped in every directory while any thread
 * has a slot and in none while none has. So this is what direct messages cost in exposure: of up to
 * DIRECT_SLOTS threads the FPU and SSE registers as they were when the thread last slept, user
 * registers but for the words of a message, the TLS base, the descriptors' numbers that they call
 * and serve by, who waits for whom, and the addresses of directories, kernel stacks and endpoints.
 * Never the words of a message: they stay in the CPU's registers.
 */
#ifndef TRAMPOLINE_SLOT_H
#define TRAMPOLINE_SLOT_H

#include "trampoline/layout.h"

#define DIRECT_SLOTS          6

#define DIRECT_CALL           1043 /* kernel/syscalls.def's ipc_call and ipc_reply_and_wait */
#define DIRECT_REPLY_AND_WAIT 1045

#define SLOT_FPU              0
#define SLOT_CR3              512
#define SLOT_KSTACK           516
#define SLOT_TLS              520
#define SLOT_FS               528
#define SLOT_GS               532
#define SLOT_EIP              536
#define SLOT_EFLAGS           540
#define SLOT_ESP              544
#define SLOT_EBP              548
#define SLOT_EBX              552
#define SLOT_EAX              556
#define SLOT_MOVED            560
#define SLOT_CALL_FD          564
#define SLOT_CALL_ENDPOINT    568
#define SLOT_PEER             572
#define SLOT_CALLED           576
#define SLOT_SERVE_FD         580
#define SLOT_SERVE_ENDPOINT   584
#define SLOT_WAITING          588
#define SLOT_CALLER           592
#define SLOT_SIZE             640

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* Addresses of endpoints are names here: nobody dereferences them. */
struct slot {
    uint8_t fpu[512]; /* the thread's, wherever it sleeps: struct thread, fpu */
    uint32_t cr3;     /* the directory that it runs on in user mode */
    uint32_t kstack;
    uint32_t tls[2]; /* its first TLS descriptor; it has no others */
    uint32_t fs, gs; /* selectors that are sure to load */

    /* the rest of its registers while it sleeps */
    uint32_t eip; /* where a message finds it */
    uint32_t eflags, esp, ebp, ebx;
    uint32_t eax;   /* what its call gives */
    uint32_t moved; /* it went to sleep in the gate: the kernel's trapframe is out of date */

    /* as a client */
    uint32_t call_fd, call_endpoint;
    struct slot *peer;   /* who received its last call; itself: nobody */
    struct slot *called; /* asleep until this one replies, or NULL */

    /* as a server */
    uint32_t serve_fd, serve_endpoint; /* where it may wait again; endpoint 0: ask the kernel */
    uint32_t waiting;                  /* asleep until a call of this endpoint, or 0 */
    struct slot *caller;               /* whom it owes a reply, who sleeps in the gate's sense */
    uint32_t reserved[11];
};

#define SLOT_AT(member, offset) \
    _Static_assert(offsetof(struct slot, member) == (offset), "slot: " #member)
SLOT_AT(cr3, SLOT_CR3);
SLOT_AT(kstack, SLOT_KSTACK);
SLOT_AT(tls, SLOT_TLS);
SLOT_AT(fs, SLOT_FS);
SLOT_AT(gs, SLOT_GS);
SLOT_AT(eip, SLOT_EIP);
SLOT_AT(eflags, SLOT_EFLAGS);
SLOT_AT(esp, SLOT_ESP);
SLOT_AT(ebp, SLOT_EBP);
SLOT_AT(ebx, SLOT_EBX);
SLOT_AT(eax, SLOT_EAX);
SLOT_AT(moved, SLOT_MOVED);
SLOT_AT(call_fd, SLOT_CALL_FD);
SLOT_AT(call_endpoint, SLOT_CALL_ENDPOINT);
SLOT_AT(peer, SLOT_PEER);
SLOT_AT(called, SLOT_CALLED);
SLOT_AT(serve_fd, SLOT_SERVE_FD);
SLOT_AT(serve_endpoint, SLOT_SERVE_ENDPOINT);
SLOT_AT(waiting, SLOT_WAITING);
SLOT_AT(caller, SLOT_CALLER);
#undef SLOT_AT
_Static_assert(sizeof(struct slot) == SLOT_SIZE, "slot: size");
_Static_assert(DIRECT_SLOTS *SLOT_SIZE <= PAGE_SIZE, "the slots fit their page");
_Static_assert(SLOT_SIZE % 16 == 0, "FXSAVE's alignment (SDM 1 10.5.1)");
#endif

#endif
