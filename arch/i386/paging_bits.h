/* Bits of CR0, CR4 and of page directory and page table entries (SDM 3A 2.5, 4.3), for C and GAS.
 */
#ifndef ARCH_I386_PAGING_BITS_H
#define ARCH_I386_PAGING_BITS_H

#define CR0_PE         0x00000001
#define CR0_MP         0x00000002
#define CR0_EM         0x00000004
#define CR0_TS         0x00000008
#define CR0_NE         0x00000020
#define CR0_WP         0x00010000
#define CR0_AM         0x00040000
#define CR0_NW         0x20000000
#define CR0_CD         0x40000000
#define CR0_PG         0x80000000

#define CR4_PSE        0x00000010
#define CR4_PGE        0x00000080
#define CR4_OSFXSR     0x00000200
#define CR4_OSXMMEXCPT 0x00000400
#define CR4_UMIP       0x00000800
#define CR4_SMEP       0x00100000
#define CR4_SMAP       0x00200000

#define PTE_PRESENT    0x001
#define PTE_WRITABLE   0x002
#define PTE_USER       0x004
#define PTE_UNCACHED   0x010
#define PTE_ACCESSED   0x020
#define PTE_DIRTY      0x040
#define PTE_LARGE      0x080 /* in a directory entry: maps 4 MiB */
#define PTE_GLOBAL     0x100

#define PTE_FLAGS      0xfff

#endif
