/* The FPU state as a signal frame has it: what a handler may read and change. */
#ifndef ARCH_I386_FPU_FRAME_H
#define ARCH_I386_FPU_FRAME_H

#include "kernel/abi_signal.h"

/* Moves the running thread's state to a frame, aligned to 16; its state is a new program's then.
 * What the CPU reserves in the frame may be left as it was. */
void fpu_to_frame(struct fpstate *frame);

/* The other way, whatever the frame holds. -EFAULT: it cannot be read, and nothing has changed. */
int fpu_from_frame(unsafe_fpstate frame);

#endif
