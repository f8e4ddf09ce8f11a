/* Nor is it indexed. */
/* error: subscripted value is neither array nor pointer nor vector */
#include "mm/unsafe.h"

int take(unsafe_int user, int32_t *value);
int take(unsafe_int user, int32_t *value)
{
#ifdef GOOD
    return copy_object_u2k(value, unsafe_element(user, 3));
#else
    *value = user[3];
    return 0;
#endif
}
