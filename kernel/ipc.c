/*
 * Short-message IPC through the kernel.
 *
 * An endpoint has two queues, of which one at most is not empty: senders that nobody has received
 * from, and receivers. Who comes second finds the partner asleep in the queue, moves the message
 * from the sender's registers and space to the receiver's, and wakes it; so a rendezvous is one
 * function, whoever comes first. A caller whose message was received moves to a third list, until
 * its server replies.
 *
 * Where one thread sleeps for what it has just woken another for (a call, a reply and wait), the
 * other runs at once (wait_hand_over()): a round trip is two switches between threads, and with
 * ISOLATION_SPLIT the CR3 writes are those of the two entries and exits, four.
 */
#include "kernel/ipc.h"

#include "kernel/file.h"
#include "kernel/ipc_direct.h"
#include "kernel/poll.h"
#include "kernel/process.h"
#include "kernel/return.h"
#include "kernel/sched.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "kernel/user_time.h"
#include "mm/heap.h"
#include "mm/space.h"
#include "mm/unsafe.h"

UNSAFE_POINTER(postern_message, struct postern_message);

_Static_assert(sizeof(struct postern_message) == 48, "postern_message: size");

/* The long form's, of a thread in a call. */
struct ipc_buffers {
    uint32_t words[POSTERN_IPC_WORDS];
    unsafe_bytes from, to;
    uint32_t size, room, received;
};

struct endpoint {
    unsigned references;        /* its files, and who sleeps here */
    bool can_receive, can_send; /* there is a descriptor for it somewhere */
    struct list senders, receivers, called;
    struct wait_queue changed; /* for poll */
};

void ipc_init(struct ipc *ipc)
{
    list_init(&ipc->link);
}

static void endpoint_put(struct endpoint *endpoint)
{
    if (!--endpoint->references)
        heap_free(endpoint);
}

/* The endpoint that fd is an end of, for FILE_READS: receiving, or FILE_WRITES: sending. NULL. */
static struct endpoint *endpoint_of(const struct thread *thread, int fd, uint32_t end)
{
    struct file *file = files_lookup(thread->files, fd);

    return file && file->operations == &endpoint_operations && ((file->flags + 1) & end)
               ? file->object
               : NULL;
}

/* --- who sleeps where ------------------------------------------------------------------------- */

static struct list *list_of(struct endpoint *endpoint, enum ipc_state state)
{
    return state == IPC_RECEIVING ? &endpoint->receivers
           : state == IPC_CALLED  ? &endpoint->called
                                  : &endpoint->senders;
}

void ipc_enqueue(struct thread *thread, struct endpoint *endpoint, enum ipc_state state)
{
    thread->ipc.state = state;
    thread->ipc.endpoint = endpoint;
    endpoint->references++;
    list_remove(&thread->ipc.link);
    list_insert(list_of(endpoint, state), &thread->ipc.link);
}

void ipc_dequeue(struct thread *thread)
{
    struct ipc *ipc = &thread->ipc;

    if (ipc->state == IPC_CALLED)
        ipc->server->ipc.caller = NULL;
    list_remove(&ipc->link);
    ipc->state = IPC_IDLE;
    endpoint_put(ipc->endpoint);
}

/* Ends thread's part, in whatever state it is, without a wake-up. */
static void finish(struct thread *thread, long result)
{
    ipc_dequeue(thread);
    thread->ipc.result = result;
    if (thread->ipc.slot)
        direct_disarm(thread);
}

/* True if whoever receives here next finds nobody before him, neither sender nor receiver. */
bool endpoint_is_calm(const struct endpoint *endpoint)
{
    return list_empty(&endpoint->senders) && list_empty(&endpoint->receivers);
}

static void finish_and_wake(struct thread *thread, long result)
{
    finish(thread, result);
    sched_wake(thread);
}

static void finish_all(struct list *list, long result)
{
    struct thread *thread;

    list_for_each(thread, list, ipc.link)
        finish_and_wake(thread, result);
}

/* What else a signal or the deadline means to a call that was not answered. */
static long give_up(struct thread *self, int error, uint64_t deadline)
{
    bool again = self->ipc.state != IPC_CALLED && deadline == WAIT_FOREVER && !self->ipc.replied;

    finish(self, 0);
    return error == -ERESTARTSYS && !again ? -EINTR : error;
}

/* Until somebody finished the caller's part: its result. */
static long await_more(struct thread *self, uint64_t deadline, int error)
{
    uint32_t flags = interrupts_save();

    while (self->ipc.state != IPC_IDLE && !error)
        error = wait_sleep(SLEEP_INTERRUPTIBLE, deadline);
    interrupts_restore(flags);
    return self->ipc.state == IPC_IDLE ? self->ipc.result : give_up(self, error, deadline);
}

/* The same from the start. next, if not NULL, was finished by the caller but not woken. */
static long await(struct thread *self, uint64_t deadline, struct thread *next)
{
    uint32_t flags = interrupts_save();
    int error = 0;

    self->ipc.replied = false;
    if (next && deadline == WAIT_FOREVER)
        error = wait_hand_over(next);
    else if (next)
        sched_wake(next);
    interrupts_restore(flags);
    return await_more(self, deadline, error);
}

/* --- one message ------------------------------------------------------------------------------ */

#define RECEIVER_FAULT                                                        \
    1 /* transfer(): the receiver's buffer is bad; the sender is not to blame \
       */

static struct trapframe *frame_of(const struct thread *thread)
{
    return (struct trapframe *)thread->top - 1;
}

static long transfer_buffer(struct thread *from, struct thread *to)
{
    struct ipc_buffers *source = from->ipc.buffers, *target = to->ipc.buffers;
    uint32_t size = source ? source->size : 0;

    if (size > (target ? target->room : 0))
        return -EMSGSIZE;
    enum copy_fault fault =
        size ? copy_u2u(to->space, target->to, from->space, source->from, size) : COPY_DONE;
    if (target && fault == COPY_DONE)
        target->received = size;
    return fault == COPY_BAD_SOURCE ? -EFAULT : fault == COPY_BAD_TARGET ? RECEIVER_FAULT : 0;
}

/* Where a thread's words are, whichever form it uses. */
static void words_get(const struct thread *thread, uint32_t *words)
{
    const struct trapframe *tf = frame_of(thread);
    const uint32_t registers[] = {tf->ecx, tf->edx, tf->esi, tf->edi};

    memcpy(words, thread->ipc.buffers ? thread->ipc.buffers->words : registers, sizeof(registers));
}

static void words_put(struct thread *thread, const uint32_t *words)
{
    struct trapframe *tf = frame_of(thread);

    if (thread->ipc.buffers) {
        memcpy(thread->ipc.buffers->words, words, sizeof(thread->ipc.buffers->words));
        return;
    }
    tf->ecx = words[0];
    tf->edx = words[1];
    tf->esi = words[2];
    tf->edi = words[3];
}

static long transfer_long(struct thread *from, struct thread *to)
{
    uint32_t words[POSTERN_IPC_WORDS];
    long error = transfer_buffer(from, to);

    if (!error) {
        words_get(from, words);
        words_put(to, words);
    }
    return error;
}

/* 0, RECEIVER_FAULT, or the sender's error; nothing but buffers has changed then. */
static inline long transfer(struct thread *from, struct thread *to)
{
    if (unlikely(from->ipc.buffers || to->ipc.buffers))
        return transfer_long(from, to);
    const struct trapframe *source = frame_of(from);
    struct trapframe *target = frame_of(to);
    target->ecx = source->ecx;
    target->edx = source->edx;
    target->esi = source->esi;
    target->edi = source->edi;
    return 0;
}

/* server has caller's message. */
static void owe(struct thread *server, struct thread *caller)
{
    struct ipc *ipc = &caller->ipc;

    server->ipc.caller = caller;
    ipc->server = server;
    ipc->state = IPC_CALLED;
    list_remove(&ipc->link);
    list_insert(&ipc->endpoint->called, &ipc->link);
}

/* --- the operations --------------------------------------------------------------------------- */

/* The first receiver to whom the message can be given gets it, and is the partner to wake. NULL:
 * there is none, or *error is the sender's. */
static struct thread *give(struct thread *self, struct endpoint *endpoint, long *error)
{
    *error = 0;
    while (!list_empty(&endpoint->receivers)) {
        struct thread *receiver = list_first(&endpoint->receivers, struct thread, ipc.link);
        *error = transfer(self, receiver);
        if (*error < 0)
            return NULL;
        if (!*error)
            return receiver;
        finish_and_wake(receiver, -EFAULT);
        *error = 0;
    }
    return NULL;
}

static long ipc_send(struct thread *self, struct endpoint *endpoint, bool calls, uint64_t deadline)
{
    long error;

    if (!endpoint->can_receive)
        return -EPIPE;
    struct thread *receiver = give(self, endpoint, &error);
    if (error)
        return error;
    if (receiver)
        finish(receiver, calls);
    if (receiver && !calls) {
        sched_wake(receiver);
        return 0;
    }
    ipc_enqueue(self, endpoint, calls ? IPC_CALLING : IPC_SENDING);
    if (receiver) {
        owe(receiver, self);
        if (deadline == WAIT_FOREVER)
            direct_arm_caller(self, receiver);
    } else {
        direct_crowd(endpoint);
        wait_wake(&endpoint->changed);
    }
    return await(self, deadline, receiver);
}

/* Takes the first message that can be taken. 0 or 1 as the call's result; -EAGAIN: there is none.
 */
static long take(struct thread *self, struct endpoint *endpoint)
{
    while (!list_empty(&endpoint->senders)) {
        struct thread *sender = list_first(&endpoint->senders, struct thread, ipc.link);
        long error = transfer(sender, self);
        if (error == RECEIVER_FAULT)
            return -EFAULT;
        if (!error && sender->ipc.state == IPC_CALLING) {
            owe(self, sender);
            return 1;
        }
        finish_and_wake(sender, error);
        if (!error)
            return 0;
    }
    return -EAGAIN;
}

static void drop_caller(struct thread *thread)
{
    if (thread->ipc.caller)
        finish_and_wake(thread->ipc.caller, -ECONNRESET);
}

/* answered: the thread that the caller has just replied to and not woken, or NULL. */
static long ipc_receive(struct thread *self, struct endpoint *endpoint, uint64_t deadline,
                        struct thread *answered)
{
    drop_caller(self);
    long result = take(self, endpoint);
    if (result == -EAGAIN && endpoint->can_send) {
        bool alone = endpoint_is_calm(endpoint);
        ipc_enqueue(self, endpoint, IPC_RECEIVING);
        if (!alone)
            direct_crowd(endpoint);
        else if (deadline == WAIT_FOREVER)
            direct_arm_server(self);
        return await(self, deadline, answered);
    }
    if (answered)
        sched_wake(answered);
    return result == -EAGAIN ? -EPIPE : result;
}

/* The caller has its reply, or the error that its bad buffer is; it is still to be woken. */
static long ipc_answer(struct thread *self, const struct endpoint *endpoint,
                       struct thread **answered)
{
    struct thread *caller = self->ipc.caller;

    if (!caller || caller->ipc.endpoint != endpoint)
        return -ESRCH;
    long error = transfer(self, caller);
    if (error < 0)
        return error;
    finish(caller, error ? -EFAULT : 0);
    *answered = caller;
    return 0;
}

static long ipc_reply_and_wait(struct thread *self, struct endpoint *endpoint, uint64_t deadline)
{
    struct thread *answered;
    long error = ipc_answer(self, endpoint, &answered);

    if (error)
        return error;
    error = ipc_receive(self, endpoint, deadline, answered);
    /* made again, it would reply again */
    return error == -ERESTARTSYS ? -EINTR : error;
}

static long ipc_reply(struct thread *self, const struct endpoint *endpoint)
{
    struct thread *answered;
    long error = ipc_answer(self, endpoint, &answered);

    if (!error)
        sched_wake(answered);
    return error;
}

static long ipc_operate(struct thread *self, enum postern_ipc_op op, int fd, uint64_t deadline)
{
    bool sends = op == IPC_SEND || op == IPC_CALL;
    struct endpoint *endpoint = endpoint_of(self, fd, sends ? FILE_WRITES : FILE_READS);

    if (!endpoint)
        return -EBADF;
    switch (op) {
    case IPC_SEND:
    case IPC_CALL:
        return ipc_send(self, endpoint, op == IPC_CALL, deadline);
    case IPC_RECEIVE:
        return ipc_receive(self, endpoint, deadline, NULL);
    case IPC_REPLY:
        return ipc_reply(self, endpoint);
    case IPC_REPLY_AND_WAIT:
        return ipc_reply_and_wait(self, endpoint, deadline);
    }
    return -EINVAL;
}

void ipc_leave(struct thread *thread)
{
    drop_caller(thread);
    direct_leave(thread);
}

/* --- the calls: short form -------------------------------------------------------------------- */

/* A success brings a message, which no exit but iret carries whole; the doors whose stub restores
 * two of the words' registers come back past that. */
static long bring(struct thread *self, struct trapframe *tf, long result)
{
    if (result >= 0) {
        if (tf->vector == VECTOR_SYSENTER || tf->vector == VECTOR_SYSCALL)
            tf->eip = VDSO_IPC_RETURN;
        uint32_t flags = interrupts_save();
        self->work |= WORK_FRAME;
        interrupts_restore(flags);
    }
    return result;
}

void ipc_resume(void)
{
    struct thread *self = current_thread();
    struct trapframe *tf = current_trapframe();

    interrupts_enable();
    tf->eax = bring(self, tf, await_more(self, WAIT_FOREVER, 0));
    return_to_user(self, tf);
}

/* brings: what succeeds brings a message. */
static inline long short_form(struct trapframe *tf, enum postern_ipc_op op, bool brings)
{
    struct thread *self = thread_of(tf);

    self->ipc.buffers = NULL;
    long result = ipc_operate(self, op, tf->ebx, WAIT_FOREVER);
    return brings ? bring(self, tf, result) : result;
}

SYSCALL_DEFINE0(ipc_send)
{
    return short_form(tf, IPC_SEND, false);
}

SYSCALL_DEFINE0(ipc_receive)
{
    return short_form(tf, IPC_RECEIVE, true);
}

SYSCALL_DEFINE0(ipc_call)
{
    return short_form(tf, IPC_CALL, true);
}

SYSCALL_DEFINE0(ipc_reply)
{
    return short_form(tf, IPC_REPLY, false);
}

SYSCALL_DEFINE0(ipc_reply_and_wait)
{
    return short_form(tf, IPC_REPLY_AND_WAIT, true);
}

/* --- the calls: long form --------------------------------------------------------------------- */

static uint64_t deadline_of(int64_t timeout)
{
    return timeout < 0 ? WAIT_FOREVER : time_now() + timeout;
}

SYSCALL_DEFINE3(ipc_message, int, op, int, fd, unsafe_postern_message, user)
{
    struct thread *self = thread_of(tf);
    struct postern_message message;

    if (op < IPC_SEND || op > IPC_REPLY_AND_WAIT)
        return -EINVAL;
    if (copy_object_u2k(&message, user))
        return -EFAULT;
    if (message.reserved)
        return -EINVAL;
    if (message.size > POSTERN_IPC_BUFFER)
        return -EMSGSIZE;
    struct ipc_buffers buffers = {
        .from.address = message.buffer,
        .to.address = message.room_at,
        .size = message.size,
        .room = message.room,
    };
    memcpy(buffers.words, message.words, sizeof(message.words));
    self->ipc.buffers = &buffers;
    long result = ipc_operate(self, op, fd, deadline_of(message.timeout));
    self->ipc.buffers = NULL;
    if (result < 0 || op == IPC_SEND || op == IPC_REPLY)
        return result;
    memcpy(message.words, buffers.words, sizeof(message.words));
    message.received = buffers.received;
    return copy_object_k2u(user, &message) ? -EFAULT : result;
}

/* --- endpoints as files ----------------------------------------------------------------------- */

static void endpoint_release(struct file *file)
{
    struct endpoint *endpoint = file->object;

    if (file_may_read(file)) {
        endpoint->can_receive = false;
        finish_all(&endpoint->receivers, -EBADF);
        finish_all(&endpoint->senders, -EPIPE);
        finish_all(&endpoint->called, -ECONNRESET);
    } else {
        endpoint->can_send = false;
        finish_all(&endpoint->senders, -EBADF);
        finish_all(&endpoint->receivers, -EPIPE);
    }
    wait_wake(&endpoint->changed);
    endpoint_put(endpoint);
}

static uint32_t endpoint_poll(struct file *file, struct poll_table *table)
{
    struct endpoint *endpoint = file->object;

    poll_wait(table, &endpoint->changed);
    if (file_may_read(file))
        return (list_empty(&endpoint->senders) ? 0 : POLLIN | POLLRDNORM) |
               (endpoint->can_send ? 0 : POLLHUP);
    return endpoint->can_receive ? 0 : POLLERR;
}

const struct file_operations endpoint_operations = {
    .poll = endpoint_poll,
    .release = endpoint_release,
};

/* Both ends, or -ENOMEM with nothing left behind. */
static int make_endpoint(struct file *ends[2])
{
    struct endpoint *endpoint = heap_alloc_zeroed(sizeof(*endpoint));

    ends[0] = file_create(&endpoint_operations, O_RDONLY, endpoint);
    ends[1] = file_create(&endpoint_operations, O_WRONLY, endpoint);
    if (!endpoint || !ends[0] || !ends[1]) {
        for (unsigned i = 0; i < 2; i++) {
            if (ends[i])
                file_discard(ends[i]);
        }
        heap_free(endpoint);
        return -ENOMEM;
    }
    endpoint->references = 2;
    endpoint->can_receive = endpoint->can_send = true;
    list_init(&endpoint->senders);
    list_init(&endpoint->receivers);
    list_init(&endpoint->called);
    wait_init(&endpoint->changed);
    return 0;
}

SYSCALL_DEFINE2(endpoint_create, unsafe_int_pair, user, uint32_t, flags)
{
    struct file *ends[2];

    if (flags & ~O_CLOEXEC)
        return -EINVAL;
    int error = make_endpoint(ends);
    return error ? error : files_install_pair(thread_of(tf)->files, ends, flags & O_CLOEXEC, user);
}
