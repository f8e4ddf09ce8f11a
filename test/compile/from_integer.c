/* Nor is a number: an address has to be named as one. */
/* error: incompatible type for argument 1 of .clear_user. */
#include "mm/unsafe.h"

size_t clear(uint32_t number, unsafe_bytes user);
size_t clear(uint32_t number, unsafe_bytes user)
{
#ifdef GOOD
    (void)number;
    return clear_user(user, 4);
#else
    (void)user;
    return clear_user(number, 4);
#endif
}
