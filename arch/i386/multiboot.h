/*
 * What the boot loader tells: multiboot 1 (specification 0.6.96) and multiboot 2 (2.0) in one form.
 */
#ifndef ARCH_I386_MULTIBOOT_H
#define ARCH_I386_MULTIBOOT_H

/* Physical [0, BOOT_MAPPED) is mapped at KERNEL_BASE by boot.S. */
#define BOOT_MAPPED 0x2000000

#ifndef __ASSEMBLER__
#include "arch/i386/types.h"

struct boot_region {
    uint64_t start, end; /* physical; end is the first byte behind */
    bool usable;
};

struct boot_module {
    uint32_t start, end;
};

struct boot_info {
    char command_line[1024];
    unsigned nr_regions, nr_modules;
    struct boot_region regions[64];
    struct boot_module modules[8];
};

/*
 * Reads the information that lies at physical address info, in the form that magic names. Once, while
 * boot.S's mapping is there. NULL, or what is wrong with it.
 */
const char *multiboot_read(uint32_t magic, uint32_t info, struct boot_info *boot);
#endif

#endif
