/*
 * The FPU state of a signal frame: what it holds, that a handler's changes to it take effect, and
 * what comes of a state that an attacker wrote.
 *
 * Rule: SDM 1 8.1.10 and 10.5.1; FXRSTOR raises #GP on a reserved bit of MXCSR or a misaligned
 * address, and the kernel executes it. A broken kernel panics on that, restores from an address of
 * its own, or keeps the registers that the handler left.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "user/lib/cpuid.h"
#include "user/lib/ktap.h"
#include "user/lib/signals.h"
#include "user/lib/spawn.h"

#define SECONDS_TO_HANG 60
#define FCW_INITIAL     0x37f
#define MXCSR_INITIAL   0x1f80
#define MXCSR_ALWAYS    0xffbf

/* FSAVE's image, a word of status and one of format, and FXSAVE's image if the CPU has that. */
struct fpu_state {
    uint32_t control, status, tags, instruction, code, operand, data;
    uint8_t st[8][10];
    uint16_t software_status, magic; /* 0: FXSAVE's image follows */
    struct {
        uint32_t environment[6], mxcsr, mxcsr_mask;
        uint8_t st[8][16], xmm[8][16], rest[224];
    } fx;
};

_Static_assert(sizeof(struct fpu_state) == 112 + 512, "the ABI's struct _fpstate");

static const uint8_t two_point_five[10] = {0, 0, 0, 0, 0, 0, 0, 0xa0, 0x00, 0x40};
static struct fpu_state frame_state; /* as the handler found it */
static void (*edit)(mcontext_t *machine, struct fpu_state *state);
static bool sse;

static void handle(int signal, siginfo_t *info, void *context)
{
    mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
    struct fpu_state *state = (struct fpu_state *)machine->fpregs;

    (void)signal;
    (void)info;
    memcpy(&frame_state, state, sse ? sizeof(frame_state) : 112);
    if (edit)
        edit(machine, state);
}

/* The state that the program has after the handler. */
static struct {
    uint32_t control, mxcsr, xmm[4];
    double top;
} after;

static void raise_and_read(void)
{
    static const uint32_t xmm[4] = {11, 12, 13, 14}, control = 0x27f, mxcsr = 0x3f80;
    long number = SYS_kill;
    pid_t pid = getpid();

    if (sse)
        __asm__ volatile("ldmxcsr %0; movups %1, %%xmm3" : : "m"(mxcsr), "m"(xmm));
    __asm__ volatile("fninit; fldcw %3; fld1; int $0x80; fnstcw %0; fstpl %1; fninit"
                     : "=m"(after.control), "=m"(after.top), "+a"(number)
                     : "m"(control), "b"(pid), "c"(SIGUSR1)
                     : "memory");
    after.control &= 0xffff;
    if (sse)
        __asm__ volatile("stmxcsr %0; movups %%xmm3, %1" : "=m"(after.mxcsr), "=m"(after.xmm));
}

static void check_contents(void)
{
    static const uint8_t one[10] = {0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f};
    static const uint32_t xmm[4] = {11, 12, 13, 14};

    edit = NULL;
    raise_and_read();
    ktap_equal(frame_state.control & 0xffff, 0x27f, "the frame has the control word");
    ktap_equal(frame_state.tags & 0xffff, 0x3fff, "the tags of one full register");
    ktap_ok(!memcmp(frame_state.st[0], one, 10), "and that register");
    ktap_equal(frame_state.magic, cpuid_features() & CPUID_FXSR ? 0 : 0xffff,
               "an image of FXSAVE follows if the CPU has it");
    if (!sse)
        return;
    ktap_equal(frame_state.fx.mxcsr, 0x3f80, "it has MXCSR");
    ktap_ok(!memcmp(frame_state.fx.xmm[3], xmm, 16), "and the xmm registers");
}

static void write_state(mcontext_t *machine, struct fpu_state *state)
{
    static const uint32_t xmm[4] = {21, 22, 23, 24};

    (void)machine;
    state->control = (state->control & ~0xffffu) | 0x17f;
    memcpy(state->st[0], two_point_five, 10);
    if (sse) {
        state->fx.mxcsr = 0x5f80;
        memcpy(state->fx.xmm[3], xmm, 16);
    }
}

static void check_changes(void)
{
    edit = write_state;
    raise_and_read();
    ktap_equal(after.control, 0x17f, "a control word that the handler wrote is in force");
    ktap_ok(after.top == 2.5, "so is an x87 register");
    if (sse) {
        ktap_equal(after.mxcsr, 0x5f80, "so is MXCSR");
        ktap_equal(after.xmm[0], 21, "so is an xmm register");
    }
}

static void no_state(mcontext_t *machine, struct fpu_state *state)
{
    (void)state;
    machine->fpregs = NULL;
}

static void check_none(void)
{
    edit = no_state;
    raise_and_read();
    ktap_equal(after.control, FCW_INITIAL, "without a state the FPU is as at the start");
    if (sse)
        ktap_equal(after.mxcsr, MXCSR_INITIAL, "and MXCSR");
}

static void state_in_kernel(mcontext_t *machine, struct fpu_state *state)
{
    (void)state;
    machine->fpregs = (void *)0xc0100000;
}

static void state_in_gate(mcontext_t *machine, struct fpu_state *state)
{
    (void)state;
    machine->fpregs = (void *)0xffffa000;
}

static void state_at_end(mcontext_t *machine, struct fpu_state *state)
{
    (void)state;
    machine->fpregs = (void *)0xffffffc0;
}

static void state_in_null_page(mcontext_t *machine, struct fpu_state *state)
{
    (void)state;
    machine->fpregs = (void *)64;
}

static void state_torn(mcontext_t *machine, struct fpu_state *state)
{
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *torn = page + 4096 - 64;

    memcpy(torn, state, 64);
    munmap(page + 4096, 4096);
    machine->fpregs = (void *)torn;
}

/* FXRSTOR wants 16 bytes' alignment; the kernel need not use it on the user's own bytes. */
static void state_unaligned(mcontext_t *machine, struct fpu_state *state)
{
    static char copy[sizeof(struct fpu_state) + 16];

    memcpy(copy + 1, state, sse ? sizeof(*state) : 112);
    machine->fpregs = (void *)(copy + 1);
}

static void mxcsr_reserved(mcontext_t *machine, struct fpu_state *state)
{
    (void)machine;
    /* AMD's bit 17 is none of them (APM 4 MXCSR.MM): this CPU says which are */
    state->fx.mxcsr = (0xffff0000 & ~state->fx.mxcsr_mask) | MXCSR_INITIAL;
}

static void garbage(mcontext_t *machine, struct fpu_state *state)
{
    (void)machine;
    state->control = 0xffffff7f;
    state->status = state->tags = 0xffffffff;
    memset(state->st, 0xff, sizeof(state->st));
}

static int return_with(void *function)
{
    edit = (void (*)(mcontext_t *, struct fpu_state *))function;
    raise_and_read();
    /* which bits there are, the CPU says; AMD's have one more (SDM 1 11.6.6, APM 2 11.5.10) */
    uint32_t mask = frame_state.fx.mxcsr_mask ? frame_state.fx.mxcsr_mask : MXCSR_ALWAYS;
    return (after.mxcsr & ~mask) != 0;
}

/* Linux cleared the reserved bits until 5.12 and refuses the frame since; either is safe. */
static void check_reserved(void)
{
    int status = sse ? spawn_body(return_with, (void *)mxcsr_reserved) : 0;

    if (!sse)
        ktap_skip("no SSE on this CPU", "reserved bits of MXCSR");
    else
        ktap_ok(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV),
                "reserved bits of MXCSR: SIGSEGV, or they are cleared");
}

static void check_forged(void)
{
    static const struct {
        const char *name;
        void (*edit)(mcontext_t *, struct fpu_state *);
        int signal;
    } rows[] = {
        {"a state in the kernel", state_in_kernel, SIGSEGV},
        {"a state in the gate region", state_in_gate, SIGSEGV},
        {"a state across the end of memory", state_at_end, SIGSEGV},
        {"a state in the null page", state_in_null_page, SIGSEGV},
        {"a state whose second part is unmapped", state_torn, SIGSEGV},
        {"an unaligned state", state_unaligned, 0},
        {"garbage in the x87 part", garbage, 0},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status = spawn_body(return_with, (void *)rows[i].edit);
        if (!ktap_ok(rows[i].signal ? WIFSIGNALED(status) && WTERMSIG(status) == rows[i].signal
                                    : status == 0,
                     "%s: %s", rows[i].name, rows[i].signal ? "SIGSEGV" : "harmless"))
            ktap_note("wait gave %#x", status);
    }
}

int main(void)
{
    sse = cpuid_features() & CPUID_SSE;
    alarm(SECONDS_TO_HANG);
    ktap_begin();
    signal_catch(SIGUSR1, 0, handle);
    check_contents();
    check_changes();
    check_none();
    check_forged();
    check_reserved();
    return ktap_end();
}
