/* The FPU state as a signal frame has it: what a handler may read and change. */
#ifndef ARCH_I386_FPU_FRAME_H
#define ARCH_I386_FPU_FRAME_H

#include "kernel/abi_signal.h"

/* state: FPU_STATE bytes, as fpu_save() leaves them. */
void fpu_to_frame(const uint8_t *state, struct fpstate *frame);

/* The other way: whatever frame holds, the result can be loaded. */
void fpu_from_frame(const struct fpstate *frame, uint8_t *state);

#endif
