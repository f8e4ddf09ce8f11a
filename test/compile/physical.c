/* A physical address is no virtual one. */
/* error: incompatible type for argument 1 of .frame_put. */
#include "mm/frame.h"

void drop(paddr_t frame, vaddr_t address);
void drop(paddr_t frame, vaddr_t address)
{
#ifdef GOOD
    (void)address;
    frame_put(frame);
#else
    (void)frame;
    frame_put(address);
#endif
}
