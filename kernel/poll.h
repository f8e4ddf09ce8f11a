/*
 * Readiness: what poll(2) and its relatives ask of a file.
 *
 * A file's poll operation tells what is ready now and, in the same breath, where a thread must wait
 * for more: it calls poll_wait() for each queue that is woken when the answer may change.
 */
#ifndef KERNEL_POLL_H
#define KERNEL_POLL_H

#include "kernel/wait.h"

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

struct poll_table;

/* Enters the calling thread into queue, once for each call; table may be NULL: only asking. */
void poll_wait(struct poll_table *table, struct wait_queue *queue);

#endif
