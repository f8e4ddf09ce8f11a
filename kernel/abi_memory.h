/* Linux's constants and structures of the memory calls that only they use; see kernel/abi.h. */
#ifndef KERNEL_ABI_MEMORY_H
#define KERNEL_ABI_MEMORY_H

#include "kernel/abi.h"

/* mmap(2): what the old call of number 90 takes. */
struct mmap_arguments {
    uint32_t start, length, protection, flags;
    int32_t fd;
    uint32_t offset;
};
_Static_assert(sizeof(struct mmap_arguments) == 24, "mmap_arguments: size");
UNSAFE_POINTER(mmap_arguments, struct mmap_arguments);

#define MAP_GROWSDOWN 0x0100
#define MAP_LOCKED    0x2000
#define MAP_POPULATE  0x8000
#define MAP_NONBLOCK  0x10000

/* mprotect(2) */
#define PROT_SEM       0x8
#define PROT_GROWSDOWN 0x01000000
#define PROT_GROWSUP   0x02000000

/* mremap(2) */
#define MREMAP_MAYMOVE 1
#define MREMAP_FIXED   2

/* madvise(2) */
#define MADV_NORMAL         0
#define MADV_RANDOM         1
#define MADV_SEQUENTIAL     2
#define MADV_WILLNEED       3
#define MADV_DONTNEED       4
#define MADV_FREE           8
#define MADV_DONTFORK       10
#define MADV_DOFORK         11
#define MADV_HUGEPAGE       14
#define MADV_NOHUGEPAGE     15
#define MADV_DONTDUMP       16
#define MADV_DODUMP         17
#define MADV_WIPEONFORK     18
#define MADV_KEEPONFORK     19
#define MADV_COLD           20
#define MADV_PAGEOUT        21
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23

/* msync(2) */
#define MS_ASYNC      1
#define MS_INVALIDATE 2
#define MS_SYNC       4

/* mlock2(2), mlockall(2) */
#define MLOCK_ONFAULT 1
#define MCL_CURRENT   1
#define MCL_FUTURE    2
#define MCL_ONFAULT   4

#endif
