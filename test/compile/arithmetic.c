/* Nothing is added to a user address but by a helper that cannot wrap. */
/* error: invalid operands to binary \+ */
#include "mm/unsafe.h"

unsafe_bytes next(unsafe_bytes user);
unsafe_bytes next(unsafe_bytes user)
{
#ifdef GOOD
    return unsafe_advance(user, 1);
#else
    return user + 1;
#endif
}
