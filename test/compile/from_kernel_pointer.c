/* A kernel pointer is not accepted where an unsafe one is due. */
/* error: incompatible type for argument 1 of .copy_k2u. */
#include "mm/unsafe.h"

int give(unsafe_bytes user, char *kernel);
int give(unsafe_bytes user, char *kernel)
{
#ifdef GOOD
    return copy_k2u(user, kernel, 4);
#else
    return copy_k2u(kernel, kernel, 4);
#endif
}
