/*
 * A signal frame has the x87 part twice, as FNSAVE and as FXSAVE write it (SDM 1 figure 8-9, table
 * 10-2). As on Linux, the x87 registers that come back are those of the first, SSE's of the second.
 * The CPU itself writes and reads both.
 */
#include "arch/i386/fpu_frame.h"

#include "arch/i386/cpu.h"
#include "arch/i386/fpu.h"
#include "kernel/string.h"
#include "mm/unsafe.h"

#define FXSAVE_LOADED   288 /* FXRSTOR ignores the rest but in 64-bit mode (SDM 1 10.5.1) */
#define MXCSR_OFFSET    24
#define SOFTWARE_OFFSET 464 /* Linux names the extensions that follow; here are none */
#define SOFTWARE_SIZE   48
#define MAGIC_FXSAVE    0x0000
#define MAGIC_NO_FXSAVE 0xffff
#define UPPER_HALF      0xffff0000 /* of words that have 16 bits; QEMU's FNSAVE leaves it clear */

_Static_assert(SOFTWARE_OFFSET + SOFTWARE_SIZE == FPU_STATE, "FXSAVE's image ends there");

void fpu_to_frame(struct fpstate *frame)
{
    struct fpstate_x87 *x87 = &frame->x87;

    __asm__ volatile("clts");
    if (cpu.fxsr) {
        __asm__ volatile("fxsave %0" : "=m"(frame->fxsave));
        fill_bytes(frame->fxsave + SOFTWARE_OFFSET, 0, SOFTWARE_SIZE);
    }
    __asm__ volatile("fnsave %0" : "=m"(*x87));
    x87->status = x87->fnsave[1];
    x87->magic = cpu.fxsr ? MAGIC_FXSAVE : MAGIC_NO_FXSAVE;
    x87->fnsave[0] |= UPPER_HALF;
    x87->fnsave[1] |= UPPER_HALF;
    x87->fnsave[2] |= UPPER_HALF;
    x87->fnsave[6] |= UPPER_HALF;
    fpu_reset();
}

/* As Linux, which does not ask the frame whether it has SSE's part. */
int fpu_from_frame(unsafe_fpstate user)
{
    struct fpstate frame __attribute__((aligned(16)));
    uint32_t *mxcsr = (uint32_t *)(frame.fxsave + MXCSR_OFFSET);

    if (copy_u2k(&frame, unsafe_as_bytes(user),
                 offsetof(struct fpstate, fxsave) + (cpu.fxsr ? FXSAVE_LOADED : 0)))
        return -EFAULT;
    if (cpu.fxsr) {
        *mxcsr &= fpu_mxcsr_bits;
        fpu_load(frame.fxsave);
    }
    /* FNINIT for fpu_load()'s first reason */
    __asm__ volatile("clts\n\tfninit\n\tfrstor %0" : : "m"(frame.x87));
    return 0;
}
