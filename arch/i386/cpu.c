#include "arch/i386/cpu.h"

#include "arch/i386/asm.h"
#include "arch/i386/paging_bits.h"
#include "kernel/string.h"

#define EFLAGS_ID          (1u << 21)

#define CPUID_TSC          (1u << 4)
#define CPUID_PSE          (1u << 3)
#define CPUID_MSR          (1u << 5)
#define CPUID_APIC         (1u << 9)
#define CPUID_SEP          (1u << 11)
#define CPUID_PGE          (1u << 13)
#define CPUID_FXSR         (1u << 24)
#define CPUID_SSE          (1u << 25)

#define CPUID_STRUCTURED   7 /* the leaf of what came later; in ebx and ecx: */
#define CPUID_SMEP         (1u << 7)
#define CPUID_SMAP         (1u << 20)
#define CPUID_UMIP         (1u << 2)

#define CPUID_EXTENDED     0x80000000
#define CPUID_EXT_FEATURES 0x80000001
#define CPUID_EXT_SYSCALL  (1u << 11)

#define MSR_EFER           0xc0000080
#define EFER_SCE           0x1

struct cpu cpu;

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static struct cpuid cpuid(uint32_t leaf)
{
    struct cpuid r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(0));
    return r;
}

/* CPUID exists if EFLAGS.ID can be changed (SDM 1 20.1.1). */
static bool have_cpuid(void)
{
    uint32_t before, after;
    __asm__ volatile("pushfl; popl %0; movl %0, %1; xorl %2, %1; pushl %1; popfl; pushfl; popl %1;"
                     "pushl %0; popfl"
                     : "=&r"(before), "=&r"(after)
                     : "i"(EFLAGS_ID));
    return (before ^ after) & EFLAGS_ID;
}

/*
 * The feature bit alone decides nothing: an Intel CPU has it for long mode only, and 32-bit-only
 * emulators report it while EFER.SCE cannot be set. So: AMD's bit, and SCE reads back as written.
 */
static bool syscall_works(void)
{
    if (!(cpu.capability & CPUID_MSR) || cpuid(CPUID_EXTENDED).eax < CPUID_EXT_FEATURES)
        return false;
    if (!(cpuid(CPUID_EXT_FEATURES).edx & CPUID_EXT_SYSCALL))
        return false;
    write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SCE);
    return read_msr(MSR_EFER) & EFER_SCE;
}

/* The Pentium Pro reports SEP without having a usable sysenter (SDM 2B SYSENTER). */
static bool sysenter_works(void)
{
    uint32_t family = (cpu.signature >> 8) & 0xf;
    uint32_t model = (cpu.signature >> 4) & 0xf;
    uint32_t stepping = cpu.signature & 0xf;

    return (cpu.capability & CPUID_SEP) && !(family == 6 && model < 3 && stepping < 3);
}

void cpu_init(void)
{
    if (!have_cpuid()) {
        strlcpy(cpu.vendor, "no CPUID", sizeof(cpu.vendor));
        return;
    }
    struct cpuid leaf0 = cpuid(0);
    memcpy(cpu.vendor, &leaf0.ebx, 4);
    memcpy(cpu.vendor + 4, &leaf0.edx, 4);
    memcpy(cpu.vendor + 8, &leaf0.ecx, 4);

    struct cpuid leaf1 = cpuid(1);
    cpu.signature = leaf1.eax;
    cpu.capability = leaf1.edx;
    cpu.pse = leaf1.edx & CPUID_PSE;
    cpu.apic = (leaf1.edx & CPUID_APIC) && (leaf1.edx & CPUID_MSR);
    cpu.pge = leaf1.edx & CPUID_PGE;
    cpu.fxsr = leaf1.edx & CPUID_FXSR;
    cpu.sse = cpu.fxsr && (leaf1.edx & CPUID_SSE);
    cpu.tsc = leaf1.edx & CPUID_TSC;
    cpu.sep = sysenter_works();
    cpu.syscall = syscall_works();

    if (leaf0.eax >= CPUID_STRUCTURED) {
        struct cpuid later = cpuid(CPUID_STRUCTURED);
        cpu.smep = later.ebx & CPUID_SMEP;
        cpu.smap = later.ebx & CPUID_SMAP;
        cpu.umip = later.ecx & CPUID_UMIP;
    }

    /* CR4 exists where one of its features does; PGE is set later, once the mappings are final */
    uint32_t cr4 = 0;
    if (cpu.pse)
        cr4 |= CR4_PSE;
    if (cpu.fxsr)
        cr4 |= CR4_OSFXSR;
    if (cpu.sse)
        cr4 |= CR4_OSXMMEXCPT;
    if (cpu.smep)
        cr4 |= CR4_SMEP;
    if (cpu.smap)
        cr4 |= CR4_SMAP;
    if (cpu.umip)
        cr4 |= CR4_UMIP;
    if (cr4)
        write_cr4(read_cr4() | cr4);
}
