/* The pointer inside has no size, and no address: only sparse would let it be named. */
/* sparse: dereference of noderef expression */
#include "mm/unsafe.h"

uint8_t take(unsafe_bytes user);
uint8_t take(unsafe_bytes user)
{
#ifdef GOOD
    uint8_t value;
    return unsafe_peek8(&value, user) ? 0 : value;
#else
    return **user.pointee;
#endif
}
