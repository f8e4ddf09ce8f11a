/*
 * What the boot loader tells: multiboot 1 (specification 0.6.96) and multiboot 2 (2.0) in one form.
 */
#ifndef ARCH_I386_MULTIBOOT_H
#define ARCH_I386_MULTIBOOT_H

/* Physical [0, BOOT_MAPPED) is mapped at KERNEL_BASE by boot.S. */
#define BOOT_MAPPED 0x2000000

#ifndef __ASSEMBLER__
#include "arch/i386/types.h"

/* Regions come as the loader gives them: unsorted, and an unusable one may overlap a usable one. */
struct boot_region {
    uint64_t start, end; /* physical; end is the first byte behind */
    bool usable;
};

struct boot_module {
    uint32_t start, end;   /* physical; a module may lie beyond BOOT_MAPPED */
    char command_line[64]; /* its arguments, cut if longer */
};

struct boot_info {
    const char *protocol; /* "multiboot 1" or "multiboot 2" */
    char loader_name[64]; /* what the loader calls itself, cut if longer; "" if it does not say */
    char command_line[1024]; /* the kernel's arguments, without its file name */
    unsigned nr_regions, nr_modules;
    struct boot_region regions[64];
    struct boot_module modules[8];
};

/*
 * Reads the information that lies at physical address info, in the form that magic names (3.2 of
 * both specifications: eax and ebx as the loader left them). NULL, or what is wrong with it, as the
 * end of a sentence; then boot holds what was read so far. Nothing that the loader says makes this
 * touch memory outside [0, BOOT_MAPPED). Once, while boot.S's mapping is there.
 */
const char *multiboot_read(uint32_t magic, uint32_t info, struct boot_info *boot);
#endif

#endif
