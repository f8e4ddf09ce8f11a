/*
 * The two frames that a handler finds on its stack, byte for byte, and the vDSO code that it
 * returns to; the old calls sigaction (67), signal (48) and sigreturn (119) beside the rt ones.
 *
 *     sigframe (no SA_SIGINFO)          rt_sigframe (SA_SIGINFO)
 *     +0   return address               +0   return address
 *     +4   signal                       +4   signal
 *     +8   sigcontext, 88 bytes         +8   address of the siginfo
 *                                       +12  address of the ucontext
 *                                       +16  siginfo, 128 bytes
 *                                       +144 ucontext
 *
 * Rule: sigreturn(2); the FPU state is FSAVE's 108 bytes, a status word, and FXSAVE's 512
 * (SDM 1 10.5.1). A broken kernel returns into a stack that may not be executable, misaligns the
 * stack, leaves its own bytes in what it does not fill, or ignores what is written into the FPU
 * state.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <ucontext.h>
#include <unistd.h>

#include "arch/i386/segments.h"
#include "user/lib/cpuid.h"
#include "user/lib/ktap.h"
#include "user/lib/signals.h"

#define SECONDS_TO_HANG 60
#define VDSO_SIZE       8192
#define INT80_SIZE      2
#define EXTRA_MASK      720 /* of a sigframe: the mask's second word, behind an unused FPU state */

/* What the CPU held at the first instruction of the handler, and the stack from ESP up. */
struct {
    uint32_t eax, edx, ecx, esp, flags, cs, ss, ds, es;
} entry;
static uint32_t stack[256];
static volatile int calls;

void raw_handler(void);
void inspect(int signal, siginfo_t *info, void *context);
__asm__("\t.text\n"
        "raw_handler:\n"
        "\tmovl %eax, entry\n"
        "\tmovl %edx, entry+4\n"
        "\tmovl %ecx, entry+8\n"
        "\tmovl %esp, entry+12\n"
        "\tpushfl\n"
        "\tpopl entry+16\n"
        "\tmovl %cs, %eax\n"
        "\tmovl %eax, entry+20\n"
        "\tmovl %ss, %eax\n"
        "\tmovl %eax, entry+24\n"
        "\tmovl %ds, %eax\n"
        "\tmovl %eax, entry+28\n"
        "\tmovl %es, %eax\n"
        "\tmovl %eax, entry+32\n"
        "\tjmp inspect\n");

void inspect(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
    calls++;
    for (unsigned i = 0; i < sizeof(stack) / sizeof(stack[0]); i++)
        stack[i] = ((uint32_t *)entry.esp)[i];
}

static void raise_raw(int signal)
{
    memset(stack, 0xff, sizeof(stack));
    memset(&entry, 0xff, sizeof(entry));
    calls = 0;
    syscall_raw(SYS_kill, getpid(), signal, 0);
}

static bool in_vdso(uint32_t address)
{
    uint32_t vdso = getauxval(AT_SYSINFO_EHDR);

    return vdso && address - vdso < VDSO_SIZE;
}

/* popl %eax; movl $119, %eax; int $0x80, and movl $173, %eax; int $0x80: unwinders and debuggers
 * know a signal frame by these bytes. */
static const uint8_t old_code[] = {0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80};
static const uint8_t rt_code[] = {0xb8, 173, 0, 0, 0, 0xcd, 0x80};

static void check_entry(const char *name)
{
    ktap_equal(calls, 1, "%s: the handler ran, and returned", name);
    ktap_equal((entry.esp + 4) % 16, 0, "%s: the stack is aligned as for a call", name);
    ktap_ok((uint16_t)entry.cs == USER_CS && (uint16_t)entry.ss == USER_DS &&
                (uint16_t)entry.ds == USER_DS && (uint16_t)entry.es == USER_DS,
            "%s: the handler's segments", name);
    ktap_equal(entry.flags & 0x10700, 0x200, "%s: IF set; TF, DF, RF clear", name);
    ktap_ok(stack[1] == SIGUSR1 && entry.eax == SIGUSR1, "%s: signal on the stack and in eax",
            name);
}

static void check_machine(const mcontext_t *machine, const char *name)
{
    const greg_t *registers = machine->gregs;

    ktap_ok(registers[REG_CS] == USER_CS && registers[REG_SS] == USER_DS &&
                registers[REG_DS] == USER_DS && registers[REG_ES] == USER_DS,
            "%s: the context's segments, zero above", name);
    ktap_equal(registers[REG_EIP], (long)syscall_stub(DOOR_INT80) + INT80_SIZE,
               "%s: eip behind the call", name);
    ktap_equal(registers[REG_EAX], 0, "%s: eax is the call's result", name);
    ktap_equal(registers[REG_UESP], registers[REG_ESP], "%s: esp_at_signal is esp", name);
    ktap_ok((uintptr_t)machine->fpregs > entry.esp &&
                (uintptr_t)machine->fpregs < (uint32_t)registers[REG_ESP],
            "%s: the FPU state lies in the frame", name);
}

static void check_old(const char *name)
{
    const mcontext_t *machine = (const mcontext_t *)&stack[2];

    raise_raw(SIGUSR1);
    check_entry(name);
    ktap_ok(entry.edx == 0 && entry.ecx == 0, "%s: edx and ecx are 0", name);
    ktap_ok(in_vdso(stack[0]) && !memcmp((void *)stack[0], old_code, sizeof(old_code)),
            "%s: it returns to sigreturn in the vDSO", name);
    check_machine(machine, name);
    ktap_equal(machine->oldmask, SIGNAL_BIT(SIGHUP), "%s: oldmask", name);
    ktap_equal(stack[EXTRA_MASK / 4], 1 << (40 - 33), "%s: the mask's second word", name);
    ktap_ok(signal_blocked(SIGHUP) && signal_blocked(40), "%s: the mask comes back", name);
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
    while (size--) {
        if (*bytes++)
            return false;
    }
    return true;
}

static void check_rt(const char *name)
{
    const siginfo_t *info = (const siginfo_t *)&stack[4];
    const ucontext_t *context = (const ucontext_t *)&stack[36];

    raise_raw(SIGUSR1);
    check_entry(name);
    ktap_ok(entry.edx == stack[2] && entry.ecx == stack[3] && stack[2] == entry.esp + 16 &&
                stack[3] == entry.esp + 144,
            "%s: siginfo and ucontext stand in the frame, and in edx and ecx", name);
    ktap_ok(info->si_signo == SIGUSR1 && info->si_code == SI_USER && info->si_pid == getpid(),
            "%s: the siginfo", name);
    ktap_ok(all_zero((const uint8_t *)info + 20, 108), "%s: its rest is zero", name);
    ktap_ok(context->uc_link == NULL && context->uc_stack.ss_size == 0,
            "%s: no uc_link, no alternate stack", name);
    check_machine(&context->uc_mcontext, name);
    ktap_ok(sigismember(&context->uc_sigmask, SIGHUP) && sigismember(&context->uc_sigmask, 40),
            "%s: uc_sigmask", name);
    ktap_ok(signal_blocked(SIGHUP) && signal_blocked(40), "%s: the mask comes back", name);
}

/* A restorer of the program's own. */
void own_restorer(void);
__asm__("\t.text\nown_restorer:\tincl restored\n\tmovl $173, %eax\n\tint $0x80\n");
volatile int restored;

static void check_old_calls(void)
{
    struct old_sigaction action = {.handler = raw_handler, .mask = SIGNAL_BIT(SIGUSR2)}, old;

    ktap_equal(syscall_raw(SYS_sigaction, SIGUSR1, (long)&action, 0), 0, "sigaction, the old call");
    check_old("sigframe");
    ktap_ok(syscall_raw(SYS_sigaction, SIGUSR1, 0, (long)&old) == 0 &&
                old.handler == action.handler && old.mask == action.mask,
            "it tells what it was told");
    ktap_equal(syscall_raw(SYS_signal, SIGUSR1, (long)raw_handler, 0), (long)raw_handler,
               "signal, the older call, gives the old handler");
    check_old("signal");
    syscall_raw(SYS_sigaction, SIGUSR1, 0, (long)&old);
    ktap_ok(old.handler == SIG_DFL, "and is good for one signal");
}

static void check_new_calls(void)
{
    struct kernel_sigaction action = {.handler = raw_handler, .flags = SA_SIGINFO};

    ktap_equal(
        syscall_via(DOOR_INT80, SYS_rt_sigaction, SIGUSR1, (long)&action, 0, SIGSET_SIZE, 0, 0), 0,
        "rt_sigaction without a restorer");
    check_rt("rt_sigframe");
    ktap_ok(in_vdso(stack[0]) && !memcmp((void *)stack[0], rt_code, sizeof(rt_code)),
            "rt_sigframe: it returns to rt_sigreturn in the vDSO");
    action.flags = 0;
    syscall_via(DOOR_INT80, SYS_rt_sigaction, SIGUSR1, (long)&action, 0, SIGSET_SIZE, 0, 0);
    check_old("rt_sigaction without SA_SIGINFO");
    action.flags = SA_SIGINFO | 0x04000000; /* SA_RESTORER */
    action.restorer = own_restorer;
    syscall_via(DOOR_INT80, SYS_rt_sigaction, SIGUSR1, (long)&action, 0, SIGSET_SIZE, 0, 0);
    check_rt("SA_RESTORER");
    ktap_ok(stack[0] == (uintptr_t)own_restorer && restored == 1, "SA_RESTORER: it returns there");
}

int main(void)
{
    alarm(SECONDS_TO_HANG);
    ktap_begin();
    signal_mask(SIG_BLOCK, SIGHUP);
    signal_mask(SIG_BLOCK, 40);
    check_old_calls();
    check_new_calls();
    return ktap_end();
}
