/*
 * Runs a piece of code from a complete machine state, and shows the state that it ends in.
 *
 * The code ends by a fault of its own: ud2, or whatever the test is about. The state goes in by
 * rt_sigreturn and comes out of the frame of the fault's signal, whose handler has a stack of its
 * own; so every register may hold anything, ESP and the segment registers too, and nothing of a run
 * is left behind. On Linux and on Postern alike.
 */
#ifndef USER_LIB_MACHINE_H
#define USER_LIB_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/postern_abi.h"

/* General, segment and flag registers in the order of a signal frame (kernel/abi_signal.h). */
struct registers {
    uint32_t gs, fs, es, ds, edi, esi, ebp, esp, ebx, edx, ecx, eax, trap, error, eip, cs, eflags,
        esp_at_signal, ss;
};

/* The x87 and SSE registers: FSAVE's image and, where the CPU has it, FXSAVE's. */
struct fpu_registers {
    uint32_t control, status, tags, instruction, code, operand, data;
    uint8_t st[8][10];
    uint16_t software_status, magic;
    struct {
        uint32_t environment[6], mxcsr, mxcsr_mask;
        uint8_t st[8][16], xmm[8][16], rest[224];
    } fx;
};

struct machine {
    struct registers r;
    struct fpu_registers fpu;
    bool load_fpu;    /* in: whether fpu goes in; what comes out is always there */
    int signal, code; /* out: what ended it, si_code */
    uint32_t address; /* out: si_addr */
};

#define FLAG_CF    0x00000001
#define FLAG_TF    0x00000100
#define FLAG_IF    0x00000200
#define FLAG_DF    0x00000400
#define FLAG_IOPL  0x00003000
#define FLAG_NT    0x00004000
#define FLAG_RF    0x00010000
#define FLAG_AC    0x00040000
#define FLAG_ID    0x00200000
#define FLAG_ARITH 0x000008d5

/* To be called once, before the first run. */
void machine_init(void);

/* Flat segments, a stack, flags clear, the general registers zero, eip at code. */
struct machine machine_at(const void *code);

/* Runs it; the state that comes out replaces the one that went in. */
void machine_run(struct machine *machine);

/* The top of the stack that machine_at() gives; a page is mapped below it. */
uint32_t machine_stack(void);

/* A page that can be written and run, for code that is made up. After machine_init(). */
extern uint8_t *machine_code;

/* The instruction of each door. Behind sysenter's comes the vDSO, which pops three and returns. */
struct door_code {
    uint8_t bytes[8];
    unsigned length;
};
extern const struct door_code machine_doors[NR_DOORS];

/* True if address lies in the handler's own stack, where no run may put its ESP. */
bool machine_is_reserved(uint32_t address);

/* A small xorshift generator; state must not be 0. */
static inline uint32_t machine_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    return *state ^= *state << 5;
}

#endif
