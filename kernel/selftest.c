#include "kernel/selftest.h"

#include "arch/i386/paging.h"
#include "kernel/panic.h"
#include "kernel/syscall.h"

#define FREE_NUMBER 1087

static long answer(struct trapframe *tf)
{
    return tf->ebx + 1;
}

/* A number can be taken, is not taken twice, and is given back. */
static void check_registration(void)
{
    if (syscall_register(FREE_NUMBER, NULL, answer) ||
        syscall_register(FREE_NUMBER, NULL, answer) != -EBUSY ||
        syscall_register(FREE_NUMBER, answer, NULL) ||
        syscall_register(0xffffffff, NULL, answer) != -EINVAL)
        panic("selftest: a system call number could not be registered and given back");
}

/* Below KERNEL_BASE the kernel directory maps nothing, so a stray user address faults. */
static void check_kernel_directory(void)
{
    for (unsigned i = 0; i < directory_index(KERNEL_BASE); i++) {
        if (pte_has(kernel_directory[i], PTE_PRESENT))
            panic("selftest: the kernel directory maps %08x", i * LARGE_PAGE);
    }
    if (!(read_cr0() & CR0_WP))
        panic("selftest: CR0.WP is off");
}

void selftest(void)
{
    check_registration();
    check_kernel_directory();
}
