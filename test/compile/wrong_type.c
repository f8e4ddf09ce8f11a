/* An unsafe pointer to one structure is not one to another. */
/* error: unsafe pointer to another type */
#include "kernel/abi.h"

int take(unsafe_timespec time, unsafe_stat64 stat);
int take(unsafe_timespec time, unsafe_stat64 stat)
{
    struct timespec value;
#ifdef GOOD
    (void)stat;
    return copy_object_u2k(&value, time);
#else
    (void)time;
    return copy_object_u2k(&value, stat);
#endif
}
