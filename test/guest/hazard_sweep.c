/*
 * Each door entered from thousands of random machine states, and left in the state that a model
 * predicts.
 *
 *     hazard_sweep [SEED]
 *
 * Rule: all that an entry does not save or define is the user's, whatever is in it (SDM 2B
 * SYSENTER, INT n; APM 3 SYSCALL; SDM 3A 5.8.5): the general registers, the flags that user mode
 * can set, the data segments, ESP, FPU and SSE. All of it survives a call but eax, and ecx and edx
 * behind sysenter and syscall, where the instruction's own return values may stand. A broken kernel
 * faults on a selector of the user's, believes ESP, keeps a flag for itself, or shows a register of
 * its own.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arch/i386/segments.h"
#include "trampoline/layout.h"
#include "user/lib/cpuid.h"
#include "user/lib/ktap.h"
#include "user/lib/machine.h"
#include "user/lib/postern.h"
#include "user/lib/segments.h"

#define ROUNDS 2000
#define FLAGS_KEPT \
    (FLAG_ARITH | FLAG_TF | FLAG_IF | FLAG_DF | FLAG_IOPL | FLAG_NT | FLAG_AC | FLAG_ID)

void door_int80(void), door_sysenter(void), door_syscall(void), door_callgate(void);
void landed(void);
__asm__("\t.text\n"
        "door_int80:\tint $0x80\n"
        "landed:\tud2\n"
        "door_sysenter:\tsysenter\n"
        "door_syscall:\tsyscall\n\tud2\n"
        "door_callgate:\tlcall $0x53, $0\n\tud2\n");

/* Where each enters, and the length of the instruction. */
static const struct {
    void (*code)(void);
    unsigned length;
} doors[NR_DOORS] = {
    [DOOR_INT80] = {door_int80, 2},
    [DOOR_SYSENTER] = {door_sysenter, 2},
    [DOOR_SYSCALL] = {door_syscall, 2},
    [DOOR_CALLGATE] = {door_callgate, 7},
};

enum aspect { END, RESULT, GENERAL, STACK, FLAGS, SEGMENTS, FPU, NR_ASPECTS };
static const char *const aspects[NR_ASPECTS] = {"each ends where it must",
                                                "each has its result",
                                                "general registers survive",
                                                "ESP survives",
                                                "flags survive",
                                                "segment registers survive",
                                                "FPU and SSE registers survive"};
static unsigned wrong[NR_ASPECTS];

static uint32_t seed, draw;
static uint16_t small_segment, expand_down;

static uint32_t any(void)
{
    return machine_random(&draw);
}

static uint32_t below(uint32_t bound)
{
    return any() % bound;
}

#define PICK(array) (array)[below(sizeof(array) / sizeof((array)[0]))]

/* --- a state -------------------------------------------------------------------------------------
 */

static uint32_t any_word(void)
{
    static const uint32_t special[] = {0,           1,           0x7fffffff,
                                       0x80000000,  0xffffffff,  USER_LIMIT,
                                       KERNEL_LINK, GATE_REGION, GATE_CPU(0) + CPU_WORDS};

    return below(4) ? any() : PICK(special);
}

static uint32_t any_stack(void)
{
    static const uint32_t special[] = {0,
                                       1,
                                       8,
                                       USER_BASE,
                                       USER_LIMIT - 4,
                                       USER_LIMIT,
                                       KERNEL_LINK,
                                       GATE_IDT,
                                       GATE_TEXT,
                                       GATE_VDSO,
                                       GATE_CPU(0) + CPU_WORDS,
                                       0xfffffffc,
                                       0xffffffff,
                                       GATE_CPU(0) + CPU_GDT,
                                       GATE_CPU(0) + CPU_TSS,
                                       GATE_CPU(0)};
    uint32_t address = below(2) ? PICK(special) : any();

    return machine_is_reserved(address) ? 0 : address;
}

/* Where nothing can be popped, whatever the program has mapped. */
static uint32_t any_bad_stack(void)
{
    static const uint32_t special[] = {0,           3,        0xff0,     USER_LIMIT,
                                       KERNEL_LINK, GATE_IDT, GATE_TEXT, GATE_CPU(0) + CPU_WORDS,
                                       0xfffff000};

    return below(2) ? PICK(special) : USER_LIMIT + below(GATE_TEXT - USER_LIMIT);
}

static uint32_t any_segment(void)
{
    const uint32_t segments[] = {
        0, 3, USER_DS, USER_DS, USER_CS, small_segment, expand_down, machine_at(NULL).r.gs};

    return PICK(segments);
}

static uint32_t any_flags(void)
{
    uint32_t flags = any() & (FLAG_ARITH | FLAG_DF | FLAG_NT | FLAG_AC | FLAG_ID | FLAG_RF);

    return flags | 2 | FLAG_IF | (below(8) ? 0 : FLAG_TF);
}

/* No exception is pending or empty register full of something; MXCSR without reserved bits. */
static void fill_fpu(struct fpu_registers *fpu)
{
    fpu->control = (any() & 0x0f3f) | 0xffff0040;
    fpu->status = (any() & 0x7f00) | 0xffff0000;
    fpu->tags = 0xffff0000;
    for (unsigned i = 0; i < 8; i++) {
        fpu->tags |= below(3) ? 0 : 3u << 2 * i;
        for (unsigned byte = 0; byte < 10; byte++)
            fpu->st[i][byte] = any();
    }
    fpu->fx.mxcsr = any() & 0xffbf;
    for (unsigned i = 0; i < sizeof(fpu->fx.xmm); i++)
        fpu->fx.xmm[i / 16][i % 16] = any();
}

/* Numbers whose calls need no arguments, and what they must answer. */
static uint32_t any_call(long *result)
{
    switch (below(4)) {
    case 0:
        *result = getpid();
        return NR_getpid;
    case 1:
        *result = getppid();
        return NR_getppid;
    default:
        *result = -ENOSYS;
        return any() | 0x1000;
    }
}

static struct machine any_machine(int door, long *result)
{
    struct machine m = machine_at((void *)doors[door].code);

    m.r.eax = any_call(result);
    m.r.ebx = any_word(), m.r.ecx = any_word(), m.r.edx = any_word();
    m.r.esi = any_word(), m.r.edi = any_word(), m.r.ebp = any_word();
    m.r.esp = any_stack();
    m.r.eflags = any_flags();
    m.r.ds = any_segment(), m.r.es = any_segment(), m.r.fs = any_segment(), m.r.gs = any_segment();
    if (!below(4))
        m.r.ss = below(2) ? small_segment : expand_down;
    m.load_fpu = on_postern() && below(2);
    if (m.load_fpu)
        fill_fpu(&m.fpu);
    return m;
}

/* --- the model -----------------------------------------------------------------------------------
 */

static void expect(bool good, enum aspect aspect, unsigned round, uint32_t got, uint32_t want)
{
    if (!good && !wrong[aspect]++)
        ktap_note("round %u: %s: %08x where %08x was due", round, aspects[aspect], got, want);
}

static bool same_selector(uint32_t got, uint32_t want)
{
    got &= 0xffff;
    return got == want || (got < 4 && want < 4);
}

static bool same_fpu(const struct fpu_registers *a, const struct fpu_registers *b)
{
    unsigned top = a->status >> 11 & 7;

    for (unsigned i = 0; i < 8; i++) {
        unsigned tag = 2 * ((i + top) % 8);
        bool empty = (a->tags >> tag & 3) == 3;
        if (empty != ((b->tags >> tag & 3) == 3) || (!empty && memcmp(a->st[i], b->st[i], 10)))
            return false;
    }
    if ((uint16_t)(a->control ^ b->control) || (uint16_t)(a->status ^ b->status))
        return false;
    return !(cpuid_features() & CPUID_SSE) ||
           (a->fx.mxcsr == b->fx.mxcsr && !memcmp(a->fx.xmm, b->fx.xmm, sizeof(a->fx.xmm)));
}

/* What every door keeps. */
static void compare(unsigned n, const struct machine *in, const struct machine *out, long result)
{
    const struct registers *a = &in->r, *b = &out->r;

    expect(b->eax == (uint32_t)result, RESULT, n, b->eax, result);
    expect(b->ebx == a->ebx, GENERAL, n, b->ebx, a->ebx);
    expect(b->esi == a->esi, GENERAL, n, b->esi, a->esi);
    expect(b->edi == a->edi, GENERAL, n, b->edi, a->edi);
    expect((b->eflags & FLAGS_KEPT) == (a->eflags & FLAGS_KEPT), FLAGS, n, b->eflags, a->eflags);
    expect(same_selector(b->ds, a->ds), SEGMENTS, n, b->ds, a->ds);
    expect(same_selector(b->es, a->es), SEGMENTS, n, b->es, a->es);
    expect(same_selector(b->fs, a->fs), SEGMENTS, n, b->fs, a->fs);
    expect(same_selector(b->gs, a->gs), SEGMENTS, n, b->gs, a->gs);
    expect((uint16_t)b->cs == USER_CS, SEGMENTS, n, b->cs, USER_CS);
    if (in->load_fpu)
        expect(same_fpu(&in->fpu, &out->fpu), FPU, n, out->fpu.status, in->fpu.status);
}

static void expect_end(unsigned n, const struct machine *out, int signal, uint32_t eip)
{
    expect(out->signal == signal, END, n, out->signal, signal);
    expect(out->r.eip == eip, END, n, out->r.eip, eip);
}

/* int80, callgate, syscall: behind the instruction, on the same stack. */
static void one_round(int door, unsigned n)
{
    long result;
    struct machine in = any_machine(door, &result), out = in;
    uint32_t behind = in.r.eip + doors[door].length;

    machine_run(&out);
    expect_end(n, &out, SIGILL, behind);
    compare(n, &in, &out, result);
    expect(out.r.edx == in.r.edx, GENERAL, n, out.r.edx, in.r.edx);
    expect(out.r.ebp == in.r.ebp, GENERAL, n, out.r.ebp, in.r.ebp);
    expect(out.r.esp == in.r.esp, STACK, n, out.r.esp, in.r.esp);
    if (door != DOOR_SYSCALL) {
        expect(out.r.ecx == in.r.ecx, GENERAL, n, out.r.ecx, in.r.ecx);
        expect((uint16_t)out.r.ss == in.r.ss, SEGMENTS, n, out.r.ss, in.r.ss);
        return;
    }
    /* the instruction's own, or the second argument, which ebp brought */
    expect(out.r.ecx == behind || out.r.ecx == in.r.ebp, GENERAL, n, out.r.ecx, behind);
    expect((uint16_t)out.r.ss == USER_DS, SEGMENTS, n, out.r.ss, USER_DS);
}

/* sysenter comes back at SYSENTER_RETURN with ESP from ebp, and the vDSO pops three and returns. */
static void sysenter_round(unsigned n)
{
    long result;
    struct machine in = any_machine(DOOR_SYSENTER, &result), out;
    bool pops = below(2), steps = in.r.eflags & FLAG_TF;
    uint32_t *words = (uint32_t *)(machine_stack() - 16);

    words[0] = any_word(), words[1] = any_word(), words[2] = any_word();
    words[3] = (uintptr_t)landed;
    in.r.ebp = pops ? (uintptr_t)words : any_bad_stack();
    out = in;
    machine_run(&out);
    compare(n, &in, &out, result);
    expect((uint16_t)out.r.ss == USER_DS, SEGMENTS, n, out.r.ss, USER_DS);
    if (pops && !steps) {
        expect_end(n, &out, SIGILL, (uintptr_t)landed);
        expect(out.r.ebp == words[0] && out.r.edx == words[1] && out.r.ecx == words[2], GENERAL, n,
               out.r.edx, words[1]);
        expect(out.r.esp == in.r.ebp + 16, STACK, n, out.r.esp, in.r.ebp + 16);
        return;
    }
    /* a CPU that checks alignment may do so before it looks for the page (SDM 3A 6.9) */
    bool misaligned = !pops && in.r.eflags & FLAG_AC && in.r.ebp % 4 && out.signal == SIGBUS;
    expect_end(n, &out, misaligned ? SIGBUS : pops ? SIGTRAP : SIGSEGV, SYSENTER_RETURN + pops);
    expect(out.r.ebp == (pops ? words[0] : in.r.ebp), GENERAL, n, out.r.ebp, in.r.ebp);
    expect(out.r.esp == in.r.ebp + 4 * pops, STACK, n, out.r.esp, in.r.ebp);
    expect(out.r.ecx == in.r.ecx || out.r.ecx == in.r.ebp, GENERAL, n, out.r.ecx, in.r.ecx);
    expect(out.r.edx == in.r.edx || out.r.edx == SYSENTER_RETURN, GENERAL, n, out.r.edx, in.r.edx);
}

static void sweep(int door)
{
    memset(wrong, 0, sizeof(wrong));
    for (unsigned round = 0; round < ROUNDS; round++) {
        if (door == DOOR_SYSENTER)
            sysenter_round(round);
        else
            one_round(door, round);
    }
    for (unsigned aspect = 0; aspect < NR_ASPECTS; aspect++)
        ktap_equal(wrong[aspect], 0, "%s: random states: %s", door_names[door], aspects[aspect]);
}

int main(int argc, char **argv)
{
    int open = on_postern() ? postern_get(POSTERN_DOORS) : 1 << DOOR_INT80;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    seed = argc > 1 ? strtoul(argv[1], NULL, 0) : (uint32_t)now.tv_nsec ^ (uint32_t)now.tv_sec;
    ktap_begin();
    ktap_note("to repeat this: hazard_sweep %#x", seed);
    alarm(300);
    machine_init();
    small_segment = SELECTOR(segment_set(ANY_ENTRY, 0x1000, 0, DESC_32BIT | DESC_USEABLE));
    expand_down = SELECTOR(segment_set(ANY_ENTRY, 0, 0xbffff, DESC_FLAT | DESC_EXPAND_DOWN));
    for (int door = 0; door < NR_DOORS; door++) {
        draw = seed | 1;
        if (open & 1 << door)
            sweep(door);
        else
            ktap_skip("not on this machine", "%s: random states", door_names[door]);
    }
    return ktap_end();
}
