/*
 * Every exception that user mode can raise ends the process with Linux's signal, and nothing else.
 *
 * Rule: SDM 3A 6.15 (which instruction raises which vector), and signal(7) for what Linux makes of
 * it. A broken kernel panics, returns to the next instruction, or lets a privileged instruction
 * pass.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>

#include "arch/i386/segments.h"
#include "trampoline/layout.h"
#include "user/lib/cpuid.h"
#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"

#define FAULT(name, ...)               \
    static int name(void *unused)      \
    {                                  \
        (void)unused;                  \
        __asm__ volatile(__VA_ARGS__); \
        return 0;                      \
    }

FAULT(divide, "xorl %%ecx, %%ecx; movl $1, %%eax; cltd; idivl %%ecx" ::: "eax", "ecx", "edx")
FAULT(overflow_divide, "movl $0x80000000, %%eax; cltd; movl $-1, %%ecx; idivl %%ecx" ::
          : "eax", "ecx", "edx")
FAULT(undefined, "ud2")
FAULT(lock_garbage, ".byte 0xf0, 0x0f, 0xc7, 0xc8") /* lock cmpxchg8b %eax: the F00F instruction */
FAULT(breakpoint, "int3")
FAULT(long_breakpoint, ".byte 0xcd, 0x03")
FAULT(overflow, "movb $0x7f, %%al; addb $1, %%al; into" ::: "eax")
FAULT(bound, "movl $5, %%eax; pushl $3; pushl $1; bound %%eax, (%%esp)" ::: "eax", "memory")
FAULT(privileged_hlt, "hlt")
FAULT(privileged_cli, "cli")
FAULT(privileged_sti, "sti")
FAULT(privileged_lgdt, "pushl $0; pushl $0; lgdt (%%esp)" ::: "memory")
FAULT(privileged_cr3, "movl %%cr3, %%eax" ::: "eax")
FAULT(privileged_write_cr3, "xorl %%eax, %%eax; movl %%eax, %%cr3" ::: "eax")
FAULT(privileged_invlpg, "invlpg (%%esp)" ::: "memory")
FAULT(privileged_clts, "clts")
FAULT(privileged_wrmsr, "wrmsr")
FAULT(port_in, "inb $0x60, %%al" ::: "eax")
FAULT(port_out, "outb %%al, $0x80" ::: "eax")
FAULT(port_in_dx, "movw $0xffff, %%dx; inl %%dx, %%eax" ::: "eax", "edx")
FAULT(load_kernel_ds, "movl $0x18, %%eax; movl %%eax, %%ds" ::: "eax")
FAULT(load_kernel_ss, "movl $0x18, %%eax; movl %%eax, %%ss" ::: "eax")
FAULT(load_null_ss, "xorl %%eax, %%eax; movl %%eax, %%ss" ::: "eax")
FAULT(jump_kernel_cs, "ljmp $0x10, $0")
FAULT(single_step, "pushfl; orl $0x100, (%%esp); popfl; nop; nop" ::: "memory", "cc")
FAULT(sse_exception, "pushl $0x1f00; ldmxcsr (%%esp); xorps %%xmm0, %%xmm0; movss %%xmm0, %%xmm1;"
                     "divss %%xmm0, %%xmm1; addl $4, %%esp" ::
          : "memory")
FAULT(x87_exception, "fninit; pushl $0x300; fldcw (%%esp); fldz; fldz; fdivp; fwait" ::: "memory")
FAULT(alignment_free, "movl 1(%%esp), %%eax" ::: "eax")

/* Which numbers int n may be used with: the breakpoint, the overflow, the system call. */
static int software_interrupt(void *number)
{
    static uint8_t code[] = {0xcd, 0, 0xc3};
    uint8_t copy[8] __attribute__((aligned(8)));

    code[1] = (uintptr_t)number;
    for (unsigned i = 0; i < sizeof(code); i++)
        copy[i] = code[i];
    /* i386 paging without NX: the stack executes */
    __asm__ volatile("movl $999, %%eax; call *%0" : : "r"(copy) : "eax", "memory");
    return 0;
}

static int touch(void *address)
{
    return *(volatile char *)address;
}

static int store(void *address)
{
    *(volatile char *)address = 1;
    return 0;
}

static int jump(void *address)
{
    ((void (*)(void))address)();
    return 0;
}

static void check(int (*body)(void *), void *argument, int signal, const char *name)
{
    int status = spawn_body(body, argument);

    if (!ktap_ok(WIFSIGNALED(status) && WTERMSIG(status) == signal, "%s: signal %d", name, signal))
        ktap_note("wait gave %#x", status);
}

static void check_sse(void)
{
    const char *name = "SSE divide by zero, unmasked";

    if (!(cpuid_features() & CPUID_SSE))
        ktap_skip("no SSE on this CPU", "%s", name);
    else if (spawn_body(sse_exception, NULL) == 0)
        ktap_skip("this emulator raises no SIMD exceptions", "%s", name);
    else
        check(sse_exception, NULL, SIGFPE, name);
}

static const struct {
    int (*body)(void *);
    int signal;
    const char *name;
} rows[] = {
    {divide, SIGFPE, "divide by zero"},
    {overflow_divide, SIGFPE, "quotient too large"},
    {undefined, SIGILL, "ud2"},
    {lock_garbage, SIGILL, "lock cmpxchg8b of a register"},
    {breakpoint, SIGTRAP, "int3"},
    {long_breakpoint, SIGTRAP, "int $3"},
    {overflow, SIGSEGV, "into"},
    {bound, SIGSEGV, "bound"},
    {privileged_hlt, SIGSEGV, "hlt"},
    {privileged_cli, SIGSEGV, "cli"},
    {privileged_sti, SIGSEGV, "sti"},
    {privileged_lgdt, SIGSEGV, "lgdt"},
    {privileged_cr3, SIGSEGV, "read cr3"},
    {privileged_write_cr3, SIGSEGV, "write cr3"},
    {privileged_invlpg, SIGSEGV, "invlpg"},
    {privileged_clts, SIGSEGV, "clts"},
    {privileged_wrmsr, SIGSEGV, "wrmsr"},
    {port_in, SIGSEGV, "in"},
    {port_out, SIGSEGV, "out"},
    {port_in_dx, SIGSEGV, "in from port ffff"},
    {load_kernel_ds, SIGSEGV, "the kernel's ds"},
    {load_kernel_ss, SIGSEGV, "the kernel's ss"},
    {load_null_ss, SIGSEGV, "null ss"},
    {jump_kernel_cs, SIGSEGV, "the kernel's cs"},
    {single_step, SIGTRAP, "TF set by popf"},
    {x87_exception, SIGFPE, "x87 divide by zero, unmasked"},
};

int main(void)
{
    static const uint8_t closed[] = {0, 1, 2, 5, 8, 10, 13, 14, 18, 32, 33, 47, 0x7f, 0x81, 0xff};
    char name[32];

    ktap_begin();
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(rows[i].body, NULL, rows[i].signal, rows[i].name);
    check_sse();
    ktap_equal(spawn_body(alignment_free, NULL), 0, "a misaligned load is fine");
    for (unsigned i = 0; i < sizeof(closed); i++) {
        snprintf(name, sizeof(name), "int $%#x", closed[i]);
        check(software_interrupt, (void *)(uintptr_t)closed[i], SIGSEGV, name);
    }
    check(touch, (void *)0xc0000000, SIGSEGV, "read the first kernel address");
    check(touch, (void *)0xc0100000, SIGSEGV, "read kernel text");
    check(store, (void *)0xc0100000, SIGSEGV, "write kernel text");
    check(jump, (void *)0xc0100000, SIGSEGV, "jump to kernel text");
    check(store, (void *)0xfffff000, SIGSEGV, "write the last page");
    if (on_postern()) {
        check(touch, (void *)GATE_TEXT, SIGSEGV, "read the gate page");
        check(store, (void *)GATE_TEXT, SIGSEGV, "write the gate page");
        check(jump, (void *)GATE_TEXT, SIGSEGV, "jump to the gate page");
        check(store, (void *)GATE_IDT, SIGSEGV, "write the IDT");
        check(touch, (void *)GATE_CPU(0), SIGSEGV, "read the CPU's page");
        check(store, (void *)GATE_VDSO, SIGSEGV, "write the vDSO page");
        ktap_equal(spawn_status(spawn_body(touch, (void *)GATE_VDSO)), 0x7f, "read the vDSO page");
    } else {
        ktap_skip("Postern's gate region", "gate addresses");
    }
    return ktap_end();
}
