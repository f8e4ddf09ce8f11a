/*
 * Calls that go on where they were, after a signal that ran no handler (a stop and its continue).
 *
 * Such a call fills the record of its thread and returns -ERESTART_RESTARTBLOCK. If no handler
 * runs, the way out makes the thread call restart_syscall, which goes on with the record; if one
 * does, user mode sees EINTR.
 */
#ifndef KERNEL_RESTART_H
#define KERNEL_RESTART_H

#include "arch/i386/types.h"

#define RESTART_SYSCALL 0 /* its number */

struct restart {
    long (*go_on)(const struct restart *record); /* NULL: nothing to go on with */
    uint64_t until;                              /* when it ends, by the call's own clock */
    uint32_t arguments[4];                       /* the call's own */
};

/* Notes it for the running thread. -ERESTART_RESTARTBLOCK, the call's result. */
long restart_later(const struct restart *record);

#endif
