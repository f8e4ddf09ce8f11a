/* From the boot loader's registers to the first program, top to bottom. */
#include "arch/i386/asm.h"
#include "arch/i386/cpu.h"
#include "arch/i386/fpu.h"
#include "arch/i386/irq.h"
#include "arch/i386/memory.h"
#include "arch/i386/multiboot.h"
#include "arch/i386/power.h"
#include "kernel/console.h"
#include "kernel/devices.h"
#include "kernel/exposure.h"
#include "kernel/format.h"
#include "kernel/fs/proc.h"
#include "kernel/instruments/kasan.h"
#include "kernel/instruments/kcov.h"
#include "kernel/knobs.h"
#include "kernel/load.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/protection.h"
#include "kernel/resident.h"
#include "kernel/sched.h"
#include "kernel/selftest.h"
#include "kernel/sweep.h"
#include "kernel/time.h"
#include "mm/poison.h"
#include "trampoline/gate.h"

_Noreturn void kernel_main(uint32_t magic, uint32_t info);

static struct boot_info boot;

/* The context that boots becomes the idle thread: a thread without a process. */
static struct thread idle;
extern struct stack_top boot_stack_top;

static void complain(const char *line)
{
    printk(LOG_ERROR, "%s\n", line);
}

static void read_command_line(void)
{
    if (knobs_parse(boot.command_line, complain)) {
        printk(LOG_ERROR, "postern: stopping: the command line asks for the impossible\n");
        power_off(PANIC_STATUS);
    }
    log_threshold = knobs.loglevel;
    poison_byte = knobs.poison;
}

static void describe(void)
{
    static const char *const names[NR_DOORS] = {"int80", "sysenter", "syscall", "callgate"};
    char line[160];

    knobs_describe(line, sizeof(line));
    printk(LOG_INFO, "postern: %s\n", line);
    printk(LOG_INFO, "postern: CPU %s %x, doors:", cpu.vendor, cpu.signature);
    for (unsigned door = 0; door < NR_DOORS; door++) {
        bool has = gate_doors & (1u << door);
        printk(LOG_INFO, " %s%s", names[door],
               !has                        ? " (absent)"
               : door == gate_default_door ? " (default)"
                                           : "");
    }
    printk(LOG_INFO, "\n");
    if (knobs.door != DOOR_AUTO && !(gate_doors & (1u << knobs.door)))
        printk(LOG_ERROR, "postern: door=%s: this CPU lacks it; using %s\n", names[knobs.door],
               names[gate_default_door]);
}

static void load_initrd(void)
{
    const struct boot_module *module = &boot.modules[0];

    if (!boot.nr_modules)
        panic("no initrd: the boot loader gave no module");
    if (module->end > DIRECT_MAP_LIMIT - KERNEL_BASE)
        panic("the initrd lies beyond 896 MiB");
    const char *error = initrd_unpack(module->start, module->end);
    if (error)
        printk(LOG_ERROR, "postern: %s\n", error);
}

/* What it took to get here; before it knows the CPU the kernel does next to nothing. */
static void describe_cost(uint64_t start)
{
    if (!cpu.tsc)
        return;
    uint64_t now = read_tsc();
    printk(LOG_INFO, "postern: %u thousand cycles since reset, %u thousand in the kernel\n",
           (uint32_t)divide_u64(now, 1000, NULL), (uint32_t)divide_u64(now - start, 1000, NULL));
}

void kernel_main(uint32_t magic, uint32_t info)
{
    kasan_init_early();
    boot_stack_top.thread = &idle;
    idle.top = &boot_stack_top;

    console_init(); /* everything from here on can say what is wrong */
    printk(LOG_INFO, "postern: booting\n");
    const char *error = multiboot_read(magic, info, &boot);
    if (error)
        panic("boot loader: %s", error);
    read_command_line();
    cpu_init();
    fpu_init();
    uint64_t start = cpu.tsc ? read_tsc() : 0;
    memory_init(&boot); /* frames, heap, page tables */
    kasan_init();
    gate_init(knobs.global && cpu.pge, knobs.door); /* exceptions and system calls */
    if (knobs.sweep)
        sweep_init(); /* an instrument of the tests; off otherwise */
    memory_seal(knobs.global && cpu.pge);
    describe();
    exposure_check();
    protection_check();
    resident_init();
    time_init(); /* the time of day */
    vfs_init();  /* files */
    kcov_init();
    load_initrd();
    proc_init();
    irq_init(); /* input, and the clock */
    sched_init(&idle);
    load_init();
    selftest();
    describe_cost(start);
    process_start_init();
}
