#include "kernel/poll.h"

void poll_wait(struct poll_table *table, struct wait_queue *queue)
{
    (void)table, (void)queue;
}
