/* FPU and SSE state (SDM 1 8, 10.5): FXSAVE where the CPU has it, else FNSAVE. */
#ifndef ARCH_I386_FPU_H
#define ARCH_I386_FPU_H

#include "arch/i386/types.h"

/* Bytes of saved state, aligned to 16: FXSAVE's; FNSAVE needs 108 (SDM 1 10.5.1, 8.1.10). */
#define FPU_STATE 512

/* Looks at the CPU's, once. */
void fpu_init(void);

/* The bits of MXCSR that this CPU has; FXRSTOR faults on any other (SDM 1 11.6.6). */
extern uint32_t fpu_mxcsr_bits;

/* Writes the state that a new program starts with: what Linux gives. state: FPU_STATE bytes. */
void fpu_init_state(uint8_t *state);

/* Gives the running thread that state. */
void fpu_reset(void);

/* The running thread's state, out of and into the CPU. fpu_save() may leave the CPU's undefined. */
void fpu_save(uint8_t *state);
void fpu_load(const uint8_t *state);

/* A copy of the running thread's state, which stays in the CPU as it is. Thread context. */
void fpu_copy_current(uint8_t *state);

/* The exceptions that are raised and not masked, as the bits of the status words (SDM 1 8.1.3,
 * 10.2.3): of SSE or of the x87. */
uint32_t fpu_unmasked_exceptions(const uint8_t *state, bool sse);

#endif
