/* What the CPU offers, read once from CPUID (SDM 2A CPUID). */
#ifndef ARCH_I386_CPU_H
#define ARCH_I386_CPU_H

#include "arch/i386/types.h"

struct cpu {
    char vendor[13];
    uint32_t signature;  /* leaf 1 eax; 0 without CPUID */
    uint32_t capability; /* leaf 1 edx: what AT_HWCAP reports */
    bool pse, pge, sep, fxsr, sse, tsc;
    bool apic;             /* a local one, found through its MSR */
    bool smep, smap, umip; /* ring 0 kept from user pages; ring 3 from the tables' addresses */
    bool syscall;          /* legacy-mode SYSCALL, tried and seen to work with EFER.SCE */
};

extern struct cpu cpu;

/* Reads CPUID and turns on what the kernel uses of it, PGE excepted. Once, before paging is
 * extended.
 */
void cpu_init(void);

#endif
