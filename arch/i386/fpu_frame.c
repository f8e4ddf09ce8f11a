/*
 * A signal frame has the x87 part twice, as FNSAVE and as FXSAVE write it (SDM 1 figure 8-9, table
 * 10-2). As on Linux, the x87 registers that come back are those of the first, SSE's of the second.
 */
#include "arch/i386/fpu_frame.h"

#include "arch/i386/cpu.h"
#include "arch/i386/fpu.h"
#include "kernel/string.h"

#define FNSAVE_SIZE      108
#define MAGIC_FXSAVE     0x0000
#define MAGIC_NO_FXSAVE  0xffff
#define MXCSR_OFFSET     24
#define MXCSR_MASK       28
#define MXCSR_ALWAYS     0xffbf /* the bits of a CPU whose mask reads zero (SDM 1 11.6.6) */
#define REGISTERS_OFFSET 32
#define TAG_EMPTY        3

/* FXSAVE's first words. */
struct fxsave_head {
    uint16_t control, status;
    uint8_t tags, reserved;
    uint16_t opcode;
    uint32_t ip, cs, dp, ds;
};

/* FNSAVE keeps two bits for each register: valid, zero, special, empty (SDM 1 8.1.7). */
static unsigned full_tag(const uint16_t value[5])
{
    unsigned exponent = value[4] & 0x7fff;
    bool fraction = value[0] | value[1] | value[2] | (value[3] & 0x7fff);
    bool integer = value[3] & 0x8000;

    if (exponent == 0)
        return fraction || integer ? 2 : 1;
    return exponent == 0x7fff || !integer ? 2 : 0;
}

static uint32_t full_tags(const struct fxsave_head *fx, const uint8_t *registers)
{
    unsigned top = fx->status >> 11 & 7;
    uint32_t tags = 0;

    for (unsigned i = 0; i < 8; i++) {
        /* the image has the registers in stack order, the tags go by number */
        const uint16_t *value = (const uint16_t *)(registers + ((i - top) & 7) * 16);
        unsigned tag = fx->tags & (1u << i) ? full_tag(value) : TAG_EMPTY;
        tags |= tag << (2 * i);
    }
    return tags;
}

void fpu_to_frame(const uint8_t *state, struct fpstate *frame)
{
    const struct fxsave_head *fx = (const struct fxsave_head *)state;

    memset(frame, 0, sizeof(*frame));
    if (!cpu.fxsr) {
        memcpy(frame, state, FNSAVE_SIZE);
        frame->status = frame->fnsave[1];
        frame->magic = MAGIC_NO_FXSAVE;
        return;
    }
    frame->fnsave[0] = 0xffff0000 | fx->control;
    frame->fnsave[1] = 0xffff0000 | fx->status;
    frame->fnsave[2] = 0xffff0000 | full_tags(fx, state + REGISTERS_OFFSET);
    frame->fnsave[3] = fx->ip;
    frame->fnsave[4] = (fx->cs & 0xffff) | (uint32_t)fx->opcode << 16;
    frame->fnsave[5] = fx->dp;
    frame->fnsave[6] = 0xffff0000 | fx->ds;
    for (unsigned i = 0; i < 8; i++)
        memcpy(frame->registers[i], state + REGISTERS_OFFSET + i * 16, 10);
    frame->status = fx->status;
    frame->magic = MAGIC_FXSAVE;
    memcpy(frame->fxsave, state, sizeof(frame->fxsave));
}

static uint8_t short_tags(uint32_t tags)
{
    uint8_t result = 0;

    for (unsigned i = 0; i < 8; i++) {
        if ((tags >> (2 * i) & 3) != TAG_EMPTY)
            result |= 1u << i;
    }
    return result;
}

void fpu_from_frame(const struct fpstate *frame, uint8_t *state)
{
    struct fxsave_head *fx = (struct fxsave_head *)state;

    if (!cpu.fxsr) {
        memcpy(state, frame, FNSAVE_SIZE);
        return;
    }
    fpu_copy_current(state);
    if (frame->magic == MAGIC_FXSAVE) {
        /* a reserved bit of MXCSR would make FXRSTOR fault (SDM 1 11.6.6) */
        uint32_t mask = *(uint32_t *)(state + MXCSR_MASK);
        memcpy(state, frame->fxsave, FPU_STATE);
        *(uint32_t *)(state + MXCSR_OFFSET) &= mask ? mask : MXCSR_ALWAYS;
    }
    fx->control = frame->fnsave[0];
    fx->status = frame->fnsave[1];
    fx->tags = short_tags(frame->fnsave[2]);
    fx->opcode = frame->fnsave[4] >> 16;
    fx->ip = frame->fnsave[3];
    fx->cs = frame->fnsave[4] & 0xffff;
    fx->dp = frame->fnsave[5];
    fx->ds = frame->fnsave[6] & 0xffff;
    for (unsigned i = 0; i < 8; i++) {
        memset(state + REGISTERS_OFFSET + i * 16, 0, 16);
        memcpy(state + REGISTERS_OFFSET + i * 16, frame->registers[i], 10);
    }
}
