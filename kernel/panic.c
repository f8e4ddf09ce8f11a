#include "kernel/panic.h"

#include <stdarg.h>

#include "arch/i386/asm.h"
#include "arch/i386/power.h"
#include "kernel/format.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/symbols.h"
#include "trampoline/layout.h"

#define BACKTRACE_DEPTH 16

/* A frame pointer can be followed if it lies in memory that the kernel directory surely maps. */
static bool frame_readable(uint32_t ebp, uint32_t previous)
{
    return ebp > previous && ebp % 4 == 0 && ebp >= KERNEL_BASE && ebp < GATE_REGION &&
           !thread_stack_guard(ebp) && (previous == 0 || ebp - previous < KSTACK_SIZE);
}

static void print_address(uint32_t address)
{
    uint32_t offset;
    const char *name = symbol_name(address, &offset);

    printk(LOG_EMERGENCY, "  %08x %s+%#x\n", address, name ? name : "?", name ? offset : 0);
}

static void backtrace(uint32_t eip, uint32_t ebp)
{
    uint32_t previous = 0;

    printk(LOG_EMERGENCY, "backtrace:\n");
    print_address(eip);
    for (unsigned i = 0; i < BACKTRACE_DEPTH && frame_readable(ebp, previous); i++) {
        const uint32_t *frame = (const uint32_t *)ebp;
        if (!frame[1])
            break;
        print_address(frame[1]);
        previous = ebp;
        ebp = frame[0];
    }
}

static void print_registers(const struct trapframe *tf, uint32_t cr3)
{
    bool from_user = trapframe_from_user(tf) || tf->vector == VECTOR_DF;

    printk(LOG_EMERGENCY, "eip %08x cs %04x eflags %08x vector %u error %x\n", tf->eip,
           tf->cs & 0xffff, tf->eflags, tf->vector, tf->error);
    printk(LOG_EMERGENCY, "eax %08x ebx %08x ecx %08x edx %08x\n", tf->eax, tf->ebx, tf->ecx,
           tf->edx);
    printk(LOG_EMERGENCY, "esi %08x edi %08x ebp %08x esp %08x\n", tf->esi, tf->edi, tf->ebp,
           from_user ? tf->esp : (uint32_t)&tf->esp);
    printk(LOG_EMERGENCY, "cr0 %08x cr2 %08x cr3 %08x\n", read_cr0(), read_cr2(), cr3);
}

/* A panic while panicking must still end the machine. */
static bool first_panic(void)
{
    static bool panicking;
    bool first = !panicking;

    interrupts_disable();
    panicking = true;
    return first;
}

void panic(const char *format, ...)
{
    char reason[160];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    if (first_panic()) {
        printk(LOG_EMERGENCY, "\nPANIC: %s\n", reason);
        printk(LOG_EMERGENCY, "cr0 %08x cr2 %08x cr3 %08x\n", read_cr0(), read_cr2(), read_cr3());
        backtrace((uint32_t)__builtin_return_address(0), (uint32_t)__builtin_frame_address(0));
    }
    power_off(PANIC_STATUS);
}

void panic_frame(const struct trapframe *tf, uint32_t cr3, const char *format, ...)
{
    char reason[160];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    if (first_panic()) {
        printk(LOG_EMERGENCY, "\nPANIC: %s\n", reason);
        print_registers(tf, cr3);
        backtrace(tf->eip, trapframe_from_user(tf) ? 0 : tf->ebp);
    }
    power_off(PANIC_STATUS);
}
