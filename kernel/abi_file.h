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
#define O_TMPFILE   (020000000 | O_DIRECTORY)

/* inode(7) */
#define S_IFBLK        0060000
#define S_IFSOCK       0140000
#define S_ISUID        04000
#define S_ISGID        02000
#define S_IALLUGO      07777

#define S_ISLNK(mode)  (((mode)&S_IFMT) == S_IFLNK)
#define S_ISREG(mode)  (((mode)&S_IFMT) == S_IFREG)
#define S_ISDIR(mode)  (((mode)&S_IFMT) == S_IFDIR)
#define S_ISFIFO(mode) (((mode)&S_IFMT) == S_IFIFO)

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

UNSAFE_POINTER(stat, struct stat);
UNSAFE_POINTER(statx, struct statx);
UNSAFE_POINTER(statfs, struct statfs);
UNSAFE_POINTER(statfs64, struct statfs64);

/* getdents(2): d_type is the kind of the mode, shifted down */
#define MODE_TO_TYPE(mode) (((mode)&S_IFMT) >> 12)

#endif
