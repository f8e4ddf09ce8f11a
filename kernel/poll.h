/*
 * Readiness: what poll(2) and its relatives ask of a file.
 *
 * A file's poll operation tells what is ready now and, in the same breath, where a thread must wait
 * for more: it calls poll_wait() for each queue that is woken when the answer may change. It is
 * called with interrupts off, so that no wake falls between the answer and the sleep.
 */
#ifndef KERNEL_POLL_H
#define KERNEL_POLL_H

#include "kernel/user_time.h"
#include "kernel/wait.h"
#include "mm/unsafe.h"

/* poll(2) */
#define POLLIN     0x0001
#define POLLPRI    0x0002
#define POLLOUT    0x0004
#define POLLERR    0x0008
#define POLLHUP    0x0010
#define POLLNVAL   0x0020
#define POLLRDNORM 0x0040
#define POLLRDBAND 0x0080
#define POLLWRNORM 0x0100
#define POLLWRBAND 0x0200
#define POLLRDHUP  0x2000

/* What a file that has no poll operation is: always ready. */
#define POLL_ALWAYS (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

struct pollfd {
    int32_t fd;
    uint16_t events, revents;
};
_Static_assert(sizeof(struct pollfd) == 8, "pollfd: size");
UNSAFE_POINTER(pollfd, struct pollfd);

struct file;
struct poll_table;

/* Enters the calling thread into queue, once for each call; table may be NULL: only asking. */
void poll_wait(struct poll_table *table, struct wait_queue *queue);

/* What is ready of descriptor fd, POLLNVAL if it is none. Interrupts off. */
uint32_t poll_descriptor(struct poll_table *table, int fd);

/*
 * Calls scan() with interrupts off until it counts something, the clock reaches deadline (0: at
 * once) or a signal comes. scan() hands its table to poll_descriptor(). The count, 0 in time's end,
 * -ERESTARTNOHAND, -ENOMEM, or what scan() returned below 0.
 */
int poll_until(int (*scan)(void *context, struct poll_table *table), void *context,
               uint64_t deadline);

/* A call's timeout: a null pointer is for ever. */
struct poll_timeout {
    struct user_time place;
    uint64_t deadline; /* as poll_until() takes it */
};

/* The deadline that is length nanoseconds away. */
uint64_t poll_deadline(uint64_t length);

/* 0, -EFAULT or -EINVAL. */
int poll_take_timeout(struct poll_timeout *timeout, struct user_time from);

/*
 * Ends what poll_take_mask() began, and writes what is left of the timeout back, as select,
 * pselect6 and ppoll do. Returns result; a timeout that cannot be written is no error, but the call
 * cannot be made again with what is left: -EINTR then.
 */
long poll_give_rest(const struct poll_timeout *timeout, long result);

/*
 * Puts the signal mask that ppoll and pselect6 ask for in force until the call returns. A null
 * pointer asks for none. 0, -EINVAL for a size that is not a signal set's, -EFAULT.
 */
int poll_take_mask(unsafe_bytes mask, uint32_t size);

#endif
