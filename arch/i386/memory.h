/* Physical memory at boot: from the boot loader's map to the frame allocator and the direct map. */
#ifndef ARCH_I386_MEMORY_H
#define ARCH_I386_MEMORY_H

#include "arch/i386/multiboot.h"
#include "arch/i386/paging.h"
#include "arch/i386/types.h"

/*
 * Extends the direct map to all usable memory below 896 MiB, makes the page tables that the kernel
 * part of every directory shares, and gives what is free to the frame allocator. Modules and the
 * kernel stay reserved. Once, before gate_init().
 */
void memory_init(const struct boot_info *boot);

/*
 * Makes text and read-only data read-only, and what shared directories map of the kernel, global if
 * wanted. After the last write to what is sealed: the IDT.
 */
void memory_seal(bool global);

/* True of the frames that memory_seal() made read-only: text, read-only data, gate pages, IDT. */
bool memory_is_sealed(paddr_t frame);

/* Reads so many words of the direct map behind the kernel, stride bytes apart, up to a few MiB. */
void memory_touch(unsigned words, unsigned stride);

/* Directory entries from KERNEL_BASE to the gate region, as a shared directory has them. */
#define KERNEL_TABLES ((GATE_REGION - KERNEL_BASE) / LARGE_PAGE)
extern pte_t memory_shared_entries[KERNEL_TABLES];

#endif
