/* Nor compared like a pointer. */
/* error: used struct type value where scalar is required */
#include "mm/unsafe.h"

int is_there(unsafe_int user);
int is_there(unsafe_int user)
{
#ifdef GOOD
    return !unsafe_is_null(user);
#else
    return user ? 1 : 0;
#endif
}
