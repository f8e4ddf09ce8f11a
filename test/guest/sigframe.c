/*
 * Signal frames as an attacker writes them: sigreturn loads registers from user memory.
 *
 * Rule: SDM 2A IRET and 3A 5.8, 6.12 (a selector's RPL, IOPL and IF are what keeps user mode in
 * ring 3); SDM 1 10.2.3 (reserved bits of MXCSR fault when they are loaded). A broken kernel faults
 * in its own exit path and panics, returns to ring 3 with IOPL 3, NT or interrupts off, loads a
 * kernel selector, reads a frame from its own memory, or lets SIGKILL be blocked. Each case is a
 * child with a frame of its own, which ends as Linux ends it, or lives on with what Linux leaves of
 * the registers.
 *
 * The oracle is a 64-bit Linux as well as an i386 one: they agree on all that stands here.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "arch/i386/segments.h"
#include "user/lib/ktap.h"
#include "user/lib/signals.h"
#include "user/lib/spawn.h"

#define SECONDS_TO_HANG 100
#define FLAG_TF         0x100
#define FLAG_IF         0x200
#define FLAG_DF         0x400
#define FLAG_IOPL       0x3000
#define FLAG_NT         0x4000
#define FLAG_RF         0x10000
#define FLAG_VM         0x20000
#define FLAG_AC         0x40000
#define FLAG_ID         0x200000
#define ARITHMETIC      0x8d5

/* The registers as they are behind the return, in the order in which they are popped. */
enum seen { SEEN_SS, SEEN_GS, SEEN_FS, SEEN_ES, SEEN_DS, SEEN_CS, SEEN_FLAGS, NR_SEEN };
uint32_t seen[NR_SEEN];

/* Raises SIGUSR1 and stores what its handler's return left; ds and es may be of no use then. */
void raise_and_look(pid_t self, int signal);
__asm__("\t.text\n"
        "raise_and_look:\n"
        "\tpushal\n"
        "\tmovl %gs, %esi\n"
        "\tmovl %esp, %edi\n"
        "\tmovl 36(%esp), %ebx\n"
        "\tmovl 40(%esp), %ecx\n"
        "\tmovl $37, %eax\n"
        "\tint $0x80\n"
        "\tpushfl\n"
        "\tpushl %cs\n"
        "\tpushl %ds\n"
        "\tpushl %es\n"
        "\tpushl %fs\n"
        "\tpushl %gs\n"
        "\tpushl %ss\n"
        "\tmovl $0x2b, %eax\n"
        "\tmovl %eax, %ds\n"
        "\tmovl %eax, %es\n"
        "\tpopl seen\n"
        "\tpopl seen+4\n"
        "\tpopl seen+8\n"
        "\tpopl seen+12\n"
        "\tpopl seen+16\n"
        "\tpopl seen+20\n"
        "\tpopl seen+24\n"
        "\tmovl %edi, %esp\n"
        "\tpushl $2\n"
        "\tpopfl\n"
        "\tmovl %esi, %gs\n"
        "\tpopal\n"
        "\tret\n");

static char scratch[4096] __attribute__((aligned(4096)));

/* A change of one register of the frame, and what comes of it: a signal, or a value that is seen.
 */
static const struct row {
    const char *name;
    int where;
    uint32_t clear, set;
    int signal;
    enum seen look;
    uint32_t mask, value;
} rows[] = {
#define SELECTOR 0xffff
    {"cs: null", REG_CS, SELECTOR, 0, SIGSEGV, 0, 0, 0},
    {"cs: the kernel's", REG_CS, SELECTOR, KERNEL_CS, SIGSEGV, 0, 0, 0},
    {"cs: the kernel's with RPL 3", REG_CS, SELECTOR, KERNEL_CS | 3, SIGSEGV, 0, 0, 0},
    {"cs: a data segment", REG_CS, SELECTOR, USER_DS, SIGSEGV, 0, 0, 0},
    {"cs: an LDT that is empty", REG_CS, SELECTOR, 7, SIGSEGV, 0, 0, 0},
    {"cs: beyond the GDT", REG_CS, SELECTOR, 0xfffb, SIGSEGV, 0, 0, 0},
    {"cs: its own with RPL 0", REG_CS, 3, 0, 0, SEEN_CS, SELECTOR, USER_CS},
    {"ss: null", REG_SS, SELECTOR, 0, SIGSEGV, 0, 0, 0},
    {"ss: the kernel's", REG_SS, SELECTOR, KERNEL_DS, SIGSEGV, 0, 0, 0},
    {"ss: a code segment", REG_SS, SELECTOR, USER_CS, SIGSEGV, 0, 0, 0},
    {"ss: an LDT that is empty", REG_SS, SELECTOR, 7, SIGSEGV, 0, 0, 0},
    {"ss: beyond the GDT", REG_SS, SELECTOR, 0xfffb, SIGSEGV, 0, 0, 0},
    {"ss: its own with RPL 0", REG_SS, 3, 0, 0, SEEN_SS, SELECTOR, USER_DS},
    {"ds: null", REG_DS, SELECTOR, 0, 0, SEEN_DS, 0xfffc, 0},
    {"ds: the kernel's", REG_DS, SELECTOR, KERNEL_DS, 0, SEEN_DS, 0xfffc, 0},
    {"ds: the kernel's with RPL 3", REG_DS, SELECTOR, KERNEL_DS | 3, 0, SEEN_DS, 0xfffc, 0},
    {"ds: the task state segment", REG_DS, SELECTOR, SELECTOR_TSS, 0, SEEN_DS, 0xfffc, 0},
    {"ds: an LDT that is empty", REG_DS, SELECTOR, 7, 0, SEEN_DS, 0xfffc, 0},
    {"ds: beyond the GDT", REG_DS, SELECTOR, 0xfffb, 0, SEEN_DS, 0xfffc, 0},
    {"es: null", REG_ES, SELECTOR, 0, 0, SEEN_ES, 0xfffc, 0},
    {"es: the kernel's", REG_ES, SELECTOR, KERNEL_DS, 0, SEEN_ES, 0xfffc, 0},
    {"es: an LDT that is empty", REG_ES, SELECTOR, 7, 0, SEEN_ES, 0xfffc, 0},
    {"fs: the kernel's", REG_FS, SELECTOR, KERNEL_DS, 0, SEEN_FS, 0xfffc, 0},
    {"fs: an LDT that is empty", REG_FS, SELECTOR, 7, 0, SEEN_FS, 0xfffc, 0},
    {"fs: the user's data segment", REG_FS, SELECTOR, USER_DS, 0, SEEN_FS, SELECTOR, USER_DS},
    {"gs: null", REG_GS, SELECTOR, 0, 0, SEEN_GS, 0xfffc, 0},
    {"gs: the kernel's", REG_GS, SELECTOR, KERNEL_DS, 0, SEEN_GS, 0xfffc, 0},
    {"gs: beyond the GDT", REG_GS, SELECTOR, 0xfffb, 0, SEEN_GS, 0xfffc, 0},
    {"eflags: IOPL 3", REG_EFL, 0, FLAG_IOPL, 0, SEEN_FLAGS, FLAG_IOPL, 0},
    {"eflags: IF clear", REG_EFL, FLAG_IF, 0, 0, SEEN_FLAGS, FLAG_IF, FLAG_IF},
    {"eflags: NT", REG_EFL, 0, FLAG_NT, 0, SEEN_FLAGS, FLAG_NT, 0},
    {"eflags: VM", REG_EFL, 0, FLAG_VM, 0, SEEN_FLAGS, FLAG_VM, 0},
    {"eflags: RF", REG_EFL, 0, FLAG_RF, 0, SEEN_FLAGS, FLAG_RF, 0},
    {"eflags: ID", REG_EFL, 0, FLAG_ID, 0, SEEN_FLAGS, FLAG_ID, 0},
    {"eflags: VIF and VIP", REG_EFL, 0, 0x180000, 0, SEEN_FLAGS, 0x180000, 0},
    {"eflags: AC", REG_EFL, 0, FLAG_AC, 0, SEEN_FLAGS, FLAG_AC, FLAG_AC},
    {"eflags: DF", REG_EFL, 0, FLAG_DF, 0, SEEN_FLAGS, FLAG_DF, FLAG_DF},
    {"eflags: the arithmetic ones", REG_EFL, 0, ARITHMETIC, 0, SEEN_FLAGS, ARITHMETIC, ARITHMETIC},
    {"eflags: none of them", REG_EFL, ~0u, 0, 0, SEEN_FLAGS, ARITHMETIC | 2 | FLAG_IF, 2 | FLAG_IF},
    {"eflags: TF", REG_EFL, 0, FLAG_TF, SIGTRAP, 0, 0, 0},
    {"eip: 0", REG_EIP, ~0u, 0, SIGSEGV, 0, 0, 0},
    {"eip: the kernel", REG_EIP, ~0u, 0xc0100000, SIGSEGV, 0, 0, 0},
    {"eip: the gate page", REG_EIP, ~0u, 0xffffd000, SIGSEGV, 0, 0, 0},
    {"eip: the CPU's page", REG_EIP, ~0u, 0xffffa000, SIGSEGV, 0, 0, 0},
    {"eip: the last byte", REG_EIP, ~0u, 0xffffffff, SIGSEGV, 0, 0, 0},
    {"esp: 0", REG_ESP, ~0u, 0, SIGSEGV, 0, 0, 0},
    {"esp: 7", REG_ESP, ~0u, 7, SIGSEGV, 0, 0, 0},
    {"esp: the kernel", REG_ESP, ~0u, 0xc0101000, SIGSEGV, 0, 0, 0},
    /* not lower: a 64-bit Linux may have the stack itself there */
    {"esp: the gate region", REG_ESP, ~0u, 0xfffff000, SIGSEGV, 0, 0, 0},
    {"esp: the last byte", REG_ESP, ~0u, 0xffffffff, SIGSEGV, 0, 0, 0},
    {"esp: odd", REG_ESP, ~0u, (uintptr_t)scratch + 2047, 0, SEEN_SS, SELECTOR, USER_DS},
    {"esp_at_signal: of no account", REG_UESP, ~0u, 0, 0, SEEN_SS, SELECTOR, USER_DS},
    {"trapno: of no account", REG_TRAPNO, ~0u, 0xffff, 0, SEEN_SS, SELECTOR, USER_DS},
};

static const struct row *row;

static void forge_context(int signal, siginfo_t *info, void *context)
{
    greg_t *value = &((ucontext_t *)context)->uc_mcontext.gregs[row->where];

    (void)signal;
    (void)info;
    *value = (*value & ~row->clear) | row->set;
}

/* The old frame: the context lies behind the signal's number. */
static __attribute__((optimize("no-omit-frame-pointer"))) void forge_old(int signal)
{
    greg_t *value = (greg_t *)((char *)__builtin_frame_address(0) + 12) + row->where;

    (void)signal;
    *value = (*value & ~row->clear) | row->set;
}

/* Raises the signal in a child; its exit status is 0 if what it sees is what it should see. */
static int return_by_rt(void *unused)
{
    (void)unused;
    signal_catch(SIGUSR1, 0, forge_context);
    raise_and_look(getpid(), SIGUSR1);
    return (seen[row->look] & row->mask) != row->value;
}

static int return_by_old(void *unused)
{
    struct old_sigaction action = {.handler = forge_old};

    (void)unused;
    syscall_raw(SYS_sigaction, SIGUSR1, (long)&action, 0);
    raise_and_look(getpid(), SIGUSR1);
    return (seen[row->look] & row->mask) != row->value;
}

static bool ended_by(int status, int signal)
{
    if (signal ? WIFSIGNALED(status) && WTERMSIG(status) == signal : status == 0)
        return true;
    ktap_note("wait gave %#x", status);
    return false;
}

static void check_registers(void)
{
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        row = &rows[i];
        ktap_ok(ended_by(spawn_body(return_by_rt, NULL), row->signal), "rt_sigreturn: %s",
                row->name);
        ktap_ok(ended_by(spawn_body(return_by_old, NULL), row->signal), "sigreturn: %s", row->name);
    }
}

/* The kernel's rt frame, as far as rt_sigreturn reads it; ESP points behind the first word. */
struct rt_frame {
    uint32_t return_address, signal, info_pointer, context_pointer;
    uint8_t info[128];
    struct {
        uint32_t flags, link;
        stack_t stack;
        mcontext_t machine;
        uint32_t mask[2];
    } context;
    uint8_t code[8];
};

struct old_frame {
    uint32_t return_address, signal;
    mcontext_t machine;
    uint8_t unused[624]; /* of an FPU state */
    uint32_t mask_high;
    uint8_t code[8];
};

_Static_assert(sizeof(mcontext_t) == 88, "the kernel's sigcontext");

void forged_landing(void);
__asm__("\t.text\nforged_landing:\tmovl $1, %eax\n\tmovl $42, %ebx\n\tint $0x80\n");

/* Loads ESP and calls; ud2 if the call comes back here. */
static void return_from(uintptr_t stack, long call)
{
    __asm__ volatile("movl %0, %%esp; int $0x80; ud2" : : "r"(stack), "a"(call) : "memory");
    __builtin_unreachable();
}

static mcontext_t good_machine(void)
{
    mcontext_t machine;

    memset(&machine, 0, sizeof(machine));
    machine.gregs[REG_CS] = USER_CS;
    machine.gregs[REG_SS] = machine.gregs[REG_DS] = machine.gregs[REG_ES] = USER_DS;
    machine.gregs[REG_EIP] = (greg_t)(uintptr_t)forged_landing;
    machine.gregs[REG_ESP] = (greg_t)(uintptr_t)scratch + sizeof(scratch);
    machine.gregs[REG_EFL] = 0x202;
    return machine;
}

static bool frame_fits; /* where it goes there is memory */

static int rt_from(void *address)
{
    struct rt_frame frame;

    memset(&frame, 0, sizeof(frame));
    frame.context.machine = good_machine();
    frame.context.stack.ss_flags = 77; /* a bad stack is not an error here */
    if (frame_fits)
        memcpy(address, &frame, sizeof(frame));
    return_from((uintptr_t)address + 4, SYS_rt_sigreturn);
    return 0;
}

static int old_from(void *address)
{
    struct old_frame frame;

    memset(&frame, 0, sizeof(frame));
    frame.machine = good_machine();
    if (frame_fits)
        memcpy(address, &frame, sizeof(frame));
    return_from((uintptr_t)address + 8, SYS_sigreturn);
    return 0;
}

static void check_places(void)
{
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uintptr_t end = (uintptr_t)page + 4096;
    const struct {
        const char *name;
        uintptr_t rt, old;
        bool good;
    } places[] = {
        {"a frame made by hand", (uintptr_t)page, (uintptr_t)page, true},
        {"at an odd address", (uintptr_t)page + 101, (uintptr_t)page + 101, true},
        {"up to the last byte of a page", end - sizeof(struct rt_frame),
         end - sizeof(struct old_frame), true},
        {"at 0", 0, 0, false},
        {"in the null page", 0x200, 0x200, false},
        {"across the end of user space", 0xbfffff80, 0xbfffff80, false},
        {"in the kernel", 0xc0100000, 0xc0100000, false},
        {"in the gate region", 0xffffa000, 0xffffa000, false},
        {"across the end of the address space", 0xffffff80, 0xffffff80, false},
    };

    munmap(page + 4096, 4096);
    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        frame_fits = places[i].good;
        int rt = spawn_body(rt_from, (void *)places[i].rt);
        int old = spawn_body(old_from, (void *)places[i].old);
        ktap_ok(places[i].good ? rt == 42 << 8 : ended_by(rt, SIGSEGV), "rt_sigreturn: %s",
                places[i].name);
        ktap_ok(places[i].good ? old == 42 << 8 : ended_by(old, SIGSEGV), "sigreturn: %s",
                places[i].name);
    }
}

/* Frames of which all but the last word of the mask is there. */
static int rt_torn(void *end)
{
    struct rt_frame frame;
    size_t there = offsetof(struct rt_frame, context.mask[1]);

    memset(&frame, 0, sizeof(frame));
    frame.context.machine = good_machine();
    memcpy((char *)end - there, &frame, there);
    return_from((uintptr_t)end - there + 4, SYS_rt_sigreturn);
    return 0;
}

static int old_torn(void *end)
{
    struct old_frame frame;
    size_t there = offsetof(struct old_frame, mask_high);

    memset(&frame, 0, sizeof(frame));
    frame.machine = good_machine();
    memcpy((char *)end - there, &frame, there);
    return_from((uintptr_t)end - there + 8, SYS_sigreturn);
    return 0;
}

static void check_torn(void)
{
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    munmap(page + 4096, 4096);
    ktap_ok(ended_by(spawn_body(rt_torn, page + 4096), SIGSEGV), "rt_sigreturn: a torn frame");
    ktap_ok(ended_by(spawn_body(old_torn, page + 4096), SIGSEGV), "sigreturn: a torn frame");
    munmap(page, 4096);
}

static void forge_mask(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    sigfillset(&((ucontext_t *)context)->uc_sigmask);
}

static void check_mask(void)
{
    sigset_t none;

    signal_catch(SIGUSR1, 0, forge_mask);
    raise(SIGUSR1);
    ktap_ok(signal_blocked(SIGTERM) && !signal_blocked(SIGKILL) && !signal_blocked(SIGSTOP),
            "a frame with a full mask: SIGKILL and SIGSTOP stay open");
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

int main(void)
{
    alarm(SECONDS_TO_HANG);
    ktap_begin();
    check_registers();
    check_places();
    check_torn();
    check_mask();
    return ktap_end();
}
