/*
 * Each door entered with the flags, segments and stacks that have caught kernels out, one at a
 * time, and what must come of it to the instruction.
 *
 * Rules and what breaks them:
 *   TF     #DB comes in ring 0, at the landing (SDM 3A 6.9, APM 3 SYSCALL): a kernel that does not
 *          drop it steps through itself, one that does not remember it loses the user's SIGTRAP.
 *   MOV SS, POP SS hold #DB back until the entry is made (SDM 3A 6.8.3; CVE-2018-8897).
 *   NT     only int clears it (SDM 3A 7.4): a kernel that keeps it dies at its next iret.
 *   AC, DF the kernel's own accesses and string instructions (SDM 1 3.4.3).
 *   null and small segments: the first access through ds or es faults in ring 0.
 *   ESP    is the user's at the landing of syscall (APM 3); anything may be in it.
 *   prefixes change the length or the operand size of what is decoded.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "arch/i386/segments.h"
#include "trampoline/layout.h"
#include "user/lib/ktap.h"
#include "user/lib/machine.h"
#include "user/lib/postern.h"
#include "user/lib/segments.h"

#define MOV_BX_SS 0x8e, 0xd3
#define POP_SS    0x17

static int door;
static const char *name;
static uint16_t small_segment, expand_down;

static void make_segments(void)
{
    small_segment = SELECTOR(segment_set(ANY_ENTRY, 0x1000, 0, DESC_32BIT | DESC_USEABLE));
    expand_down = SELECTOR(segment_set(ANY_ENTRY, 0, 0xbffff, DESC_FLAT | DESC_EXPAND_DOWN));
}

/* prefix, the door's instruction, nop, ud2. */
static struct machine state(const uint8_t *prefix, unsigned prefix_length, long number)
{
    static const uint8_t end[] = {0x90, 0x0f, 0x0b};
    uint8_t *at = machine_code;
    struct machine m = machine_at(machine_code);

    memcpy(at, prefix, prefix_length), at += prefix_length;
    memcpy(at, machine_doors[door].bytes, machine_doors[door].length),
        at += machine_doors[door].length;
    memcpy(at, end, sizeof(end));
    if (door == DOOR_SYSENTER) {
        m.r.esp -= 16;
        ((uint32_t *)m.r.esp)[3] = (uintptr_t)at;
        m.r.ebp = m.r.esp;
    }
    m.r.eax = number;
    return m;
}

static struct machine plain(long number)
{
    return state(NULL, 0, number);
}

/* The second argument, in the register that the door has for it. */
static void set_second(struct machine *m, uint32_t value)
{
    *(door == DOOR_SYSCALL ? &m->r.ebp : &m->r.ecx) = value;
}

static uint32_t behind(unsigned prefix_length)
{
    return (uintptr_t)machine_code + prefix_length + machine_doors[door].length;
}

/* Ran to the ud2, with this result. */
static bool ran(const struct machine *m, long result)
{
    return m->signal == SIGILL && m->r.eax == (uint32_t)result;
}

static bool check(bool ok, const struct machine *m, const char *what)
{
    if (!ktap_ok(ok, "%s: %s", name, what))
        ktap_note("signal %d, eip %08x, eax %08x, eflags %08x, code at %p", m->signal, m->r.eip,
                  m->r.eax, m->r.eflags, (void *)machine_code);
    return ok;
}

/* --- TF ------------------------------------------------------------------------------------------
 */

static void check_step(void)
{
    struct machine m = plain(NR_getpid);

    m.r.eflags |= FLAG_TF;
    machine_run(&m);
    /* sysenter's next instruction is the vDSO's */
    uint32_t next = door == DOOR_SYSENTER ? SYSENTER_RETURN + 1 : behind(0) + 1;
    check(m.signal == SIGTRAP && m.code == TRAP_TRACE && m.r.eip == next &&
              m.r.eax == (uint32_t)getpid(),
          &m, "TF: SIGTRAP behind the next instruction");
    check(m.r.eflags & FLAG_TF, &m, "TF: it stays the user's");
}

/* Where the CPU does not hold the trap back, it comes before the entry: both are right. */
static void check_held_back(const uint8_t *prefix, unsigned length, const char *what)
{
    struct machine m = state(prefix, length, NR_getpid);
    uint32_t entry = (uintptr_t)machine_code + length;

    m.r.eflags |= FLAG_TF;
    m.r.ebx = USER_DS;
    ((uint32_t *)m.r.esp)[-1] = USER_DS;
    m.r.esp -= prefix[0] == POP_SS ? 4 : 0;
    machine_run(&m);
    uint32_t next = door == DOOR_SYSENTER ? SYSENTER_RETURN + 1 : behind(length) + 1;
    check(m.signal == SIGTRAP && (m.r.eip == next || m.r.eip == entry), &m, what);
}

static void check_trap_flag(void)
{
    static const uint8_t mov_ss[] = {MOV_BX_SS}, pop_ss[] = {POP_SS};

    check_step();
    check_held_back(mov_ss, sizeof(mov_ss), "MOV SS, TF: SIGTRAP, not in the kernel");
    check_held_back(pop_ss, sizeof(pop_ss), "POP SS, TF: SIGTRAP, not in the kernel");
}

/* --- flags ---------------------------------------------------------------------------------------
 */

static void check_nested_task(void)
{
    static struct timespec moment = {.tv_nsec = 1000000};
    struct machine m = plain(NR_nanosleep);

    m.r.ebx = (uintptr_t)&moment;
    m.r.eflags |= FLAG_NT;
    machine_run(&m);
    check(ran(&m, 0) && (m.r.eflags & FLAG_NT), &m, "NT: a call that sleeps, and NT is back");
}

/* uname copies 390 bytes: through whatever ds, es, DF and AC the kernel has. */
static void check_copy(struct machine m, const char *what)
{
    static struct {
        char misalign;
        struct utsname names;
    } __attribute__((packed)) buffer;
    struct utsname right;

    uname(&right);
    memset(&buffer, 0, sizeof(buffer));
    m.r.eax = NR_uname;
    m.r.ebx = (uintptr_t)&buffer.names;
    uint32_t flags = m.r.eflags & (FLAG_DF | FLAG_AC | FLAG_ID);
    machine_run(&m);
    check(ran(&m, 0) && !strcmp(buffer.names.machine, right.machine) &&
              !strcmp(buffer.names.sysname, right.sysname) && buffer.misalign == 0 &&
              (m.r.eflags & (FLAG_DF | FLAG_AC | FLAG_ID)) == flags,
          &m, what);
}

static void check_flags(void)
{
    static const struct {
        uint32_t flags;
        const char *what;
    } rows[] = {
        {FLAG_DF, "DF: a call that copies, and DF is back"},
        {FLAG_AC, "AC: a misaligned copy in the kernel, and AC is back"},
        {FLAG_ID, "ID: is back"},
        {FLAG_RF, "RF: of no account"},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct machine m = plain(0);
        m.r.eflags |= rows[i].flags;
        check_copy(m, rows[i].what);
    }
}

/* --- segments ------------------------------------------------------------------------------------
 */

static void check_segments(void)
{
    const struct {
        uint32_t selector;
        const char *what;
    } rows[] = {
        {0, "ds es fs gs null: a call that copies"},
        {small_segment, "ds es fs gs of one byte: a call that copies"},
        {expand_down, "ds es fs gs that expand down: a call that copies"},
        {USER_CS, "ds es fs gs of code: a call that copies"},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct machine m = plain(0);
        m.r.ds = m.r.es = m.r.fs = m.r.gs = rows[i].selector;
        check_copy(m, rows[i].what);
    }
    if (door != DOOR_SYSENTER) {
        struct machine m = plain(NR_getpid);
        m.r.ss = small_segment;
        machine_run(&m);
        check(ran(&m, getpid()), &m, "ss of one byte: no stack is needed");
    }
}

/* ds, es, fs, gs and ss name a descriptor that the call itself empties: the exit must not die of
 * it. A bad ss is the user's own fault, but for the doors that always leave a flat one. */
static void check_emptied(void)
{
    static struct user_desc empty = {.flags = DESC_EMPTY};
    int entry = segment_set(expand_down >> 3, 0, 0xfffff, DESC_FLAT | DESC_USEABLE);
    struct machine m = plain(NR_set_thread_area);

    empty.entry = entry;
    m.r.ebx = (uintptr_t)&empty;
    m.r.ds = m.r.es = SELECTOR(entry);
    machine_run(&m);
    check(ran(&m, 0) && !(m.r.ds & 0xfffc) && !(m.r.es & 0xfffc), &m,
          "a call that empties ds and es: they become null");

    segment_set(entry, 0, 0xfffff, DESC_FLAT | DESC_USEABLE);
    m = plain(NR_set_thread_area);
    m.r.ebx = (uintptr_t)&empty;
    m.r.ss = SELECTOR(entry);
    machine_run(&m);
    bool flat = door == DOOR_SYSENTER || door == DOOR_SYSCALL;
    check(flat ? ran(&m, 0) : m.signal == SIGSEGV && m.r.eip == behind(0) && m.r.eax == 0, &m,
          flat ? "a call that empties ss: the flat one" : "a call that empties ss: SIGSEGV");
    segment_set(entry, 0, 0xbffff, DESC_FLAT | DESC_EXPAND_DOWN);
}

/* --- stacks --------------------------------------------------------------------------------------
 */

static void check_stacks(void)
{
    static const uint32_t stacks[] = {0,
                                      1,
                                      7,
                                      USER_LIMIT - 2,
                                      KERNEL_LINK,
                                      0xffffffff,
                                      GATE_TEXT,
                                      GATE_IDT + 256,
                                      GATE_CPU(0),
                                      GATE_CPU(0) + CPU_WORDS,
                                      GATE_CPU(0) + CPU_TSS + 104,
                                      GATE_CPU(0) + CPU_GDT + 128,
                                      GATE_VDSO};
    struct machine last = plain(0);
    unsigned good = 0, rounds = 0;

    for (unsigned i = 0; i < 2 * sizeof(stacks) / sizeof(stacks[0]); i++) {
        struct machine m = plain(NR_getpid);
        uint32_t stack = stacks[i / 2];
        m.r.eflags |= i % 2 ? FLAG_TF : 0;
        m.r.esp = stack;
        memcpy(machine_code + machine_doors[door].length, "\x0f\x0b", 2);
        machine_run(&m);
        /* sysenter never saw ESP, and its words are on a good stack */
        bool right = door == DOOR_SYSENTER ? m.signal == (i % 2 ? SIGTRAP : SIGILL)
                                           : m.signal == SIGILL && m.r.esp == stack;
        rounds++;
        good += right && m.r.eax == (uint32_t)getpid();
        last = m;
    }
    check(good == rounds, &last, "ESP anywhere, with TF and without: the call is made");
}

/* mmap2 of no bytes takes six arguments: the sixth is on the stack of two doors. */
static void check_sixth(void)
{
    static const uint32_t stacks[] = {0,          2,         0xffe,     USER_LIMIT - 3,
                                      USER_LIMIT, GATE_TEXT, 0xfffffffe};
    struct machine last = plain(0);
    unsigned good = 0, rounds = sizeof(stacks) / sizeof(stacks[0]);

    for (unsigned i = 0; i < rounds; i++) {
        struct machine m = plain(NR_mmap2);
        set_second(&m, 0);
        *(door == DOOR_SYSENTER || door == DOOR_INT80 || door == DOOR_CALLGATE ? &m.r.ebp
                                                                               : &m.r.esp) =
            stacks[i];
        machine_run(&m);
        long result = door == DOOR_SYSENTER || door == DOOR_SYSCALL ? -EFAULT : -EINVAL;
        bool right = door == DOOR_SYSENTER
                         ? m.signal == SIGSEGV && m.r.eip == SYSENTER_RETURN && m.r.esp == stacks[i]
                         : m.signal == SIGILL;
        good += right && m.r.eax == (uint32_t)result;
        last = m;
    }
    check(good == rounds, &last,
          "a sixth argument that cannot be read: EFAULT, or not read at all");
}

/* --- the instruction itself ----------------------------------------------------------------------
 */

static void check_prefixes(void)
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                       0x66, 0x67, 0xf0, 0xf2, 0xf3};
    struct machine last = plain(0);
    unsigned good = 0;

    for (unsigned i = 0; i < sizeof(prefixes); i++) {
        struct machine m = state(&prefixes[i], 1, NR_getpid);
        machine_run(&m);
        bool refused =
            (m.signal == SIGILL || m.signal == SIGSEGV) && m.r.eip == (uintptr_t)machine_code;
        good += refused || m.r.eax == (uint32_t)getpid() || m.signal == SIGSEGV;
        last = m;
    }
    check(good == sizeof(prefixes), &last, "with any prefix: the call, or a fault of the user's");
}

/* The last bytes of user space: what comes behind is not the user's. */
static void check_last_bytes(void)
{
    uint8_t *at = (uint8_t *)(uintptr_t)(USER_LIMIT - machine_doors[door].length);
    struct machine m = plain(NR_getpid);

    if (!on_postern() || door == DOOR_SYSENTER)
        return;
    memcpy(at, machine_doors[door].bytes, machine_doors[door].length);
    m.r.eip = (uintptr_t)at;
    machine_run(&m);
    check(m.signal == SIGSEGV && m.r.eip == USER_LIMIT && m.address == USER_LIMIT &&
              m.r.eax == (uint32_t)getpid(),
          &m, "the last instruction of user space: the call, then SIGSEGV");
}

/* An instruction that this CPU lacks, or that nobody set up, is the user's fault. */
static void check_absent(void)
{
    struct machine m = plain(NR_getpid);

    name = door_names[door];
    if (!on_postern()) {
        ktap_skip("not on this machine", "%s: hazards", name);
        return;
    }
    machine_run(&m);
    check((m.signal == SIGILL || m.signal == SIGSEGV) && m.r.eip == (uintptr_t)machine_code, &m,
          "absent: SIGILL or SIGSEGV");
}

static void check_door(void)
{
    name = door_names[door];
    check_trap_flag();
    check_nested_task();
    check_flags();
    check_segments();
    check_emptied();
    check_stacks();
    check_sixth();
    check_prefixes();
    check_last_bytes();
}

int main(void)
{
    int open = on_postern() ? postern_get(POSTERN_DOORS) : 1 << DOOR_INT80;

    ktap_begin();
    alarm(100);
    machine_init();
    make_segments();
    for (door = 0; door < NR_DOORS; door++) {
        if (open & 1 << door)
            check_door();
        else
            check_absent();
    }
    return ktap_end();
}
