/* A user address is not memory of the kernel's: it cannot be dereferenced. */
/* error: invalid type argument of unary '\*'|invalid type argument of unary .\*. */
#include "mm/unsafe.h"

int32_t take(unsafe_int user);
int32_t take(unsafe_int user)
{
#ifdef GOOD
    int32_t value;
    return copy_object_u2k(&value, user) ? 0 : value;
#else
    return *user;
#endif
}
