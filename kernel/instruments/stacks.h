/* Kernel stacks by number: what an instrument knows of a thread is found from any address on its
 * stack, whoever switched to it. */
#ifndef KERNEL_INSTRUMENTS_STACKS_H
#define KERNEL_INSTRUMENTS_STACKS_H

#include "arch/i386/types.h"
#include "trampoline/layout.h"

#define NR_STACKS ((KSTACK_AREA_LIMIT - KSTACK_AREA) / KSTACK_STRIDE)

/* NR_STACKS or more: it is on no thread's stack. */
static inline unsigned stack_number(vaddr_t address)
{
    return (address - KSTACK_AREA) / KSTACK_STRIDE;
}

#endif
