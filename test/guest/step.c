/*
 * Every door entered with TF, NT and odd stacks: the kernel is never single-stepped, never returns
 * to a task, never trusts ESP.
 *
 * Rule: SDM 2B SYSENTER, APM 3 SYSCALL, SDM 3A 5.8.5: only IF, VM and RF are cleared (a call gate
 * clears nothing), so #DB comes in ring 0 at the landing; with syscall even on the user's ESP. A
 * broken kernel panics, resets, writes where ESP points, or loses the step: the process must die of
 * SIGTRAP right behind the call.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>

#include "trampoline/layout.h"
#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"
#include "user/lib/syscall.h"

/* getppid with flags \flags set by the popf right before the entry; sysenter returns into the vDSO,
 * which needs three words on the stack. */
#define ENTER(name, setup, instruction)                              \
    static int name(void *flags)                                     \
    {                                                                \
        __asm__ volatile("pushl %%ebp\n\t"                           \
                         "pushl $1f\n\t"                             \
                         "pushl %%ecx; pushl %%edx; pushl %%ebp\n\t" \
                         "movl $64, %%eax\n\t" setup "pushfl\n\t"    \
                         "orl %0, (%%esp)\n\t"                       \
                         "popfl\n\t" instruction "\n\t"              \
                         "addl $16, %%esp\n"                         \
                         "1:\tpopl %%ebp\n\t"                        \
                         "pushl $2; popfl"                           \
                         :                                           \
                         : "b"(flags)                                \
                         : "eax", "ecx", "edx", "memory", "cc");     \
        return 0;                                                    \
    }

ENTER(by_int80, "", "int $0x80")
ENTER(by_sysenter, "movl %%esp, %%ebp\n\t", "sysenter")
ENTER(by_syscall, "", "syscall")
ENTER(by_callgate, "", "lcall $0x53, $0")

/* The same with ESP somewhere else; nothing comes back to be checked but the machine's health. */
#define ENTER_AT(name, instruction)                              \
    static int name(void *stack)                                 \
    {                                                            \
        __asm__ volatile("movl $64, %%eax\n\t"                   \
                         "pushfl\n\t"                            \
                         "orl $0x100, (%%esp)\n\t"               \
                         "popfl\n\t"                             \
                         "movl %0, %%esp\n\t" instruction "\n\t" \
                         "ud2"                                   \
                         :                                       \
                         : "b"(stack)                            \
                         : "eax", "ecx", "edx", "memory");       \
        return 0;                                                \
    }

ENTER_AT(int80_at, "int $0x80")
ENTER_AT(sysenter_at, "movl %%esp, %%ebp; sysenter")
ENTER_AT(syscall_at, "syscall")
ENTER_AT(callgate_at, "lcall $0x53, $0")

static int (*const enter[NR_DOORS])(void *) = {by_int80, by_sysenter, by_syscall, by_callgate};
static int (*const enter_at[NR_DOORS])(void *) = {int80_at, sysenter_at, syscall_at, callgate_at};

#define FLAG_TF 0x100
#define FLAG_NT 0x4000
#define FLAG_AC 0x40000

static void check_flags(int door)
{
    int status = spawn_body(enter[door], (void *)FLAG_TF);

    ktap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP, "%s with TF: SIGTRAP",
            door_names[door]);
    ktap_equal(spawn_body(enter[door], (void *)FLAG_NT), 0, "%s with NT", door_names[door]);
    ktap_equal(spawn_body(enter[door], (void *)FLAG_AC), 0, "%s with AC", door_names[door]);
}

static void check_stacks(int door)
{
    static const uint32_t stacks[] = {
        0,          3,          0xbffffffe,           0xc0100000,
        0xffffffff, GATE_TEXT,  GATE_IDT + 256,       GATE_CPU(0) + CPU_WORDS,
        GATE_VDSO,  0x00001000, GATE_CPU(0) + CPU_GDT};

    for (unsigned i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
        int status = spawn_body(enter_at[door], (void *)(uintptr_t)stacks[i]);
        ktap_ok(WIFSIGNALED(status), "%s with TF and ESP %08x: the process dies", door_names[door],
                stacks[i]);
    }
}

int main(void)
{
    int doors = on_postern() ? postern_get(POSTERN_DOORS) : 1 << DOOR_INT80;

    ktap_begin();
    for (int door = 0; door < NR_DOORS; door++) {
        if (!(doors & 1 << door)) {
            ktap_skip("not on this machine", "%s", door_names[door]);
            continue;
        }
        check_flags(door);
        check_stacks(door);
    }
    return ktap_end();
}
