/*
 * Linux's i386 structures and constants, as the manual pages and the i386 ABI describe them, with
 * the unsafe pointers to them. Sizes and offsets are asserted.
 */
#ifndef KERNEL_ABI_H
#define KERNEL_ABI_H

#include "arch/i386/types.h"
#include "mm/unsafe.h"

struct timespec {
    int32_t seconds, nanoseconds;
};
_Static_assert(sizeof(struct timespec) == 8, "timespec: size");

/* The kernel's timespec with 64-bit time; the upper half of nanoseconds is padding here. */
struct timespec64 {
    int64_t seconds;
    int32_t nanoseconds, padding;
};
_Static_assert(sizeof(struct timespec64) == 16, "timespec64: size");

static inline bool timespec_valid(const struct timespec64 *time)
{
    return time->seconds >= 0 && time->nanoseconds >= 0 && time->nanoseconds < 1000000000;
}

/* stat64(2) */
struct stat64 {
    uint64_t device;
    uint32_t padding1, inode_low;
    uint32_t mode, links, uid, gid;
    uint64_t rdev;
    uint32_t padding2;
    int64_t size __attribute__((packed));
    uint32_t block_size;
    uint64_t blocks __attribute__((packed));
    struct {
        uint32_t seconds, nanoseconds;
    } accessed, modified, changed;
    uint64_t inode __attribute__((packed));
} __attribute__((packed));
_Static_assert(offsetof(struct stat64, mode) == 16, "stat64: mode");
_Static_assert(offsetof(struct stat64, size) == 44, "stat64: size");
_Static_assert(offsetof(struct stat64, accessed) == 64, "stat64: accessed");
_Static_assert(sizeof(struct stat64) == 96, "stat64: size of the structure");

/* getrusage(2) */
struct rusage {
    int32_t user_time[2], system_time[2];
    int32_t counts[14];
};
_Static_assert(sizeof(struct rusage) == 72, "rusage: size");

/* uname(2) */
struct utsname {
    char system[65], node[65], release[65], version[65], machine[65], domain[65];
};

/* set_thread_area(2): the last word is the bit field seg_32bit, contents:2, read_exec_only,
 * limit_in_pages, seg_not_present, useable. */
struct user_desc {
    uint32_t entry, base, limit, flags;
};
#define USER_DESC_32BIT       0x01
#define USER_DESC_CONTENTS    0x06
#define USER_DESC_READ_ONLY   0x08
#define USER_DESC_PAGES       0x10
#define USER_DESC_NOT_PRESENT 0x20
#define USER_DESC_USEABLE     0x40

/* The two descriptors that pipe(2) makes. */
struct int_pair {
    int32_t first, second;
};

UNSAFE_POINTER(timespec, struct timespec);
UNSAFE_POINTER(timespec64, struct timespec64);
UNSAFE_POINTER(stat64, struct stat64);
UNSAFE_POINTER(rusage, struct rusage);
UNSAFE_POINTER(utsname, struct utsname);
UNSAFE_POINTER(user_desc, struct user_desc);
UNSAFE_POINTER(int_pair, struct int_pair);

/* open(2) */
#define O_ACCMODE   00000003
#define O_RDONLY    00000000
#define O_WRONLY    00000001
#define O_RDWR      00000002
#define O_CREAT     00000100
#define O_EXCL      00000200
#define O_TRUNC     00001000
#define O_NONBLOCK  00004000
#define O_DIRECTORY 00200000
#define O_CLOEXEC   02000000

/* inode(7) */
#define S_IFMT   0170000
#define S_IFIFO  0010000
#define S_IFCHR  0020000
#define S_IFDIR  0040000
#define S_IFREG  0100000
#define S_IFLNK  0120000

#define PATH_MAX 4096

/* mmap(2) */
#define PROT_READ           1
#define PROT_WRITE          2
#define PROT_EXEC           4
#define MAP_SHARED          0x01
#define MAP_PRIVATE         0x02
#define MAP_TYPE            0x0f
#define MAP_FIXED           0x10
#define MAP_ANONYMOUS       0x20
#define MAP_FIXED_NOREPLACE 0x100000

#endif
