/*
 * FPU state that waits to go wrong, at each door: exceptions that are pending, addresses of an
 * instruction that another program ran, registers behind a task switch.
 *
 * Rule: SDM 1 8.3.12 (a pending exception is raised by the next waiting instruction, whoever runs
 * it), SDM 3A 7.3 (a task gate sets CR0.TS), AMD's FXRSTOR leaves FIP, FDP and FOP alone unless an
 * exception is pending (CVE-2006-1056). A broken kernel takes #MF or #NM itself and panics, gives
 * the signal to the wrong program, or shows one what another calculated.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/machine.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"
#include "user/lib/syscall.h"

#define CONTROL_UNMASKED 0x340 /* every exception raises #MF */
#define ZERO_DIVIDE      0x04

/* Leaves 1/0 pending: the next waiting instruction will raise it. */
static void make_pending(void)
{
    static const uint16_t control = CONTROL_UNMASKED;

    __asm__ volatile("fninit; fldcw %0; fldz; fld1; fdivp" : : "m"(control));
}

static uint16_t status_word(void)
{
    uint16_t status;

    __asm__ volatile("fnstsw %0" : "=m"(status));
    return status;
}

static void clear(void)
{
    __asm__ volatile("fninit");
}

static int is_pending_after(long result)
{
    return result >= 0 && (status_word() & ZERO_DIVIDE) ? 0 : 1;
}

/* --- pending exceptions --------------------------------------------------------------------------
 */

static int through_call(void *door)
{
    make_pending();
    return is_pending_after(syscall_via((uintptr_t)door, NR_getppid, 0, 0, 0, 0, 0, 0));
}

static int through_sleep(void *door)
{
    static const long moment[2] = {0, 5000000};

    make_pending();
    return is_pending_after(
        syscall_via((uintptr_t)door, NR_nanosleep, (long)moment, 0, 0, 0, 0, 0));
}

static int through_fork(void *door)
{
    int status = -1;

    make_pending();
    long pid = syscall_via((uintptr_t)door, NR_fork, 0, 0, 0, 0, 0, 0);
    int error = is_pending_after(pid);
    if (pid == 0)
        _exit(error);
    clear();
    waitpid(pid, &status, 0);
    return error || status;
}

static volatile uint16_t handler_status;

static void handle(int signal)
{
    (void)signal;
    handler_status = status_word();
}

/* The handler starts with an FPU of its own, and its return brings the exception back. */
static int through_signal(void *door)
{
    signal(SIGUSR1, handle);
    handler_status = 0xffff;
    long pid = getpid();
    make_pending();
    int error = is_pending_after(syscall_via((uintptr_t)door, NR_kill, pid, SIGUSR1, 0, 0, 0, 0));
    return error || handler_status;
}

/* The user's own instruction gets it, after the call. */
static int raised_late(void *door)
{
    signal(SIGFPE, SIG_DFL);
    make_pending();
    syscall_via((uintptr_t)door, NR_getppid, 0, 0, 0, 0, 0, 0);
    __asm__ volatile("fwait");
    return 0;
}

static void check_pending(int door)
{
    static const struct {
        int (*body)(void *);
        const char *name;
        int status;
    } rows[] = {
        {through_call, "a call", 0},
        {through_sleep, "a switch to another thread and back", 0},
        {through_fork, "a fork", 0},
        {through_signal, "a handler", 0},
        {raised_late, "the next fwait: SIGFPE", 128 + SIGFPE},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ktap_equal(spawn_status(spawn_body(rows[i].body, (void *)(uintptr_t)door)), rows[i].status,
                   "%s: a pending x87 exception and %s", door_names[door], rows[i].name);
}

/* --- whose state it is ---------------------------------------------------------------------------
 */

struct environment {
    uint32_t control, status, tags, instruction, code, operand, data;
};

static struct environment environment(void)
{
    struct environment e;

    __asm__ volatile("fnstenv %0; fldenv %0" : "+m"(e));
    return e;
}

/* Another program runs x87 instructions at addresses of its own all the while. */
static int calculate(void *unused)
{
    double x = 1;

    (void)unused;
    for (int i = 0; i < 300; i++) {
        __asm__ volatile("fldl %0; fldl %0; fmulp; fstpl %0" : "+m"(x));
        syscall_raw(NR_sched_yield, 0, 0, 0);
    }
    return 0;
}

static void check_addresses(void)
{
    int changed = 0, status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(calculate(NULL));
    clear();
    struct environment first = environment();
    for (int i = 0; i < 100; i++) {
        syscall_raw(NR_sched_yield, 0, 0, 0);
        struct environment now = environment();
        changed += now.instruction != first.instruction || now.operand != first.operand;
    }
    waitpid(pid, &status, 0);
    ktap_equal(changed, 0, "the addresses of the last x87 instruction are the program's own");
}

/* TF is a task gate where syscall is open, and a task gate sets CR0.TS. */
static void check_steps(void)
{
    unsigned lost = 0;

    for (unsigned i = 0; i < 200; i++) {
        struct machine m = machine_at(machine_code);
        memcpy(machine_code, "\xd9\xe8\xd9\xeb\x90\x0f\x0b", 7); /* fld1; fldpi; nop; ud2 */
        m.fpu.control = 0xffff037f, m.fpu.status = 0xffff0000, m.fpu.tags = 0xffffffff;
        m.fpu.fx.mxcsr = 0x1f80;
        m.load_fpu = on_postern();
        for (unsigned step = 0; step < 3; step++) {
            m.r.eflags |= FLAG_TF;
            machine_run(&m);
            lost += m.signal != SIGTRAP;
        }
        static const uint8_t one[10] = {0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f};
        lost += on_postern() && memcmp(m.fpu.st[1], one, 10);
    }
    ktap_equal(lost, 0, "single steps between x87 instructions");
}

/* The task switch may have come at the door's landing: the next instruction is the user's. */
static void check_task_switch(int door)
{
    struct machine m = machine_at(machine_code);
    unsigned length = machine_doors[door].length;

    memcpy(machine_code, machine_doors[door].bytes, length);
    memcpy(machine_code + length, "\xd9\xe8\x90\x0f\x0b", 5); /* fld1; nop; ud2 */
    m.r.eax = NR_getpid;
    m.r.eflags |= FLAG_TF;
    machine_run(&m);
    ktap_ok(m.signal == SIGTRAP && m.r.eip == (uintptr_t)machine_code + length + 2,
            "%s: TF, and an x87 instruction behind it", door_names[door]);
}

int main(void)
{
    int open = on_postern() ? postern_get(POSTERN_DOORS) : 1 << DOOR_INT80;

    ktap_begin();
    alarm(100);
    machine_init();
    for (int door = 0; door < NR_DOORS; door++) {
        if (open & 1 << door)
            check_pending(door);
        else
            ktap_skip("not on this machine", "%s: a pending x87 exception", door_names[door]);
        if (door != DOOR_SYSENTER && open & 1 << door)
            check_task_switch(door); /* behind sysenter comes the vDSO */
    }
    check_addresses();
    check_steps();
    return ktap_end();
}
