/*
 * Every selector by every instruction that takes one, and every software interrupt. Postern's own
 * GDT decides, so on Linux only what is the same there is tried.
 *
 * Rule: SDM 3A 5.5 to 5.8 (who may load what), 6.12.1.2 (DPL of a gate against int n), 7.4 (iret
 * with NT returns to the task that TSS.link names: none). From ring 3 the call gate may be called,
 * user segments may be loaded, vectors 3, 4 and 80h raised; all else is #GP, or #TS for the iret,
 * at the instruction. A broken kernel has a task gate, TSS or segment of DPL 3 too many, or pushes
 * an error code where none is due.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "arch/i386/segments.h"
#include "user/lib/ktap.h"
#include "user/lib/machine.h"
#include "user/lib/postern.h"
#include "user/lib/segments.h"
#include "user/lib/syscall.h"

#define VECTOR_TS 10
#define VECTOR_GP 13

enum use { LCALL, LJMP, LRET, IRET, DS, ES, FS, GS, SS, LSS, NR_USES };
static const char *const uses[NR_USES] = {"lcall",  "ljmp",   "lret",   "iret",   "mov ds",
                                          "mov es", "mov fs", "mov gs", "mov ss", "lss"};

/* Both far transfers and loads end at a ud2: behind the instruction, or where it goes. */
static const uint8_t ud2[2] = {0x0f, 0x0b};
#define LANDING (machine_code + 64)

static void put_immediate(uint8_t opcode, uint16_t selector)
{
    uint32_t offset = (uintptr_t)LANDING;

    machine_code[0] = opcode;
    memcpy(machine_code + 1, &offset, 4);
    memcpy(machine_code + 5, &selector, 2);
    memcpy(machine_code + 7, ud2, 2);
}

static struct machine state(enum use use, uint16_t selector)
{
    static const uint8_t codes[NR_USES][3] = {
        [LRET] = {0xcb},     [IRET] = {0xcf},
        [DS] = {0x8e, 0xd8}, [ES] = {0x8e, 0xc0},
        [FS] = {0x8e, 0xe0}, [GS] = {0x8e, 0xe8},
        [SS] = {0x8e, 0xd0}, [LSS] = {0x0f, 0xb2, 0x23}, /* lss (%ebx), %esp */
    };
    static uint32_t far_pointer[2];
    struct machine m = machine_at(machine_code);
    uint32_t *stack = (uint32_t *)(m.r.esp -= 16);

    memcpy(LANDING, ud2, sizeof(ud2));
    if (use == LCALL || use == LJMP) {
        put_immediate(use == LCALL ? 0x9a : 0xea, selector);
    } else {
        unsigned length = codes[use][2] ? 3 : codes[use][1] ? 2 : 1;
        memcpy(machine_code, codes[use], length);
        memcpy(machine_code + length, ud2, sizeof(ud2));
    }
    stack[0] = (uintptr_t)LANDING, stack[1] = selector, stack[2] = 2;
    far_pointer[0] = m.r.esp, far_pointer[1] = selector;
    m.r.eax = use >= DS ? selector : NR_getpid;
    m.r.ebx = (uintptr_t)far_pointer;
    return m;
}

/* --- the model: Postern's GDT ----------------------------------------------------------------- */

static bool is_tls(unsigned index)
{
    struct user_desc d = {.entry = index};

    return index >= GDT_TLS_MIN && index <= GDT_TLS_MAX &&
           !syscall_raw(NR_get_thread_area, (long)&d, 0, 0) && !(d.flags & DESC_ABSENT);
}

static bool is_allowed(enum use use, uint16_t selector)
{
    unsigned index = selector >> 3, rpl = selector & 3;

    if (selector & 4)
        return false;
    switch (use) {
    case LCALL:
        return index == GDT_USER_CS || index == SELECTOR_CALLGATE >> 3;
    case LJMP:
        return index == GDT_USER_CS;
    case LRET:
    case IRET:
        return index == GDT_USER_CS && rpl == 3;
    case SS:
    case LSS:
        return rpl == 3 && (index == GDT_USER_DS || is_tls(index));
    default:
        return index == 0 || index == GDT_USER_CS || index == GDT_USER_DS || is_tls(index);
    }
}

static bool is_right(enum use use, uint16_t selector, const struct machine *m)
{
    if (!is_allowed(use, selector))
        return m->signal == SIGSEGV && m->r.trap == VECTOR_GP &&
               m->r.eip == (uintptr_t)machine_code;
    if (use == LCALL && selector >> 3 == SELECTOR_CALLGATE >> 3)
        return m->signal == SIGILL && m->r.eax == (uint32_t)getpid();
    return m->signal == SIGILL;
}

static void check_selectors(enum use use)
{
    unsigned good = 0, tried = 0;

    /* the GDT and as much behind its end, both tables, every RPL; then the rest in strides */
    for (uint32_t selector = 0; selector < 0x10000; selector += selector < 0x100 ? 1 : 0x3fd) {
        struct machine m = state(use, selector);
        machine_run(&m);
        bool right = is_right(use, selector, &m);
        if (!right && good == tried)
            ktap_note("%s of %04x: signal %d, trap %u, error %x, eip %08x", uses[use], selector,
                      m.signal, m.r.trap, m.r.error, m.r.eip);
        good += right;
        tried++;
    }
    ktap_equal(good, tried, "%s: every selector", uses[use]);
}

/* --- interrupts ----------------------------------------------------------------------------------
 */

static bool interrupt_is_right(unsigned n, const struct machine *m)
{
    uint32_t behind = (uintptr_t)machine_code + 2;

    switch (n) {
    case 3:
        return m->signal == SIGTRAP && m->r.eip == behind;
    case 4:
        return m->signal == SIGSEGV && m->r.trap == 4 && m->r.eip == behind;
    case 0x80:
        return m->signal == SIGILL && m->r.eip == behind && m->r.eax == (uint32_t)getpid();
    default: /* #GP, whose error code names the gate (SDM 3A 6.13) */
        return m->signal == SIGSEGV && m->r.trap == VECTOR_GP && m->r.error == n * 8 + 2 &&
               m->r.eip == behind - 2;
    }
}

static void check_interrupts(uint32_t flags, const char *what)
{
    unsigned good = 0;

    for (unsigned n = 0; n < 256; n++) {
        struct machine m = machine_at(machine_code);
        uint8_t code[4] = {0xcd, n, 0x0f, 0x0b};
        memcpy(machine_code, code, sizeof(code));
        m.r.eax = NR_getpid;
        m.r.eflags |= flags;
        machine_run(&m);
        if (interrupt_is_right(n, &m))
            good++;
        else
            ktap_note("int %#x: signal %d, trap %u, error %x, eip %08x", n, m.signal, m.r.trap,
                      m.r.error, m.r.eip);
    }
    ktap_equal(good, 256, "int n, all 256%s", what);
}

/* The one-byte ways in, and the iret that would change tasks. */
static void check_instructions(void)
{
    static const struct {
        const char *name;
        uint8_t code[4];
        uint32_t flags;
        int signal, other; /* either of them */
        unsigned trap;
    } rows[] = {
        {"int3", {0xcc, 0x0f, 0x0b}, 0, SIGTRAP, 0, 3},
        {"int3 with an address-size prefix", {0x67, 0xcc, 0x0f, 0x0b}, 0, SIGTRAP, 0, 3},
        {"into without OF", {0xce, 0x0f, 0x0b}, 0, SIGILL, 0, 6},
        {"into with OF", {0xce, 0x0f, 0x0b}, 0x800, SIGSEGV, 0, 4},
        {"bound, outside", {0x62, 0x04, 0x24}, 0, SIGSEGV, 0, 5},
        /* emulators may not know it */
        {"icebp", {0xf1, 0x0f, 0x0b}, 0, SIGTRAP, SIGILL, 0},
        {"iret with NT", {0xcf}, FLAG_NT, SIGSEGV, 0, 0},
        {"lock cmpxchg8b of a register", {0xf0, 0x0f, 0xc7, 0xc8}, 0, SIGILL, 0, 6},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct machine m = machine_at(machine_code);
        memcpy(machine_code, rows[i].code, sizeof(rows[i].code));
        uint32_t *stack = (uint32_t *)(m.r.esp -= 16);
        stack[0] = (uintptr_t)LANDING, stack[1] = USER_CS, stack[2] = 2;
        m.r.eax = 0x80000000;
        m.r.eflags |= rows[i].flags;
        machine_run(&m);
        if (!ktap_ok((m.signal == rows[i].signal || m.signal == rows[i].other) &&
                         (!rows[i].trap || m.r.trap == rows[i].trap),
                     "%s", rows[i].name))
            ktap_note("signal %d, trap %u, eip %08x", m.signal, m.r.trap, m.r.eip);
    }
}

int main(void)
{
    ktap_begin();
    alarm(100);
    machine_init();
    segment_set(ANY_ENTRY, 0, 0xfffff, DESC_FLAT | DESC_USEABLE);
    check_instructions();
    if (!on_postern()) {
        ktap_skip("another GDT and IDT", "selectors and interrupts");
        return ktap_end();
    }
    for (enum use use = 0; use < NR_USES; use++)
        check_selectors(use);
    check_interrupts(0, "");
    check_interrupts(FLAG_NT | FLAG_AC | FLAG_DF, ", with NT, AC and DF");
    return ktap_end();
}
