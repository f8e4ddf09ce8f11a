/* Who may write and who may enter: the rights that every page directory must have, asserted. */
#ifndef KERNEL_PROTECTION_H
#define KERNEL_PROTECTION_H

/*
 * Walks the kernel directory and a fresh one of each isolation, and panics unless in all of them
 * no mapping of a sealed frame (text, read-only data, gate pages, IDT) is writable, whatever its
 * address, and no page but the vDSO's is open to user mode. Thread context or boot, after
 * memory_seal().
 */
void protection_check(void);

#endif
