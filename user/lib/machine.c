#define _GNU_SOURCE
#include "user/lib/machine.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "arch/i386/segments.h"
#include "user/lib/signals.h"

#define STACK     4096
#define UD2       2                   /* bytes */
#define POPF_ONLY (FLAG_NT | FLAG_ID) /* sigreturn takes them from the CPU, not from the frame */

static struct {
    struct machine *machine;
    bool launched;
    struct registers resume; /* machine_run()'s own */
    struct fpu_registers resume_fpu;
} run;

static char handler_stack[16384] __attribute__((aligned(16)));
static char stack[STACK + 64] __attribute__((aligned(4096)));

uint8_t *machine_code;

const struct door_code machine_doors[NR_DOORS] = {
    [DOOR_INT80] = {{0xcd, 0x80}, 2},
    [DOOR_SYSENTER] = {{0x0f, 0x34}, 2},
    [DOOR_SYSCALL] = {{0x0f, 0x05}, 2},
    [DOOR_CALLGATE] = {{0x9a, 0, 0, 0, 0, SELECTOR_CALLGATE, 0}, 7},
};

/* The flags that the handler returns with, and the C library's segments. */
uint32_t machine_flags, machine_fs, machine_gs;

/* The handler of every fault. It begins with the run's NT, AC, fs and gs. */
void machine_entry(void);
void machine_handle(int signal, siginfo_t *info, ucontext_t *context);
__asm__("\t.text\n"
        "machine_entry:\n"
        "\tpushl $2\n"
        "\tpopfl\n"
        "\tmovl machine_fs, %eax\n"
        "\tmovl %eax, %fs\n"
        "\tmovl machine_gs, %eax\n"
        "\tmovl %eax, %gs\n"
        "\tpushl 12(%esp)\n"
        "\tpushl 12(%esp)\n"
        "\tpushl 12(%esp)\n"
        "\tcall machine_handle\n"
        "\taddl $12, %esp\n"
        "\tpushl machine_flags\n"
        "\tpopfl\n"
        "\tret\n");

static void launch(ucontext_t *context)
{
    const struct machine *machine = run.machine;

    memcpy(&run.resume, context->uc_mcontext.gregs, sizeof(run.resume));
    memcpy(context->uc_mcontext.gregs, &machine->r, sizeof(machine->r));
    memcpy(&run.resume_fpu, context->uc_mcontext.fpregs, sizeof(run.resume_fpu));
    if (machine->load_fpu)
        memcpy(context->uc_mcontext.fpregs, &machine->fpu, sizeof(machine->fpu));
    machine_flags = 2 | (machine->r.eflags & POPF_ONLY);
    run.launched = true;
}

static void capture(int signal, const siginfo_t *info, ucontext_t *context)
{
    struct machine *machine = run.machine;

    memcpy(&machine->r, context->uc_mcontext.gregs, sizeof(machine->r));
    memcpy(&machine->fpu, context->uc_mcontext.fpregs, sizeof(machine->fpu));
    machine->signal = signal;
    machine->code = info->si_code;
    machine->address = (uintptr_t)info->si_addr;

    memcpy(context->uc_mcontext.gregs, &run.resume, sizeof(run.resume));
    context->uc_mcontext.gregs[REG_EIP] += UD2;
    memcpy(context->uc_mcontext.fpregs, &run.resume_fpu, sizeof(run.resume_fpu));
    machine_flags = 2;
}

void machine_handle(int signal, siginfo_t *info, ucontext_t *context)
{
    if (run.launched)
        capture(signal, info, context);
    else
        launch(context);
}

void machine_init(void)
{
    static const int signals[] = {SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV};
    stack_t alternate = {.ss_sp = handler_stack, .ss_size = sizeof(handler_stack)};
    struct sigaction action = {.sa_sigaction = (void (*)(int, siginfo_t *, void *))machine_entry,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK};

    __asm__ volatile("movw %%fs, %w0; movw %%gs, %w1" : "+r"(machine_fs), "+r"(machine_gs));
    machine_code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaltstack(&alternate, NULL);
    sigfillset(&action.sa_mask);
    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &action, NULL);
}

uint32_t machine_stack(void)
{
    return (uintptr_t)stack + STACK;
}

bool machine_is_reserved(uint32_t address)
{
    uint32_t start = (uintptr_t)handler_stack;

    return address - start <= sizeof(handler_stack);
}

struct machine machine_at(const void *code)
{
    struct machine machine;

    memset(&machine, 0, sizeof(machine));
    machine.r.cs = USER_CS;
    machine.r.ds = machine.r.es = machine.r.ss = USER_DS;
    machine.r.fs = machine_fs;
    machine.r.gs = machine_gs;
    machine.r.eip = (uintptr_t)code;
    machine.r.esp = machine_stack();
    machine.r.eflags = 2 | FLAG_IF;
    return machine;
}

void machine_run(struct machine *machine)
{
    run.machine = machine;
    run.launched = false;
    __asm__ volatile("ud2" : : : "memory");
    run.machine = NULL;
}
