/*
 * The way out to a state that no CPU will have: every selector and every flag through rt_sigreturn,
 * the exit that takes everything from user memory.
 *
 * Rule: SDM 2A IRET and 3A 5.8, 6.12.1: a bad CS or SS is #GP, #NP or #SS in ring 0 at the iret, on
 * a stack that holds five words; a bad data selector faults at its pop. EFLAGS holds IOPL, VM, NT,
 * VIF, VIP, which ring 3 must not choose. A broken kernel panics, loops, or gives IOPL 3 away. The
 * user gets SIGSEGV, with the frame as it was refused; bad data selectors become null.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "arch/i386/segments.h"
#include "trampoline/layout.h"
#include "user/lib/ktap.h"
#include "user/lib/machine.h"
#include "user/lib/postern.h"
#include "user/lib/segments.h"

#define FLAGS_SIGRETURN (FLAG_ARITH | FLAG_TF | FLAG_DF | FLAG_AC)

static uint16_t tls, read_only;

static struct machine state(void)
{
    static const uint8_t ud2[2] = {0x0f, 0x0b};

    memcpy(machine_code, ud2, sizeof(ud2));
    return machine_at(machine_code);
}

static bool is_data(uint16_t selector)
{
    return selector == USER_DS || selector == tls || selector == SELECTOR(GDT_TLS_MIN);
}

/* The GDT, as much behind it, both tables; then the rest in strides. */
#define FOR_EACH_SELECTOR(selector) \
    for (uint32_t selector = 0; selector < 0x10000; selector += selector < 0x100 ? 1 : 0x1fd)

static void check_code(void)
{
    unsigned bad = 0;

    FOR_EACH_SELECTOR(selector)
    {
        struct machine m = state();
        m.r.cs = selector;
        machine_run(&m);
        bool right = (selector | 3) == USER_CS
                         ? m.signal == SIGILL
                         : m.signal == SIGSEGV && m.r.eip == (uintptr_t)machine_code &&
                               (uint16_t)m.r.cs == (selector | 3);
        if (!right && !bad++)
            ktap_note("cs %04x: signal %d, cs %x", selector, m.signal, m.r.cs);
    }
    ktap_equal(bad, 0, "cs: every selector");
}

static void check_stack(void)
{
    unsigned bad = 0;

    FOR_EACH_SELECTOR(selector)
    {
        struct machine m = state();
        m.r.ss = selector;
        machine_run(&m);
        bool right = is_data(selector | 3)
                         ? m.signal == SIGILL && (uint16_t)m.r.ss == (selector | 3)
                         : m.signal == SIGSEGV && m.r.eip == (uintptr_t)machine_code &&
                               m.r.esp == machine_stack();
        if (!right && !bad++)
            ktap_note("ss %04x: signal %d, ss %x, esp %08x", selector, m.signal, m.r.ss, m.r.esp);
    }
    ktap_equal(bad, 0, "ss: every selector");
}

/* cs and ss bad at once, with whatever stack and flags. */
static void check_both(void)
{
    static const uint16_t selectors[] = {0, 7, KERNEL_CS, KERNEL_DS, USER_CS, SELECTOR_TSS, 0xfff8};
    static const uint32_t stacks[] = {0, GATE_CPU(0) + CPU_WORDS, KERNEL_LINK, 0xffffffff};
    unsigned bad = 0, last = sizeof(selectors) / sizeof(selectors[0]);

    for (unsigned i = 0; i < last * last * 4; i++) {
        struct machine m = state();
        m.r.cs = selectors[i % last];
        m.r.ss = selectors[i / last % last];
        m.r.esp = stacks[i / last / last];
        m.r.eflags |= FLAG_TF | FLAG_NT | FLAG_AC | FLAG_DF;
        machine_run(&m);
        bad += m.signal != SIGSEGV;
    }
    ktap_equal(bad, 0, "cs and ss bad at once");
}

static void check_data(void)
{
    unsigned bad = 0;

    FOR_EACH_SELECTOR(selector)
    {
        struct machine m = state();
        uint32_t want = selector | 3;
        m.r.ds = m.r.es = m.r.fs = m.r.gs = selector;
        if (!is_data(want) && want != USER_CS && want != read_only)
            want = 0;
        machine_run(&m);
        bool right = m.signal == SIGILL;
        const uint32_t got[] = {m.r.ds, m.r.es, m.r.fs, m.r.gs};
        for (unsigned i = 0; i < 4; i++)
            right = right && (want ? (uint16_t)got[i] == want : (uint16_t)got[i] < 4);
        if (!right && !bad++)
            ktap_note("ds %04x: signal %d, ds %x es %x fs %x gs %x", selector, m.signal, m.r.ds,
                      m.r.es, m.r.fs, m.r.gs);
    }
    ktap_equal(bad, 0, "ds es fs gs: every selector");
}

/* Each flag alone, then random ones: only what is the user's comes through. */
static void check_flags(void)
{
    uint32_t draw = 0x1234567;
    unsigned bad = 0;

    for (unsigned i = 0; i < 32 + 500; i++) {
        struct machine m = state();
        uint32_t flags = i < 32 ? 1u << i : machine_random(&draw);
        /* these two are popf's, which machine_run() sees to */
        uint32_t kept = FLAGS_SIGRETURN | FLAG_NT | FLAG_ID, want = (flags & kept) | 2 | FLAG_IF;
        m.r.eflags = flags;
        machine_run(&m);
        if ((m.signal != SIGILL || (m.r.eflags & ~FLAG_RF) != want) && !bad++)
            ktap_note("eflags %08x: signal %d, eflags %08x", flags, m.signal, m.r.eflags);
    }
    ktap_equal(bad, 0, "eflags: only the user's come through");
}

/* IOPL 3 asked for, and then what it would allow. */
static void check_privilege(void)
{
    static const struct {
        const char *name;
        uint8_t code[4];
    } rows[] = {
        {"cli", {0xfa, 0x0f, 0x0b}},      {"sti", {0xfb, 0x0f, 0x0b}},
        {"in", {0xe4, 0x60, 0x0f, 0x0b}}, {"outsb", {0x6e, 0x0f, 0x0b}},
        {"hlt", {0xf4, 0x0f, 0x0b}},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct machine m = state();
        memcpy(machine_code, rows[i].code, sizeof(rows[i].code));
        m.r.eflags |= FLAG_IOPL;
        machine_run(&m);
        ktap_ok(m.signal == SIGSEGV && m.r.trap == 13 && m.r.eip == (uintptr_t)machine_code,
                "IOPL 3 in the frame, then %s: SIGSEGV", rows[i].name);
    }
}

/* --- by each door --------------------------------------------------------------------------------
 */

#define CONTEXT 160 /* of the sigcontext, from where ESP points at the call */

/* A frame made by hand, and the call through a door that has an exit of its own: what it leaves
 * must be the frame's registers, not the call's. */
static void check_door(int door)
{
    static const uint8_t ud2[2] = {0x0f, 0x0b};
    struct machine m = state();
    uint8_t *frame = (uint8_t *)(uintptr_t)(m.r.esp - 1024);
    struct registers want = m.r;

    want.eip = (uintptr_t)machine_code + 64;
    want.eax = 1, want.ebx = 2, want.ecx = 3, want.edx = 4, want.esi = 5, want.edi = 6,
    want.ebp = 7;
    want.esp = m.r.esp - 64;
    want.eflags = 2 | FLAG_IF | FLAG_ARITH;
    memset(frame, 0, 1024);
    memcpy(frame + CONTEXT, &want, sizeof(want));
    memcpy(machine_code, machine_doors[door].bytes, machine_doors[door].length);
    memcpy(machine_code + 64, ud2, sizeof(ud2));
    m.r.eax = NR_rt_sigreturn;
    m.r.esp = m.r.ebp = (uintptr_t)frame;
    machine_run(&m);
    if (!ktap_ok(m.signal == SIGILL && m.r.eip == want.eip && m.r.esp == want.esp && m.r.eax == 1 &&
                     m.r.ebx == 2 && m.r.ecx == 3 && m.r.edx == 4 && m.r.esi == 5 && m.r.edi == 6 &&
                     m.r.ebp == 7 && (m.r.eflags & FLAG_ARITH) == FLAG_ARITH,
                 "%s: rt_sigreturn: every register of the frame", door_names[door]))
        ktap_note("signal %d, eip %08x, esp %08x", m.signal, m.r.eip, m.r.esp);
}

static volatile uint32_t handler_flags;

static void handle(int signal)
{
    uint32_t flags;

    (void)signal;
    __asm__ volatile("pushfl; popl %0" : "=r"(flags));
    handler_flags = flags;
}

/* sysenter and syscall clear IF, and their frames leave by another exit when a handler is due. */
static void check_handler(int door)
{
    handler_flags = 0;
    syscall_via(door, NR_kill, getpid(), SIGUSR1, 0, 0, 0, 0);
    ktap_equal(handler_flags & (FLAG_IF | FLAG_TF | FLAG_DF | FLAG_NT | FLAG_IOPL), FLAG_IF,
               "%s: the flags that a handler starts with", door_names[door]);
}

static void check_doors(void)
{
    int open = on_postern() ? postern_get(POSTERN_DOORS) : 1 << DOOR_INT80;

    signal(SIGUSR1, handle);
    for (int door = 0; door < NR_DOORS; door++) {
        if (open & 1 << door) {
            check_door(door);
            check_handler(door);
        } else {
            ktap_skip("not on this machine", "%s: rt_sigreturn", door_names[door]);
        }
    }
}

int main(void)
{
    ktap_begin();
    alarm(100);
    machine_init();
    check_doors();
    tls = SELECTOR(segment_set(ANY_ENTRY, 0, 0xfffff, DESC_FLAT | DESC_USEABLE));
    read_only = SELECTOR(segment_set(ANY_ENTRY, 0, 0xfffff, DESC_FLAT | DESC_READ_ONLY));
    check_flags();
    check_privilege();
    if (!on_postern()) {
        ktap_skip("another GDT", "selectors");
        return ktap_end();
    }
    check_code();
    check_stack();
    check_both();
    check_data();
    return ktap_end();
}
