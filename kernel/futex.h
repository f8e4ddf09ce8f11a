/* Futexes (futex(2)): threads that sleep until another one changes a word of memory and says so. */
#ifndef KERNEL_FUTEX_H
#define KERNEL_FUTEX_H

#include "kernel/process.h"

/* The calling thread leaves its program: its robust futexes get an owner that died, and the word of
 * set_tid_address() becomes 0 and wakes whoever joins. Its space is still there. */
void futex_thread_exit(struct thread *thread);

#endif
