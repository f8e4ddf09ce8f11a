/* Nor can it be passed as one. */
/* error: incompatible type for argument 1 of .take. */
#include "kernel/abi.h"

int take(unsafe_timespec time);
int pass(unsafe_timespec time, unsafe_stat64 stat);
int pass(unsafe_timespec time, unsafe_stat64 stat)
{
#ifdef GOOD
    (void)stat;
    return take(time);
#else
    (void)time;
    return take(stat);
#endif
}
