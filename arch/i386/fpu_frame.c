/*
 * A signal frame has the x87 part twice, as FNSAVE and as FXSAVE write it (SDM 1 figure 8-9, table
 * 10-2). As on Linux, the x87 registers that come back are those of the first, SSE's of the second.
 */
#include "arch/i386/fpu_frame.h"

#include "arch/i386/cpu.h"
#include "arch/i386/fpu.h"
#include "kernel/string.h"
#include "mm/unsafe.h"

#define FNSAVE_SIZE      108
#define FXSAVE_LOADED    288 /* FXRSTOR ignores the rest but in 64-bit mode (SDM 1 10.5.1) */
#define MAGIC_FXSAVE     0x0000
#define MAGIC_NO_FXSAVE  0xffff
#define MXCSR_OFFSET     24
#define MXCSR_MASK       28
#define MXCSR_ALWAYS     0xffbf /* the bits of a CPU whose mask reads zero (SDM 1 11.6.6) */
#define REGISTERS_OFFSET 32
#define TAG_EMPTY        3
#define TAGS_EMPTY       0xffff

/* FXSAVE's first words. */
struct fxsave_head {
    uint16_t control, status;
    uint8_t tags, reserved;
    uint16_t opcode;
    uint32_t ip, cs, dp, ds;
};

static struct x87_register *register_in(const uint8_t *state, unsigned index)
{
    return (struct x87_register *)(state + REGISTERS_OFFSET + index * 16);
}

/* FNSAVE keeps two bits for each register: valid, zero, special, empty (SDM 1 8.1.7). */
static unsigned full_tag(const struct x87_register *value)
{
    unsigned exponent = value->exponent & 0x7fff;
    bool integer = value->high >> 31;

    if (exponent == 0)
        return value->low || value->high ? 2 : 1;
    return exponent == 0x7fff || !integer ? 2 : 0;
}

static uint32_t full_tags(const uint8_t *state)
{
    const struct fxsave_head *fx = (const struct fxsave_head *)state;
    unsigned top = fx->status >> 11 & 7;
    uint32_t tags = 0;

    if (!fx->tags)
        return TAGS_EMPTY;
    for (unsigned i = 0; i < 8; i++) {
        /* the image has the registers in stack order, the tags go by number */
        unsigned tag =
            fx->tags & (1u << i) ? full_tag(register_in(state, (i - top) & 7)) : TAG_EMPTY;
        tags |= tag << (2 * i);
    }
    return tags;
}

static uint8_t short_tags(uint32_t tags)
{
    uint8_t result = 0;

    if ((tags & TAGS_EMPTY) == TAGS_EMPTY)
        return 0;
    for (unsigned i = 0; i < 8; i++) {
        if ((tags >> (2 * i) & 3) != TAG_EMPTY)
            result |= 1u << i;
    }
    return result;
}

static void x87_from_fxsave(const uint8_t *state, struct fpstate_x87 *frame)
{
    const struct fxsave_head *fx = (const struct fxsave_head *)state;

    frame->fnsave[0] = 0xffff0000 | fx->control;
    frame->fnsave[1] = 0xffff0000 | fx->status;
    frame->fnsave[2] = 0xffff0000 | full_tags(state);
    frame->fnsave[3] = fx->ip;
    frame->fnsave[4] = (fx->cs & 0xffff) | (uint32_t)fx->opcode << 16;
    frame->fnsave[5] = fx->dp;
    frame->fnsave[6] = 0xffff0000 | fx->ds;
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++)
        frame->registers[i] = *register_in(state, i);
    frame->status = fx->status;
    frame->magic = MAGIC_FXSAVE;
}

static void x87_to_fxsave(const struct fpstate_x87 *frame, uint8_t *state)
{
    struct fxsave_head *fx = (struct fxsave_head *)state;

    fx->control = frame->fnsave[0];
    fx->status = frame->fnsave[1];
    fx->tags = short_tags(frame->fnsave[2]);
    fx->opcode = frame->fnsave[4] >> 16;
    fx->ip = frame->fnsave[3];
    fx->cs = frame->fnsave[4] & 0xffff;
    fx->dp = frame->fnsave[5];
    fx->ds = frame->fnsave[6] & 0xffff;
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++)
        *register_in(state, i) = frame->registers[i];
}

static unsafe_bytes fxsave_of(unsafe_fpstate frame)
{
    return unsafe_advance(unsafe_as_bytes(frame), offsetof(struct fpstate, fxsave));
}

/* In two parts, so that the larger one is copied but once. */
int fpu_to_frame(const uint8_t *state, unsafe_fpstate frame)
{
    unsafe_fpstate_x87 x87_part = {.address = frame.address};
    struct fpstate_x87 x87;

    if (cpu.fxsr) {
        x87_from_fxsave(state, &x87);
        return copy_object_k2u(x87_part, &x87) ?: copy_k2u(fxsave_of(frame), state, FPU_STATE);
    }
    memcpy(&x87, state, FNSAVE_SIZE);
    x87.status = x87.fnsave[1];
    x87.magic = MAGIC_NO_FXSAVE;
    return copy_object_k2u(x87_part, &x87);
}

/* A reserved bit of MXCSR would make FXRSTOR fault (SDM 1 11.6.6). */
static int copy_fxsave(uint8_t *state, unsafe_fpstate frame)
{
    uint32_t mask = *(uint32_t *)(state + MXCSR_MASK);

    if (copy_u2k(state, fxsave_of(frame), FXSAVE_LOADED))
        return -EFAULT;
    *(uint32_t *)(state + MXCSR_OFFSET) &= mask ? mask : MXCSR_ALWAYS;
    return 0;
}

int fpu_from_frame(unsafe_fpstate frame, uint8_t *state)
{
    unsafe_fpstate_x87 x87_part = {.address = frame.address};
    struct fpstate_x87 x87;

    if (copy_object_u2k(&x87, x87_part))
        return -EFAULT;
    if (!cpu.fxsr) {
        memcpy(state, &x87, FNSAVE_SIZE);
        return 0;
    }
    fpu_copy_current(state);
    if (x87.magic == MAGIC_FXSAVE && copy_fxsave(state, frame))
        return -EFAULT;
    x87_to_fxsave(&x87, state);
    return 0;
}
