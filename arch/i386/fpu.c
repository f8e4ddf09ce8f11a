#include "arch/i386/fpu.h"

#include "arch/i386/asm.h"
#include "arch/i386/cpu.h"
#include "kernel/string.h"

/* All exceptions masked, 64-bit precision; SSE all masked: the ABI's start (System V i386 2.3.2).
 */
#define INITIAL_FCW   0x37f
#define INITIAL_MXCSR 0x1f80
#define MXCSR_ALWAYS  0xffbf /* the bits of a CPU whose mask reads zero (SDM 1 11.6.6) */

/* FXSAVE's and FNSAVE's layouts, as far as needed (SDM 1 table 10-2, figure 8-9). */
struct fxsave {
    uint16_t fcw, fsw;
    uint8_t ftw, reserved;
    uint16_t fop;
    uint32_t fip, fcs, fdp, fds, mxcsr, mxcsr_mask;
};

struct fnsave {
    uint32_t fcw, fsw, ftw;
};

void fpu_init_state(uint8_t *state)
{
    memset(state, 0, FPU_STATE);
    if (cpu.fxsr) {
        struct fxsave *fx = (struct fxsave *)state;
        fx->fcw = INITIAL_FCW;
        fx->mxcsr = INITIAL_MXCSR;
    } else {
        struct fnsave *fn = (struct fnsave *)state;
        fn->fcw = 0xffff0000 | INITIAL_FCW;
        fn->fsw = 0xffff0000;
        fn->ftw = 0xffffffff; /* every register empty */
    }
}

static uint8_t initial[FPU_STATE] __attribute__((aligned(16)));

uint32_t fpu_mxcsr_bits;

void fpu_init(void)
{
    if (cpu.fxsr) {
        fpu_save(initial);
        uint32_t mask = ((struct fxsave *)initial)->mxcsr_mask;
        fpu_mxcsr_bits = mask ? mask : MXCSR_ALWAYS;
    }
    fpu_init_state(initial);
}

void fpu_reset(void)
{
    fpu_load(initial);
}

void fpu_save(uint8_t *state)
{
    /* a task gate sets CR0.TS behind our back (SDM 3A 7.3) */
    __asm__ volatile("clts");
    if (cpu.fxsr)
        __asm__ volatile("fxsave (%0)" : : "r"(state) : "memory");
    else
        __asm__ volatile("fnsave (%0)" : : "r"(state) : "memory");
}

/*
 * FNINIT first: FRSTOR would raise what is pending in the state that it replaces (SDM 1 8.3.12),
 * and AMD's FXRSTOR leaves the addresses of another thread's last instruction (CVE-2006-1056).
 */
void fpu_load(const uint8_t *state)
{
    __asm__ volatile("clts\n\tfninit");
    if (cpu.fxsr)
        __asm__ volatile("fxrstor (%0)" : : "r"(state) : "memory");
    else
        __asm__ volatile("frstor (%0)" : : "r"(state) : "memory");
}

/* FNSAVE clears the FPU behind itself, so the state is loaded again; no switch may come between. */
void fpu_copy_current(uint8_t *state)
{
    uint32_t flags = interrupts_save();

    fpu_save(state);
    if (!cpu.fxsr)
        fpu_load(state);
    interrupts_restore(flags);
}

uint32_t fpu_unmasked_exceptions(const uint8_t *state, bool sse)
{
    const struct fxsave *fx = (const struct fxsave *)state;
    const struct fnsave *fn = (const struct fnsave *)state;

    if (sse)
        return fx->mxcsr & ~(fx->mxcsr >> 7) & 0x3f;
    return cpu.fxsr ? fx->fsw & ~fx->fcw & 0x3f : fn->fsw & ~fn->fcw & 0x3f;
}
