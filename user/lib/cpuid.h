/* What the CPU has, for programs that must know before they use it. */
#ifndef USER_LIB_CPUID_H
#define USER_LIB_CPUID_H

#include <stdint.h>

#define CPUID_TSC  (1u << 4)
#define CPUID_CMOV (1u << 15)
#define CPUID_FXSR (1u << 24)
#define CPUID_SSE  (1u << 25)

/* CPUID leaf 1 edx; 0 on a CPU without CPUID, where EFLAGS.ID cannot be changed (SDM 1 20.1.1). */
static inline uint32_t cpuid_features(void)
{
    uint32_t before, after, leaf = 1, features = 0;

    __asm__ volatile("pushfl; popl %0; movl %0, %1; xorl $0x200000, %1; pushl %1; popfl;"
                     "pushfl; popl %1; pushl %0; popfl"
                     : "=&r"(before), "=&r"(after));
    if ((before ^ after) & 0x200000)
        __asm__ volatile("cpuid" : "+a"(leaf), "=d"(features) : : "ebx", "ecx");
    return features;
}

#endif
