/*
 * Who ends when memory runs out: the process that holds most of it, not whoever asks next.
 *
 * The last frames are a reserve, which faults of user mode do not touch while there is a process to
 * end instead. So what cannot wait in the midst of a call, its copies and the kernel's own objects,
 * finds memory while somebody else's greed is dealt with. Where even the reserve is gone, a call
 * fails, or its process ends: thread_out_of_memory().
 */
#ifndef KERNEL_OOM_H
#define KERNEL_OOM_H

#include <stdbool.h>

/*
 * Thread context, before a fault of user mode takes a frame. True if frames are short and the
 * greediest process, perhaps the caller, is on its way out: others have run, and the fault is to be
 * tried again.
 */
bool oom_relieved(void);

#endif
