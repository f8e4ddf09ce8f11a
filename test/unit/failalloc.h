/* For unit tests that include mm/frame.c or mm/heap.c: no allocation fails on purpose. */
#include "mm/failalloc.h"

uint32_t failalloc_left;
bool failalloc_count(void)
{
    return false;
}
