/* The FPU state as a signal frame has it: what a handler may read and change. */
#ifndef ARCH_I386_FPU_FRAME_H
#define ARCH_I386_FPU_FRAME_H

#include "kernel/abi_signal.h"

/* Writes state, FPU_STATE bytes as fpu_save() leaves them, to a frame. 0 or -EFAULT. */
int fpu_to_frame(const uint8_t *state, unsafe_fpstate frame);

/* The other way for the running thread: whatever the frame holds, the result can be loaded. state
 * is FPU_STATE bytes of the thread's own; not to be loaded after -EFAULT. */
int fpu_from_frame(unsafe_fpstate frame, uint8_t *state);

#endif
