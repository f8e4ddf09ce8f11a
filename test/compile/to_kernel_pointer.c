/* An unsafe pointer is not accepted where kernel memory is due. */
/* error: incompatible type for argument 2 of .memcpy. */
#include "kernel/string.h"
#include "mm/unsafe.h"

int take(char *kernel, unsafe_bytes user);
int take(char *kernel, unsafe_bytes user)
{
#ifdef GOOD
    return copy_u2k(kernel, user, 4);
#else
    memcpy(kernel, user, 4);
    return 0;
#endif
}
