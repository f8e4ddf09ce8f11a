/*
 * What could hurt is not offered: local descriptor tables, virtual-8086 mode, I/O ports, tracing,
 * descriptors of any other kind than flat or small ring-3 data.
 *
 * Rule: SDM 3A 3.4.5, 5.5 (a descriptor is trusted by the CPU whoever wrote it), 19 and 20 (VM86),
 * SDM 1 19.5 (IOPL, I/O bitmap). A 16-bit stack segment leaves the upper half of the kernel's ESP
 * behind iret (Linux's espfix); an I/O bitmap that ends before the segment opens ports (SDM 1
 * 19.5.2). A broken kernel takes one of them. What Linux can be built without has ENOSYS, as there.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "arch/i386/segments.h"
#include "trampoline/layout.h"
#include "user/lib/ktap.h"
#include "user/lib/machine.h"
#include "user/lib/postern.h"
#include "user/lib/segments.h"
#include "user/lib/syscall.h"

#define SYS_ptrace_     26
#define SYS_ioperm_     101
#define SYS_iopl_       110
#define SYS_vm86old_    113
#define SYS_modify_ldt_ 123
#define SYS_vm86_       166

/* --- calls ---------------------------------------------------------------------------------------
 */

static void check_calls(void)
{
    static uint32_t buffer[64];
    static const struct {
        const char *name;
        long number, a, b, c;
    } rows[] = {
        {"ptrace: traceme", SYS_ptrace_, 0, 0, 0},
        {"ptrace: attach to init", SYS_ptrace_, 16, 1, 0},
        {"ptrace: peek at init's user area", SYS_ptrace_, 3, 1, 0},
        {"ioperm: one port", SYS_ioperm_, 0x80, 1, 1},
        {"ioperm: all", SYS_ioperm_, 0, 65536, 1},
        {"ioperm: none", SYS_ioperm_, 0, 0, 0},
        {"iopl 3", SYS_iopl_, 3, 0, 0},
        {"iopl 0", SYS_iopl_, 0, 0, 0},
        {"vm86old", SYS_vm86old_, (long)buffer, 0, 0},
        {"vm86: installed?", SYS_vm86_, 0, 0, 0},
        {"vm86: enter", SYS_vm86_, 1, (long)buffer, 0},
        {"modify_ldt: read", SYS_modify_ldt_, 0, (long)buffer, 16},
        {"modify_ldt: write, old", SYS_modify_ldt_, 1, (long)buffer, 16},
        {"modify_ldt: read default", SYS_modify_ldt_, 2, (long)buffer, 16},
        {"modify_ldt: write", SYS_modify_ldt_, 0x11, (long)buffer, 16},
        {"modify_ldt: nonsense", SYS_modify_ldt_, 99, (long)buffer, 16},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ktap_equal(syscall_raw(rows[i].number, rows[i].a, rows[i].b, rows[i].c), -ENOSYS,
                   "%s: not offered", rows[i].name);
}

/* --- ports ---------------------------------------------------------------------------------------
 */

static bool is_refused(uint32_t port, uint8_t opcode)
{
    struct machine m = machine_at(machine_code);

    machine_code[0] = opcode, machine_code[1] = 0x0f, machine_code[2] = 0x0b;
    m.r.edx = port;
    m.r.edi = m.r.esi = machine_stack() - 64;
    machine_run(&m);
    return m.signal == SIGSEGV && m.r.trap == 13 && m.r.eip == (uintptr_t)machine_code;
}

static void check_ports(void)
{
    /* in and out of bytes and words, and their string forms */
    static const uint8_t opcodes[] = {0xec, 0xed, 0xee, 0xef, 0x6c, 0x6d, 0x6e, 0x6f};
    unsigned open = 0;

    for (unsigned i = 0; i < sizeof(opcodes); i++) {
        for (uint32_t port = 0; port < 0x10000; port += port < 0x100 ? 1 : 0xfb)
            open += !is_refused(port, opcodes[i]);
        open += !is_refused(0xffff, opcodes[i]) + !is_refused(0x3f8, opcodes[i]);
    }
    ktap_equal(open, 0, "in and out: every port is refused");
}

/* --- descriptors ---------------------------------------------------------------------------------
 */

/* The access rights that the CPU itself sees, or 0 (SDM 2A LAR). */
static uint32_t access_rights(uint32_t selector)
{
    uint32_t rights = 0;

    __asm__ volatile("lar %1, %0" : "+r"(rights) : "r"(selector) : "cc");
    return rights;
}

#define RIGHTS_CODE    0x00000800
#define RIGHTS_SEGMENT 0x00001000 /* neither a gate nor a system segment */
#define RIGHTS_DPL     0x00006000
#define RIGHTS_PRESENT 0x00008000
#define RIGHTS_32BIT   0x00400000

static bool is_harmless(uint32_t rights)
{
    uint32_t must = RIGHTS_SEGMENT | RIGHTS_DPL | RIGHTS_PRESENT | RIGHTS_32BIT;

    return (rights & (must | RIGHTS_CODE)) == must;
}

/* Each kind of segment, every entry from 0 to 40, with odd bases and limits. */
static void check_descriptors(void)
{
    static const uint32_t bases[] = {0, 1, 0xbfffffff, KERNEL_LINK, GATE_REGION, 0xffffffff};
    static const uint32_t limits[] = {0, 1, 0xfffff, 0x100000, 0xffffffff};
    unsigned taken = 0, harmful = 0, elsewhere = 0, last = GDT_TLS_MAX;

    for (unsigned i = 0; i < 256 * 30; i++) {
        uint32_t flags = i % 256;
        uint32_t base = bases[i / 256 % 6], limit = limits[i / 256 / 6];
        int entry = segment_set(last, base, limit, flags);
        if (entry < 0)
            continue;
        uint32_t rights = access_rights(SELECTOR(last));
        taken++;
        bool harms = rights && !is_harmless(rights); /* 0: the entry was cleared */
        if (harms && !harmful++)
            ktap_note("base %08x limit %08x flags %02x: rights %08x", base, limit, flags, rights);
    }
    for (unsigned entry = 0; entry < 40; entry++) {
        if (entry < GDT_TLS_MIN || entry > GDT_TLS_MAX)
            elsewhere += segment_set(entry, 0, 0xfffff, DESC_FLAT) != -EINVAL;
    }
    elsewhere += segment_set(0x80000000, 0, 0xfffff, DESC_FLAT) != -EINVAL;
    elsewhere += segment_set(0x2000000c, 0, 0xfffff, DESC_FLAT) != -EINVAL;
    ktap_ok(taken > 100, "set_thread_area takes %s", taken > 100 ? "good ones" : "too little");
    ktap_equal(harmful, 0, "set_thread_area: what it takes is present 32-bit data of ring 3");
    ktap_equal(elsewhere, 0, "set_thread_area: no entry but its own three");
    segment_set(last, 0, 0, DESC_EMPTY);
}

static void check_kinds(void)
{
    static const struct {
        const char *name;
        uint32_t flags;
    } rows[] = {
        {"a 16-bit stack", DESC_PAGES},
        {"a 16-bit stack that expands down", DESC_EXPAND_DOWN},
        {"code", DESC_FLAT | DESC_CODE},
        {"conforming code", DESC_FLAT | DESC_CODE | DESC_EXPAND_DOWN},
        {"16-bit code", DESC_PAGES | DESC_CODE},
        {"data that is not present", DESC_FLAT | DESC_ABSENT},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ktap_equal(segment_set(GDT_TLS_MAX, 0, 0xfffff, rows[i].flags), -EINVAL, "%s: refused",
                   rows[i].name);
}

/* Without a table, each of its selectors is #GP. */
static void check_no_ldt(void)
{
    unsigned loaded = 0;

    for (uint32_t selector = 4; selector < 0x10000; selector += 8) {
        struct machine m = machine_at(machine_code);
        memcpy(machine_code, "\x8e\xd8\x0f\x0b", 4); /* mov %eax, %ds; ud2 */
        m.r.eax = selector | (selector >> 3 & 3);
        machine_run(&m);
        loaded += m.signal != SIGSEGV || m.r.error != (selector & 0xfffc);
    }
    ktap_equal(loaded, 0, "no selector of a local table loads");
}

/* --- where the tables are -----------------------------------------------------------------------
 */

/* Readable by everybody unless the CPU has UMIP: they tell fixed addresses, and nothing else. */
static void check_tables(void)
{
    static const struct {
        const char *name;
        uint8_t code[5];
        uint32_t base; /* the six bytes' upper four */
    } rows[] = {
        {"sgdt", {0x0f, 0x01, 0x03, 0x0f, 0x0b}, GATE_CPU(0) + CPU_GDT},
        {"sidt", {0x0f, 0x01, 0x0b, 0x0f, 0x0b}, GATE_IDT},
    };
    static struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) table;

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct machine m = machine_at(machine_code);
        memcpy(machine_code, rows[i].code, sizeof(rows[i].code));
        m.r.ebx = (uintptr_t)&table;
        machine_run(&m);
        ktap_ok(m.signal == SIGSEGV || (m.signal == SIGILL && table.base == rows[i].base),
                "%s: the fixed address, or #GP", rows[i].name);
    }
}

int main(void)
{
    ktap_begin();
    if (!on_postern()) {
        ktap_skip("a matter of configuration there", "what is not offered");
        return ktap_end();
    }
    alarm(100);
    machine_init();
    check_calls();
    check_ports();
    check_kinds();
    check_descriptors();
    check_no_ldt();
    check_tables();
    return ktap_end();
}
