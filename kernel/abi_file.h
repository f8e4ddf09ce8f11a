/* Linux's i386 constants and structures of files and file systems; see kernel/abi.h. */
#ifndef KERNEL_ABI_FILE_H
#define KERNEL_ABI_FILE_H

#include "kernel/abi.h"

/* open(2), beyond what kernel/abi.h has */
#define O_NOCTTY    00000400
#define O_APPEND    00002000
#define O_DSYNC     00010000
#define O_ASYNC     00020000
#define O_DIRECT    00040000
#define O_LARGEFILE 00100000
#define O_NOFOLLOW  00400000
#define O_NOATIME   01000000
#define O_PATH      010000000
#define O_SYNC      (04000000 | O_DSYNC)
#define O_TMPFILE   (020000000 | O_DIRECTORY)

/* inode(7) */
#define S_IFBLK        0060000
#define S_IFSOCK       0140000
#define S_ISUID        04000
#define S_ISGID        02000
#define S_ISVTX        01000
#define S_IXGRP        00010
#define S_IALLUGO      07777

#define S_ISLNK(mode)  (((mode)&S_IFMT) == S_IFLNK)
#define S_ISREG(mode)  (((mode)&S_IFMT) == S_IFREG)
#define S_ISDIR(mode)  (((mode)&S_IFMT) == S_IFDIR)
#define S_ISFIFO(mode) (((mode)&S_IFMT) == S_IFIFO)
#define S_ISCHR(mode)  (((mode)&S_IFMT) == S_IFCHR)
#define S_ISBLK(mode)  (((mode)&S_IFMT) == S_IFBLK)

#define NAME_MAX       255
#define SYMLOOPS_MAX   40
#define LINKS_MAX      65000

/* The *at calls */
#define AT_FDCWD            (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR        0x200
#define AT_EACCESS          0x200
#define AT_SYMLINK_FOLLOW   0x400
#define AT_NO_AUTOMOUNT     0x800
#define AT_EMPTY_PATH       0x1000
#define AT_STATX_SYNC_TYPE  0x6000

/* lseek(2) */
#define SEEK_SET  0
#define SEEK_CUR  1
#define SEEK_END  2
#define SEEK_DATA 3
#define SEEK_HOLE 4

/* stat(2), fstat(2), lstat(2) before 64 bits */
struct stat {
    uint32_t device, inode;
    uint16_t mode, links, uid, gid;
    uint32_t rdev, size, block_size, blocks;
    struct {
        uint32_t seconds, nanoseconds;
    } accessed, modified, changed;
    uint32_t unused[2];
};
_Static_assert(sizeof(struct stat) == 64, "stat: size");

/* statx(2) */
struct statx_timestamp {
    int64_t seconds;
    uint32_t nanoseconds, reserved;
};
struct statx {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, uid, gid;
    uint16_t mode, spare0;
    uint64_t inode, size, blocks, attributes_mask;
    struct statx_timestamp accessed, born, changed, modified;
    uint32_t rdev_major, rdev_minor, device_major, device_minor;
    uint64_t mount;
    uint64_t spare[13];
};
_Static_assert(offsetof(struct statx, accessed) == 64, "statx: stx_atime");
_Static_assert(offsetof(struct statx, rdev_major) == 128, "statx: stx_rdev_major");
_Static_assert(sizeof(struct statx) == 256, "statx: size");
#define STATX_BASIC_STATS 0x7ff
#define STATX__RESERVED   0x80000000

/* statfs(2), statfs64(2) */
struct statfs {
    uint32_t type, block_size, blocks, free, available, files, files_free;
    uint32_t id[2], name_length, fragment_size, flags, spare[4];
};
_Static_assert(sizeof(struct statfs) == 64, "statfs: size");
struct statfs64 {
    uint32_t type, block_size;
    uint64_t blocks, free, available, files, files_free;
    uint32_t id[2], name_length, fragment_size, flags, spare[4];
} __attribute__((packed));
_Static_assert(sizeof(struct statfs64) == 84, "statfs64: size");

/* fcntl(2) */
struct flock {
    int16_t type, whence;
    int32_t start, length, pid;
};
_Static_assert(sizeof(struct flock) == 16, "flock: size");
struct flock64 {
    int16_t type, whence;
    int64_t start, length;
    int32_t pid;
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct flock64) == 24, "flock64: size");

/* utimensat(2), utimes(2): access, then modification */
struct timespec_pair {
    struct {
        int32_t seconds, nanoseconds;
    } times[2];
};
struct timespec64_pair {
    struct {
        int64_t seconds;
        uint32_t nanoseconds, padding;
    } times[2];
};
struct timeval_pair {
    struct {
        int32_t seconds, microseconds;
    } times[2];
};
_Static_assert(sizeof(struct timespec64_pair) == 32, "timespec64[2]: size");

/* A position in a file. */
UNSAFE_POINTER(loff, int64_t);

UNSAFE_POINTER(timespec_pair, struct timespec_pair);
UNSAFE_POINTER(timespec64_pair, struct timespec64_pair);
UNSAFE_POINTER(timeval_pair, struct timeval_pair);
UNSAFE_POINTER(flock, struct flock);
UNSAFE_POINTER(flock64, struct flock64);
UNSAFE_POINTER(stat, struct stat);
UNSAFE_POINTER(statx, struct statx);
UNSAFE_POINTER(statfs, struct statfs);
UNSAFE_POINTER(statfs64, struct statfs64);

/* getdents64(2), getdents(2) */
struct dirent64 {
    uint64_t inode, next;
    uint16_t size;
    uint8_t type;
    char name[];
} __attribute__((packed));
_Static_assert(offsetof(struct dirent64, name) == 19, "dirent64: d_name");
struct dirent {
    uint32_t inode, next;
    uint16_t size;
    char name[];
} __attribute__((packed));
_Static_assert(offsetof(struct dirent, name) == 10, "dirent: d_name");

/* getdents(2): d_type is the kind of the mode, shifted down */
#define MODE_TO_TYPE(mode) (((mode)&S_IFMT) >> 12)

#endif
