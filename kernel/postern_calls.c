/* Postern's own calls: settings, counters, exposure, power, sabotage. */
#include "arch/i386/cpu.h"
#include "arch/i386/memory.h"
#include "arch/i386/power.h"
#include "kernel/counters.h"
#include "kernel/exposure.h"
#include "kernel/file.h"
#include "kernel/instruments/kasan.h"
#include "kernel/instruments/mistakes.h"
#include "kernel/ipc_direct.h"
#include "kernel/knobs.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/protection.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "mm/failalloc.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/poison.h"
#include "mm/space.h"
#include "trampoline/gate.h"

struct postern_counters counters;

/* A split entry writes CR3, and so does its exit: the gate page counts the two by the entry. */
static void count_entries(struct postern_counters *sum, const struct cpu_gate *words, unsigned door)
{
    sum->entries[door] += words->entries[door] + words->split_entries[door];
    sum->cr3_writes += 2 * words->split_entries[door];
}

struct postern_counters counters_read(void)
{
    struct postern_counters sum = counters;

    for (unsigned n = 0; n < NR_CPUS; n++) {
        const struct cpu_gate *words = gate_words(n);
        sum.cr3_writes += words->cr3_writes;
        sum.answered += words->answered;
        for (unsigned door = 0; door < NR_DOORS; door++)
            count_entries(&sum, words, door);
    }
    return sum;
}

SYSCALL_DEFINE1(postern_get, int, setting)
{
    struct process *process = current_process();

    kasan_settle();
    switch (setting) {
    case POSTERN_ISOLATION:
        return current_thread()->space->isolation;
    case POSTERN_ISOLATION_NEXT:
        return process->isolation_next;
    case POSTERN_DOORS:
        return gate_doors;
    case POSTERN_DOOR_NEXT:
        return process->door_next == DOOR_AUTO ? (int)gate_default_door : process->door_next;
    case POSTERN_COPY:
        return current_thread()->space->copy;
    case POSTERN_TRACE:
        return process->watch & WATCH_TRACE ? 1 : 0;
    case POSTERN_FRAMES_IN_USE:
        return frames_in_use - kasan_heap_frames();
    case POSTERN_HEAP_IN_USE:
        return heap_in_use;
    case POSTERN_MEMORY_KIB:
        return frames_total * (PAGE_SIZE / 1024);
    case POSTERN_FAILALLOC:
        return (long)failalloc_remaining();
    case POSTERN_POISON:
        return poison_byte;
    case POSTERN_RESIDENT:
        return current_thread()->space->answers;
    case POSTERN_RESIDENT_NEXT:
        return process->resident_next;
    case POSTERN_FILES_IN_USE:
        return files_in_use;
    case POSTERN_IPC:
        return process->ipc;
    }
    return -EINVAL;
}

static bool door_valid(int door)
{
    return door == DOOR_AUTO || (door >= 0 && door < NR_DOORS && (gate_doors & (1u << door)));
}

static void set_watch(struct process *process, uint32_t flag, bool on)
{
    process_watch(process, on ? process->watch | flag : process->watch & ~flag);
}

/* Every setting is refused whole or takes effect whole. */
SYSCALL_DEFINE2(postern_set, int, setting, int, value)
{
    struct process *process = current_process();

    switch (setting) {
    case POSTERN_ISOLATION_NEXT:
        if (value != ISOLATION_SPLIT && value != ISOLATION_SHARED)
            return -EINVAL;
        process->isolation_next = value;
        return 0;
    case POSTERN_RESIDENT_NEXT:
        if (value != 0 && value != 1)
            return -EINVAL;
        process->resident_next = value;
        return 0;
    case POSTERN_DOOR_NEXT:
        if (!door_valid(value))
            return -EINVAL;
        process->door_next = value;
        return 0;
    case POSTERN_COPY:
        if (!copy_serves(value, current_thread()->space->isolation))
            return -EINVAL;
        space_set_copy(current_thread()->space, value);
        return 0;
    case POSTERN_TRACE:
        if (value != 0 && value != 1)
            return -EINVAL;
        set_watch(process, WATCH_TRACE, value);
        return 0;
    case POSTERN_FAILALLOC:
        if (value < 0)
            return -EINVAL;
        failalloc_arm(value);
        return 0;
    case POSTERN_POISON:
        if (value < 0 || value > UINT8_MAX)
            return -EINVAL;
        poison_byte = value;
        set_watch(process, WATCH_POISON, value);
        return 0;
    case POSTERN_IPC:
        if (value != IPC_DIRECT && value != IPC_KERNEL)
            return -EINVAL;
        process->ipc = value;
        process_watch(process, process->watch);
        if (value == IPC_KERNEL)
            direct_leave(current_thread());
        return 0;
    }
    return -EINVAL;
}

SYSCALL_DEFINE2(postern_counters, unsafe_bytes, buffer, size_t, size)
{
    struct postern_counters now = counters_read();

    if (size > sizeof(now))
        return -EINVAL;
    return copy_k2u(buffer, &now, size);
}

/* The number of rows there are; as many of them as fit the buffer are written. */
SYSCALL_DEFINE2(postern_exposure, unsafe_bytes, buffer, size_t, size)
{
    struct exposure_walk walk = exposure_begin(current_thread()->space->directory);
    struct postern_exposure row;
    uint32_t rows = 0;

    while (exposure_next(&walk, &row)) {
        if ((rows + 1) * sizeof(row) <= size &&
            copy_k2u(unsafe_advance(buffer, rows * sizeof(row)), &row, sizeof(row)))
            return -EFAULT;
        rows++;
    }
    return rows;
}

SYSCALL_DEFINE1(postern_touch, uint32_t, pages)
{
    if (pages > POSTERN_TOUCH_PAGES)
        return -EINVAL;
    memory_touch(pages, POSTERN_TOUCH_STRIDE);
    return 0;
}

SYSCALL_DEFINE1(postern_poweroff, int, status)
{
    power_off(status);
}

/* --- sabotage: what must not happen, on purpose ---------------------------------------------- */

static void dereference_user_pointer(void)
{
    volatile uint32_t *user = (volatile uint32_t *)current_trapframe()->esp;

    printk(LOG_ERROR, "postern: read %08x through a user pointer\n", *user);
}

static uint32_t overflow_kernel_stack(volatile uint32_t *depth)
{
    volatile uint32_t next = *depth + 1;

    return next ? overflow_kernel_stack(&next) + *depth : 0;
}

/* The entry of the kernel directory for address, which lies in a table. */
static pte_t *kernel_entry(vaddr_t address)
{
    return &pte_table(kernel_directory[directory_index(address)])[table_index(address)];
}

static vaddr_t gate_alias(void)
{
    return (vaddr_t)direct_map(pte_frame(*kernel_entry(GATE_TEXT)));
}

SYSCALL_DEFINE1(postern_sabotage, int, what)
{
    if (!knobs.sabotage)
        return -EPERM;
    switch (what) {
    case SABOTAGE_USER_POINTER:
        dereference_user_pointer();
        return 0;
    case SABOTAGE_RETURN_CR3:
        interrupts_disable();
        gate_words(0)->user_cr3 = gate_words(0)->kernel_cr3;
        return 0;
    case SABOTAGE_KERNEL_STACK:
        return overflow_kernel_stack(&(volatile uint32_t){0});
    case SABOTAGE_PANIC:
        panic("sabotage");
    case SABOTAGE_WRITE_GATE:
        *(volatile uint8_t *)gate_alias() = 0;
        return 0;
    case SABOTAGE_UNSEAL:
        kernel_entry(gate_alias())->bits |= PTE_WRITABLE;
        protection_check();
        return 0;
    case SABOTAGE_OPEN:
        kernel_entry(GATE_CPU(0))->bits |= PTE_USER;
        protection_check();
        return 0;
    }
    return make_mistake(what);
}
