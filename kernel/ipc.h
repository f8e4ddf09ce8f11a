/*
 * Short messages between threads: rendezvous at endpoints (kernel/ipc.c), which file descriptors
 * name. kernel/postern_abi.h says what the calls mean. Thread context throughout.
 */
#ifndef KERNEL_IPC_H
#define KERNEL_IPC_H

#include "arch/i386/types.h"
#include "kernel/list.h"
#include "kernel/postern_abi.h"

struct endpoint;
struct ipc_buffers;
struct slot;
struct thread;

enum ipc_state {
    IPC_IDLE,
    IPC_SENDING,   /* queued with the senders; nobody will reply */
    IPC_CALLING,   /* queued with the senders; wants a reply */
    IPC_CALLED,    /* its message was received, the reply is due */
    IPC_RECEIVING, /* queued with the receivers */
};

/*
 * A thread's part in a rendezvous. All that partners look at is here, in its trapframe, or in what
 * buffers points to on its kernel stack; the one who comes second does the work for both.
 */
struct ipc {
    uint8_t state;    /* enum ipc_state */
    bool replied;     /* it replied before it slept in the gate page: not to be made again */
    struct list link; /* in one of the endpoint's lists, by state */
    struct endpoint *endpoint;
    union {
        struct thread *server; /* while IPC_CALLED: who owes the reply */
        long result;           /* of the call that slept, once IPC_IDLE again */
    };
    struct thread *caller; /* whom this thread owes a reply, or NULL; that one is IPC_CALLED */
    struct ipc_buffers *buffers; /* NULL: the short form, whose words are in the trapframe */
    struct slot *slot;           /* kernel/ipc_direct.c; or NULL */
};

void ipc_init(struct ipc *ipc);

/* The thread ends or runs a new program: whom it owes a reply gets ECONNRESET. */
void ipc_leave(struct thread *thread);

/* The rest of a call in the short form that slept: its result, with the message in its registers.
 */
void ipc_resume(void);

/* For kernel/ipc_direct.c: into one of the endpoint's lists, and out of it without a result. */
void ipc_enqueue(struct thread *thread, struct endpoint *endpoint, enum ipc_state state);
void ipc_dequeue(struct thread *thread);
bool endpoint_is_calm(const struct endpoint *endpoint);

#endif
