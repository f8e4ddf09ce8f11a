/*
 * Mistakes of the kernel that only an instrument notices, for postern_sabotage(): the instruments'
 * own tests. -EINVAL for what is none.
 */
#ifndef KERNEL_INSTRUMENTS_MISTAKES_H
#define KERNEL_INSTRUMENTS_MISTAKES_H

#include "kernel/errno.h"

#ifdef INSTRUMENTED
int make_mistake(int what);
#else
static inline int make_mistake(int what)
{
    (void)what;
    return -EINVAL;
}
#endif

#endif
