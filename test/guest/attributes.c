/*
 * What is kept about a file: the stat(2) family and statx(2), chmod(2), chown(2), umask(2),
 * access(2), utimensat(2), mknod(2), statfs(2).
 *
 * Rule: the manual pages. A broken kernel gives each of the calls another answer, loses bits of the
 * mode, or changes times that it was told to leave.
 */
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "test/guest/check.h"
#include "user/lib/spawn.h"

/* As in the manual page; musl's header has only the older members. */
struct statx_time {
    long long seconds;
    unsigned nanoseconds;
    int reserved;
};

struct statx_buffer {
    unsigned mask, block_size;
    unsigned long long attributes;
    unsigned links, uid, gid;
    unsigned short mode, padding;
    unsigned long long inode, size, blocks, attributes_mask;
    struct statx_time accessed, born, changed, modified;
    unsigned rdev_major, rdev_minor, dev_major, dev_minor;
    unsigned long long spare[14];
};
_Static_assert(sizeof(struct statx_buffer) == 256, "statx(2)");

/* The kernel's stat64 of the i386 calls. */
struct stat64_buffer {
    unsigned long long device;
    unsigned padding, inode_low, mode, links, uid, gid;
    unsigned long long rdev;
    unsigned padding2;
    long long size __attribute__((packed));
    unsigned block_size;
    unsigned long long blocks __attribute__((packed));
    struct {
        unsigned seconds, nanoseconds;
    } accessed, modified, changed;
    unsigned long long inode __attribute__((packed));
} __attribute__((packed));
_Static_assert(sizeof(struct stat64_buffer) == 96, "arch/x86, asm/stat.h");

static bool same(const struct stat64_buffer *s, const struct statx_buffer *x)
{
    return s->mode == x->mode && s->links == x->links && s->uid == x->uid && s->gid == x->gid &&
           (unsigned long long)s->size == x->size && s->blocks == x->blocks &&
           s->inode == x->inode && s->inode_low == (unsigned)x->inode &&
           s->modified.seconds == (unsigned)x->modified.seconds &&
           s->modified.nanoseconds == x->modified.nanoseconds &&
           s->changed.seconds == (unsigned)x->changed.seconds &&
           s->accessed.seconds == (unsigned)x->accessed.seconds &&
           s->rdev == makedev(x->rdev_major, x->rdev_minor) &&
           s->device == makedev(x->dev_major, x->dev_minor);
}

/* Every way to ask, of one file. */
static void check_agreement(const char *path, int open_flags)
{
    struct stat64_buffer one, two;
    struct statx_buffer x;
    int fd = open(path, open_flags), flags = AT_SYMLINK_NOFOLLOW;

    memset(&x, 0x55, sizeof(x));
    memset(&one, 0x55, sizeof(one)); /* alike: a 64-bit Linux leaves the padding as it was */
    memset(&two, 0x55, sizeof(two));
    ktap_equal(syscall(SYS_statx, AT_FDCWD, path, flags, 0x7ff, &x), 0, "statx %s", path);
    ktap_ok((x.mask & 0x7ff) == 0x7ff, "gives the basic members");
    ktap_equal(syscall(SYS_lstat64, path, &one), 0, "lstat64 %s", path);
    ktap_ok(same(&one, &x), "agrees with statx");
    ktap_ok(!syscall(SYS_fstat64, fd, &two) && !memcmp(&one, &two, sizeof(one)),
            "fstat64 %s: byte for byte the same", path);
    memset(&two, 0x55, sizeof(two));
    ktap_ok(!syscall(SYS_fstatat64, AT_FDCWD, path, &two, flags) && !memcmp(&one, &two, 96),
            "fstatat64 %s: the same", path);
    memset(&x, 0x55, sizeof(x));
    ktap_ok(!syscall(SYS_statx, fd, "", AT_EMPTY_PATH, 0x7ff, &x) && same(&one, &x),
            "statx of the descriptor: the same");
    close(fd);
}

static void check_stat(void)
{
    static const struct {
        const char *path;
        mode_t kind;
        unsigned device;
    } devices[] = {
        {"/dev/null", S_IFCHR, 0x103},    {"/dev/zero", S_IFCHR, 0x105},
        {"/dev/full", S_IFCHR, 0x107},    {"/dev/random", S_IFCHR, 0x108},
        {"/dev/urandom", S_IFCHR, 0x109}, {"/dev", S_IFDIR, 0},
    };
    struct statx_buffer x;
    struct stat s;

    check_agreement("file", O_RDONLY);
    check_agreement("directory", O_RDONLY);
    check_agreement("link", O_PATH | O_NOFOLLOW);
    check_agreement("/dev/null", O_RDONLY);
    for (unsigned i = 0; i < COUNT(devices); i++) {
        ktap_ok(stat(devices[i].path, &s) == 0 && (s.st_mode & S_IFMT) == devices[i].kind &&
                    s.st_rdev == devices[i].device,
                "kind and number of %s", devices[i].path);
    }
    check_error(syscall(SYS_statx, AT_FDCWD, "file", 0x6000, 0x7ff, &x), EINVAL,
                "statx: both kinds of AT_STATX_SYNC");
    check_error(syscall(SYS_statx, AT_FDCWD, "file", 0, 0x80000000, &x), EINVAL,
                "statx: the reserved bit of the mask");
    check_error(syscall(SYS_statx, AT_FDCWD, "file", 0x8, 0x7ff, &x), EINVAL,
                "statx: an unknown flag");
    check_error(fstatat(AT_FDCWD, "file", &s, 0x8), EINVAL, "fstatat: an unknown flag");
}

static mode_t mode_of(const char *path)
{
    struct stat s;

    return lstat(path, &s) ? 0 : s.st_mode & 07777;
}

static void check_modes(void)
{
    int fd;

    ktap_equal(mode_of("file"), 0644, "the mode that open gave");
    ktap_equal(chmod("file", 07777), 0, "chmod to all bits");
    ktap_equal(mode_of("file"), 07777, "keeps them all");
    ktap_equal(chmod("file", 0100640), 0, "chmod ignores the kind");
    ktap_equal(mode_of("file"), 0640, "and keeps the file's");
    ktap_equal(chmod("link", 0600), 0, "chmod through a link");
    ktap_ok(mode_of("file") == 0600 && mode_of("link") == 0777, "changes the file");
    fd = open("file", O_RDONLY);
    ktap_ok(fchmod(fd, 0444) == 0 && mode_of("file") == 0444, "fchmod");
    close(fd);
    check_error(fchmod(99, 0644), EBADF, "fchmod of no descriptor");
    ktap_equal(umask(077), 022, "umask gives the old one");
    close(open("masked", O_CREAT | O_WRONLY, 0666));
    mkdir("masked-directory", 0777);
    mkfifo("masked-fifo", 0666);
    ktap_ok(mode_of("masked") == 0600 && mode_of("masked-directory") == 0700 &&
                mode_of("masked-fifo") == 0600,
            "umask takes bits away from files, directories and pipes");
    ktap_equal(umask(01777), 077, "umask keeps nine bits");
    ktap_equal(umask(022), 0777, "and no more");
    chmod("file", 0644);
}

static void check_access(void)
{
    static const struct {
        mode_t mode;
        int wanted, error;
    } rows[] = {
        {0644, F_OK, 0}, {0644, R_OK, 0},      {0644, W_OK, 0}, {0644, X_OK, EACCES},
        {0000, R_OK, 0}, {0000, X_OK, EACCES}, {0100, X_OK, 0}, {0001, R_OK | W_OK | X_OK, 0},
    };

    if (getuid()) {
        ktap_skip("not root", "access");
        return;
    }
    for (unsigned i = 0; i < COUNT(rows); i++) {
        char name[32];
        chmod("file", rows[i].mode);
        snprintf(name, sizeof(name), "access %d, mode %o", rows[i].wanted, rows[i].mode);
        check_error(access("file", rows[i].wanted), rows[i].error, name);
    }
    chmod("file", 0644);
    check_error(access("directory", X_OK), 0, "root may search any directory");
    check_error(access("file", 8), EINVAL, "access: an unknown bit");
    check_error(syscall(SYS_faccessat2, AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW), 0,
                "faccessat2 of a link itself");
    check_error(syscall(SYS_faccessat2, AT_FDCWD, "file", F_OK, 0x8), EINVAL,
                "faccessat2: an unknown flag");
}

static int chown_others(void *unused)
{
    int fd = open("file", O_RDONLY);

    (void)unused;
    if (setgid(65534) || setuid(65534))
        return 1;
    if (fchown(fd, -1, -1))
        return 2;
    if (fchown(fd, 5, -1) != -1 || errno != EPERM)
        return 3;
    return fchown(fd, -1, 6) != -1 || errno != EPERM ? 4 : 0;
}

static void check_owners(void)
{
    struct stat s;

    if (getuid()) {
        ktap_skip("not root", "chown");
        return;
    }
    ktap_equal(chown("file", 1000, 2000), 0, "chown");
    ktap_ok(!stat("file", &s) && s.st_uid == 1000 && s.st_gid == 2000, "is kept");
    ktap_equal(chown("file", -1, 3000), 0, "-1 leaves the owner");
    ktap_equal(lchown("link", 7, 8), 0, "lchown");
    ktap_ok(!stat("file", &s) && s.st_uid == 1000 && s.st_gid == 3000, "leaves the file alone");
    ktap_ok(!lstat("link", &s) && s.st_uid == 7 && s.st_gid == 8, "and changes the link");
    ktap_equal(chmod("file", 06755), 0, "set-user-id bits");
    ktap_equal(chown("file", 0, 0), 0, "chown back");
    ktap_equal(mode_of("file"), 0755, "takes them away");
    int fd = open("file", O_RDONLY);
    ktap_ok(!fchown(fd, 5, 6) && !fstat(fd, &s) && s.st_uid == 5 && s.st_gid == 6, "fchown");
    close(fd);
    ktap_equal(fchownat(AT_FDCWD, "link", 0, 0, AT_SYMLINK_NOFOLLOW), 0, "fchownat of a link");
    ktap_equal(spawn_body(chown_others, NULL), 0, "who asks for no change needs no right");
    check_error(fchownat(AT_FDCWD, "link", 0, 0, 0x8), EINVAL, "fchownat: an unknown flag");
    chmod("file", 0644);
}

static long set_times(const char *path, long long a, long a_ns, long long m, long m_ns, int flags)
{
    struct timespec times[] = {{.tv_sec = a, .tv_nsec = a_ns}, {.tv_sec = m, .tv_nsec = m_ns}};

    return utimensat(AT_FDCWD, path, times, flags);
}

static void check_times(void)
{
    struct stat s, before;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    ktap_equal(set_times("file", 1000000000, 123456789, 1100000000, 987654321, 0), 0, "utimensat");
    ktap_ok(!stat("file", &s) && s.st_atim.tv_sec == 1000000000 && s.st_atim.tv_nsec == 123456789 &&
                s.st_mtim.tv_sec == 1100000000 && s.st_mtim.tv_nsec == 987654321,
            "keeps both times to the nanosecond");
    ktap_ok(s.st_ctim.tv_sec >= now.tv_sec - 1, "and the change is now");
    ktap_equal(set_times("file", 5, UTIME_OMIT, 1200000000, 0, 0), 0, "UTIME_OMIT");
    ktap_ok(!stat("file", &s) && s.st_atim.tv_sec == 1000000000 && s.st_mtim.tv_sec == 1200000000,
            "leaves that one");
    ktap_equal(set_times("file", 0, UTIME_NOW, 0, UTIME_OMIT, 0), 0, "UTIME_NOW");
    ktap_ok(!stat("file", &s) && s.st_atim.tv_sec >= now.tv_sec - 1 &&
                s.st_mtim.tv_sec == 1200000000,
            "sets that one");
    stat("file", &before);
    ktap_equal(set_times("link", 7, 0, 8, 0, AT_SYMLINK_NOFOLLOW), 0, "the times of a link");
    ktap_ok(!lstat("link", &s) && s.st_mtim.tv_sec == 8, "are its own");
    ktap_ok(!stat("file", &s) && s.st_mtim.tv_sec == before.st_mtim.tv_sec, "not the file's");
    ktap_equal(set_times("file", -1, 5, -1000000000, 6, 0), 0, "times before 1970");
    ktap_ok(!stat("file", &s) && s.st_atim.tv_sec == -1 && s.st_atim.tv_nsec == 5 &&
                s.st_mtim.tv_sec == -1000000000 && s.st_mtim.tv_nsec == 6,
            "are kept to the nanosecond");
    check_error(set_times("file", 0, 1000000000, 0, 0, 0), EINVAL, "too many nanoseconds");
    check_error(set_times("file", 0, -1, 0, 0, 0), EINVAL, "negative nanoseconds");
    check_error(set_times("none", 0, 0, 0, 0, 0), ENOENT, "no such file");
    ktap_equal(utimensat(AT_FDCWD, "file", NULL, 0), 0, "no times: now");
    ktap_ok(!stat("file", &s) && s.st_mtim.tv_sec >= now.tv_sec - 1, "for both");
    int fd = open("file", O_RDWR);
    set_times("file", 9, 0, 9, 0, 0);
    ktap_equal(futimens(fd, NULL), 0, "futimens");
    set_times("file", 9, 0, 9, 0, 0);
    write(fd, "x", 1);
    ktap_ok(!fstat(fd, &s) && s.st_mtim.tv_sec >= now.tv_sec - 1, "a write sets the time");
    set_times("file", 9, 0, 9, 0, 0);
    pread(fd, &(char){0}, 1, 0);
    ktap_ok(!fstat(fd, &s) && s.st_mtim.tv_sec == 9, "a read leaves it");
    close(fd);
    set_times("directory", 9, 0, 9, 0, 0);
    put("directory/new", "");
    ktap_ok(!stat("directory", &s) && s.st_mtim.tv_sec >= now.tv_sec - 1,
            "a new name sets the directory's");
}

static void check_mknod(void)
{
    struct stat s;

    ktap_equal(mknod("regular", S_IFREG | 0600, 0), 0, "mknod of a file");
    ktap_ok(!stat("regular", &s) && S_ISREG(s.st_mode) && s.st_size == 0, "makes an empty one");
    ktap_equal(mknod("plain", 0600, 0), 0, "without a kind");
    ktap_ok(!stat("plain", &s) && S_ISREG(s.st_mode), "as well");
    check_error(mknod("regular", S_IFREG | 0600, 0), EEXIST, "mknod of what exists");
    check_error(mknod("link", S_IFIFO | 0600, 0), EEXIST, "of a link");
    check_error(mknod("x", S_IFDIR | 0600, 0), EPERM, "of a directory");
    check_error(mknod("x", 0170000 | 0600, 0), EINVAL, "of no kind that there is");
    if (getuid() || mknod("zero", S_IFCHR | 0666, makedev(1, 5))) {
        ktap_skip("this user may not", "devices");
        return;
    }
    ktap_ok(!stat("zero", &s) && S_ISCHR(s.st_mode) && s.st_rdev == makedev(1, 5), "of a device");
    int fd = open("zero", O_RDONLY);
    char bytes[4] = "abc";
    if (fd < 0 && errno == EACCES) {
        ktap_skip("mounted without devices", "a device by its number");
        return;
    }
    ktap_ok(fd >= 0 && read(fd, bytes, 4) == 4 && !bytes[0], "which works by its number");
    close(fd);
    mknod("nobody", S_IFCHR | 0666, makedev(250, 77));
    check_error(open("nobody", O_RDONLY), ENXIO, "a number that no driver has");
}

static void check_statfs(void)
{
    struct statfs s;
    int fd = open("file", O_RDONLY);

    ktap_ok(!statfs(".", &s) && s.f_bsize > 0 && s.f_blocks > 0 && s.f_bfree <= s.f_blocks,
            "statfs");
    ktap_ok(s.f_namelen == 255, "names have 255 letters");
    ktap_equal(fstatfs(fd, &s), 0, "fstatfs");
    check_error(statfs("none", &s), ENOENT, "statfs of nothing");
    check_error(fstatfs(99, &s), EBADF, "fstatfs of no descriptor");
    check_error(syscall(SYS_statfs64, ".", 83, &s), EINVAL, "statfs64 of another size");
    close(fd);
}

/* What has no name is still somebody's. */
static int make_nameless(void *unused)
{
    int ends[2], memory;
    struct stat s;

    (void)unused;
    if (!geteuid() && (setgid(65534) || setuid(65534)))
        return 1;
    memory = syscall(SYS_memfd_create, "own", 0);
    if (pipe(ends) || memory < 0)
        return 2;
    if (fstat(ends[0], &s) || s.st_uid != geteuid() || fchmod(ends[1], 0644))
        return 3;
    return fstat(memory, &s) || s.st_uid != geteuid() || fchmod(memory, 0600) ? 4 : 0;
}

/* The empty path searches no directory, not even the one that it means; who may not search one is
 * not told that a name is too long for it. */
static int look_at_closed(void *unused)
{
    int fd = open("closed", O_RDONLY | O_DIRECTORY);
    struct stat s;

    (void)unused;
    if (!geteuid() && (setgid(65534) || setuid(65534)))
        return 1;
    if (fstatat(fd, "", &s, AT_EMPTY_PATH) || fstatat(fd, ".", &s, 0) != -1 || errno != EACCES)
        return 2;
    char name[300];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    return fstatat(fd, name, &s, 0) != -1 || errno != EACCES ? 3 : 0;
}

int main(void)
{
    ktap_begin();
    scratch_enter("attributes");
    put("file", "contents");
    mkdir("directory", 0755);
    symlink("file", "link");
    symlink("none", "dangling");
    check_stat();
    check_modes();
    check_access();
    check_owners();
    check_times();
    check_mknod();
    check_statfs();
    ktap_equal(spawn_body(make_nameless, NULL), 0, "pipes and memfds belong to who makes them");
    mkdir("closed", 0600);
    ktap_equal(spawn_body(look_at_closed, NULL), 0, "paths in a directory without search");
    scratch_leave();
    return ktap_end();
}
