/*
 * Regular files: open(2) with its flags, read(2), write(2), lseek(2) and their relatives.
 *
 * Rule: the manual pages. A broken kernel truncates what it should not, gives old bytes where a
 * file has a hole or has grown, loses the position of one of two descriptors, or lets appenders
 * overwrite each other.
 */
#include <stdint.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "test/guest/check.h"

#define PAGE         4096
#define LONGEST_NAME 255

static char long_name[LONGEST_NAME + 2], longest_name[LONGEST_NAME + 1];

static const struct {
    const char *path;
    int flags, error;
    const char *name;
} opens[] = {
    {"file", O_RDWR, 0, "a file"},
    {"none", O_RDWR, ENOENT, "a file that is not there"},
    {"none/file", O_RDONLY, ENOENT, "in a directory that is not there"},
    {"none/file", O_RDWR | O_CREAT, ENOENT, "created in a directory that is not there"},
    {"file/x", O_RDONLY, ENOTDIR, "through a file"},
    {"file/", O_RDONLY, ENOTDIR, "a file with a slash behind"},
    {"file/.", O_RDONLY, ENOTDIR, "a file with a dot behind"},
    {"file", O_RDONLY | O_DIRECTORY, ENOTDIR, "a file as a directory"},
    {"directory", O_RDONLY, 0, "a directory"},
    {"directory", O_RDONLY | O_DIRECTORY, 0, "a directory as a directory"},
    {"directory/", O_RDONLY, 0, "a directory with a slash"},
    {"directory", O_WRONLY, EISDIR, "a directory for writing"},
    {"directory", O_RDWR, EISDIR, "a directory for both"},
    {"directory", O_RDONLY | O_CREAT, EISDIR, "a directory with O_CREAT"},
    {"directory", O_WRONLY | O_TRUNC, EISDIR, "a directory with O_TRUNC"},
    {"file", O_RDWR | O_CREAT, 0, "O_CREAT of what exists"},
    {"file", O_RDWR | O_CREAT | O_EXCL, EEXIST, "O_EXCL of a file"},
    {"directory", O_RDWR | O_CREAT | O_EXCL, EEXIST, "O_EXCL of a directory"},
    {"link", O_RDWR | O_CREAT | O_EXCL, EEXIST, "O_EXCL of a symbolic link"},
    {"dangling", O_RDWR | O_CREAT | O_EXCL, EEXIST, "O_EXCL of a dangling link"},
    {"dangling", O_RDWR, ENOENT, "a dangling link"},
    {"link", O_RDWR, 0, "a symbolic link"},
    {"link", O_RDWR | O_NOFOLLOW, ELOOP, "O_NOFOLLOW of a link"},
    {"linked/inner", O_RDONLY | O_NOFOLLOW, 0, "O_NOFOLLOW of a file behind a link"},
    {"link", O_RDONLY | O_DIRECTORY, ENOTDIR, "a link to a file as a directory"},
    {"linked", O_RDONLY | O_DIRECTORY, 0, "a link to a directory as a directory"},
    {"linked", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, ENOTDIR, "the same with O_NOFOLLOW"},
    {"loop", O_RDONLY, ELOOP, "a link to itself"},
    {"loop/x", O_RDONLY, ELOOP, "a path through a link to itself"},
    {"", O_RDONLY, ENOENT, "the empty path"},
    {"new/", O_RDWR | O_CREAT, EISDIR, "O_CREAT with a slash behind"},
    {".", O_RDONLY, 0, "the dot"},
    {"..", O_RDONLY | O_DIRECTORY, 0, "two dots"},
    {"directory/../directory/./inner", O_RDONLY, 0, "dots within"},
    {long_name, O_RDONLY, ENAMETOOLONG, "a name of 256 letters"},
    {long_name, O_RDWR | O_CREAT, ENAMETOOLONG, "the same with O_CREAT"},
    {longest_name, O_RDWR | O_CREAT, 0, "a name of 255 letters"},
    {"file", O_PATH, 0, "O_PATH"},
    {"link", O_PATH | O_NOFOLLOW, 0, "O_PATH of a link itself"},
    {"locked", O_RDONLY, 0, "mode 0 does not keep root out"},
};

static void check_opens(void)
{
    memset(long_name, 'n', LONGEST_NAME + 1);
    memset(longest_name, 'n', LONGEST_NAME);
    put("file", "contents");
    mkdir("directory", 0755);
    put("directory/inner", "inner");
    symlink("file", "link");
    symlink("directory", "linked");
    symlink("none", "dangling");
    symlink("loop", "loop");
    close(open("locked", O_CREAT | O_WRONLY, 0));
    for (unsigned i = 0; i < COUNT(opens); i++) {
        int fd = open(opens[i].path, opens[i].flags, 0644);
        check_error(fd, opens[i].error, opens[i].name);
        if (fd >= 0)
            close(fd);
    }
    ktap_ok(holds("file", "contents"), "the file is as it was");
    int fd = open("dangling", O_RDWR | O_CREAT, 0644);
    ktap_ok(fd >= 0 && access("none", F_OK) == 0, "O_CREAT makes what a dangling link names");
    close(fd);
    unlink("none");
}

static void check_truncating(void)
{
    char byte;
    int fd = open("file", O_RDONLY | O_CREAT, 0644);

    close(fd);
    ktap_ok(holds("file", "contents"), "O_CREAT without O_TRUNC keeps the contents");
    fd = open("file", O_RDWR | O_TRUNC);
    ktap_ok(fd >= 0 && read(fd, &byte, 1) == 0, "O_TRUNC empties it");
    write(fd, "abc", 3);
    close(fd);
    fd = open("link", O_WRONLY | O_TRUNC);
    close(fd);
    ktap_ok(holds("file", ""), "O_TRUNC through a link");
    fd = open("file", O_PATH);
    check_error(read(fd, &byte, 1), EBADF, "read from an O_PATH descriptor");
    check_error(write(fd, "x", 1), EBADF, "write to one");
    close(fd);
    fd = open("file", O_WRONLY);
    check_error(read(fd, &byte, 1), EBADF, "read from O_WRONLY");
    check_error(ftruncate(fd, 10), 0, "ftruncate of O_WRONLY");
    close(fd);
    fd = open("file", O_RDONLY);
    check_error(write(fd, "x", 1), EBADF, "write to O_RDONLY");
    check_error(ftruncate(fd, 0), EINVAL, "ftruncate of O_RDONLY");
    check_error(ftruncate(fd, -1), EINVAL, "ftruncate to a negative size");
    close(fd);
    check_error(truncate("none", 0), ENOENT, "truncate of nothing");
    check_error(truncate("directory", 0), EISDIR, "truncate of a directory");
    check_error(truncate("file", -1), EINVAL, "truncate to a negative size");
}

static bool all(const char *bytes, size_t size, char value)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value)
            return false;
    }
    return true;
}

static void check_growing(void)
{
    static char bytes[3 * PAGE];
    struct stat s;
    int fd = open("sparse", O_RDWR | O_CREAT, 0644);

    ktap_equal(pwrite(fd, "end", 3, 1 << 20), 3, "write behind the end");
    ktap_ok(fstat(fd, &s) == 0 && s.st_size == (1 << 20) + 3, "makes the file that long");
    ktap_ok(s.st_blocks < 1024, "and the hole takes no blocks");
    memset(bytes, 1, sizeof(bytes));
    ktap_ok(pread(fd, bytes, sizeof(bytes), 5000) == sizeof(bytes) && all(bytes, sizeof(bytes), 0),
            "the hole reads as zeroes");
    memset(bytes, 'x', sizeof(bytes));
    pwrite(fd, bytes, sizeof(bytes), 0);
    ktap_equal(ftruncate(fd, 100), 0, "ftruncate shrinks");
    ktap_equal(ftruncate(fd, 2 * PAGE), 0, "ftruncate grows");
    ktap_equal(pread(fd, bytes, sizeof(bytes), 0), 2 * PAGE, "to the size asked for");
    ktap_ok(all(bytes, 100, 'x') && all(bytes + 100, 2 * PAGE - 100, 0),
            "what was cut off is zero, in the same page too");
    ktap_equal(ftruncate(fd, PAGE + 1), 0, "shrink to a page and a byte");
    pwrite(fd, "y", 1, PAGE + 100);
    memset(bytes, 1, sizeof(bytes));
    pread(fd, bytes, sizeof(bytes), PAGE);
    ktap_ok(all(bytes, 100, 0) && bytes[100] == 'y', "a write behind the new end leaves zeroes");
    ktap_equal(truncate("sparse", 0), 0, "truncate by name");
    ktap_ok(fstat(fd, &s) == 0 && s.st_size == 0 && s.st_blocks == 0,
            "an empty file has no blocks");
    close(fd);
    unlink("sparse");
}

static void check_seeking(void)
{
    static const struct {
        long long offset;
        int whence;
        long long result;
        const char *name;
    } rows[] = {
        {3, SEEK_SET, 3, "SEEK_SET"},
        {2, SEEK_CUR, 5, "SEEK_CUR"},
        {-5, SEEK_CUR, 0, "SEEK_CUR back to the start"},
        {-1, SEEK_CUR, -EINVAL, "before the start"},
        {-1, SEEK_SET, -EINVAL, "to a negative position"},
        {0, SEEK_END, 10, "SEEK_END"},
        {-3, SEEK_END, 7, "before the end"},
        {-11, SEEK_END, -EINVAL, "before the start from the end"},
        {5, SEEK_END, 15, "behind the end"},
        {0, 99, -EINVAL, "a whence that is none"},
        {0x100000000, SEEK_SET, 0x100000000, "beyond 4 GiB"},
        {0, SEEK_CUR, 0x100000000, "where it stays"},
        {INT64_MAX, SEEK_CUR, -EOVERFLOW, "beyond 2^63"},
    };
    int fd = open("digits", O_RDWR | O_CREAT, 0644), ends[2];
    char byte = 0;

    write(fd, "0123456789", 10);
    for (unsigned i = 0; i < COUNT(rows); i++) {
        long long got = lseek(fd, rows[i].offset, rows[i].whence);
        long long want = rows[i].result;
        if (got == -1)
            got = -errno;
        if (want == -EOVERFLOW || want == -EINVAL) /* which of the two depends on the order */
            ktap_ok(got == -EINVAL || got == -EOVERFLOW, "lseek: %s", rows[i].name);
        else
            ktap_ok(got == want, "lseek: %s", rows[i].name);
    }
    ktap_equal(read(fd, &byte, 1), 0, "read behind the end: end of file");
    lseek(fd, 4, SEEK_SET);
    ktap_ok(read(fd, &byte, 1) == 1 && byte == '4', "read where lseek left it");
    if (pipe(ends) == 0) {
        check_error(lseek(ends[0], 0, SEEK_CUR), ESPIPE, "lseek of a pipe");
        check_error(pread(ends[0], &byte, 1, 0), ESPIPE, "pread from a pipe");
        check_error(pwrite(ends[1], &byte, 1, 0), ESPIPE, "pwrite to a pipe");
        close(ends[0]);
        close(ends[1]);
    }
    check_error(lseek(99, 0, SEEK_CUR), EBADF, "lseek of no descriptor");
    close(fd);
}

static void check_positions(void)
{
    char text[16] = "";
    int fd = open("digits", O_RDWR), other = dup(fd), own = open("digits", O_RDONLY);
    struct iovec parts[] = {{text, 2}, {NULL, 0}, {text + 4, 3}};

    ktap_equal(pread(fd, text, 3, 6), 3, "pread");
    ktap_ok(!memcmp(text, "678", 3) && lseek(fd, 0, SEEK_CUR) == 0, "leaves the position alone");
    check_error(pread(fd, text, 3, -1), EINVAL, "pread at a negative offset");
    ktap_equal(readv(fd, parts, 3), 5, "readv");
    ktap_ok(!memcmp(text, "01", 2) && !memcmp(text + 4, "234", 3),
            "fills one part after the other");
    ktap_equal(lseek(other, 0, SEEK_CUR), 5, "a dup shares the position");
    ktap_equal(lseek(own, 0, SEEK_CUR), 0, "another open does not");
    ktap_equal(preadv(fd, parts, 3, 7), 3, "preadv stops at the end");
    ktap_ok(text[0] == '7' && text[4] == '9' && lseek(fd, 0, SEEK_CUR) == 5, "and does not move");
    strcpy(text, "abcdefgh");
    ktap_equal(pwritev(fd, parts, 3, 8), 5, "pwritev");
    ktap_ok(holds("digits", "01234567abefg"), "writes where it is told");
    close(fd);
    ktap_equal(read(other, text, 1), 1, "a dup outlives the first");
    close(other);
    close(own);
}

static void check_appending(void)
{
    int a = open("log", O_WRONLY | O_CREAT | O_APPEND, 0644);
    int b = open("log", O_WRONLY | O_APPEND);

    write(a, "one ", 4);
    write(b, "two ", 4);
    write(a, "three ", 6);
    ktap_ok(holds("log", "one two three "), "two appenders do not overwrite each other");
    ktap_equal(lseek(a, 0, SEEK_CUR), 14, "the position follows");
    lseek(b, 0, SEEK_SET);
    write(b, "four", 4);
    ktap_ok(holds("log", "one two three four"), "lseek does not matter");
    ktap_equal(fcntl(b, F_SETFL, 0), 0, "O_APPEND can be taken away");
    lseek(b, 0, SEEK_SET);
    write(b, "ONE", 3);
    ktap_ok(holds("log", "ONE two three four"), "and then does");
    close(a);
    close(b);
}

static void check_copies(void)
{
    int in = open("digits", O_RDONLY), out = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0644);
    off_t from = 3;
    static const long long at_end = 100;

    ktap_equal(sendfile(out, in, NULL, 3), 3, "sendfile");
    ktap_equal(lseek(in, 0, SEEK_CUR), 3, "moves the input");
    ktap_equal(sendfile(out, in, &from, 100), 10, "sendfile from an offset, to the end");
    ktap_ok(from == 13 && lseek(in, 0, SEEK_CUR) == 3, "moves the offset instead");
    ktap_ok(holds("copy", "01234567abefg"), "what it copied");
    ktap_equal(sendfile(out, in, &from, 10), 0, "sendfile at the end");
    check_error(sendfile(in, out, NULL, 1), EBADF, "sendfile to O_RDONLY");
    check_error(sendfile(out, 99, NULL, 1), EBADF, "sendfile from no descriptor");
    long result = syscall(SYS_copy_file_range, in, NULL, out, NULL, 4, 0);
    if (result == -1 && errno == ENOSYS) {
        ktap_skip("this kernel lacks the call", "copy_file_range");
    } else {
        ktap_equal(result, 4, "copy_file_range");
        ktap_ok(holds("copy", "01234567abefg3456"), "copies");
        ktap_equal(syscall(SYS_copy_file_range, in, &at_end, out, &at_end, 1, 0), 0,
                   "with nothing to copy it writes no offset");
    }
    close(in);
    close(out);
}

#define PUNCH_HOLE 3 /* fallocate(2): and keep the size */

/* What lies in the last page behind the end of fd's file goes, too. */
static void check_hole_in_page(int fd)
{
    char byte = 'x', *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    page[200] = 'x';
    syscall(SYS_fallocate, fd, PUNCH_HOLE, 0, 0, 4096, 0);
    ftruncate(fd, 4096);
    ktap_ok(pread(fd, &byte, 1, 200) == 1 && !byte && !page[200], "and in the rest of its page");
    munmap(page, 4096);
}

/* It takes as long as there are pages, not as long as it is. */
static void check_long_hole(int fd)
{
    const off_t middle = 1ll << 39;
    struct stat before, after;
    char byte = 'x';

    pwrite(fd, "x", 1, 0);
    pwrite(fd, "x", 1, middle);
    fstat(fd, &before);
    ktap_equal(syscall(SYS_fallocate, fd, PUNCH_HOLE, 0, 0, 0, 256), 0, "a hole of a terabyte");
    fstat(fd, &after);
    ktap_ok(pread(fd, &byte, 1, middle) == 1 && !byte, "has zeroes in the middle");
    ktap_ok(after.st_size == before.st_size && after.st_blocks < before.st_blocks,
            "and takes no room");
}

static void check_holes(void)
{
    int fd = open("holes", O_RDWR | O_CREAT | O_TRUNC, 0644);
    char bytes[8];

    write(fd, "abcdefgh", 8);
    long result = syscall(SYS_fallocate, fd, PUNCH_HOLE, 2, 0, 3, 0);
    if (result == -1 && errno == EOPNOTSUPP) {
        ktap_skip("this file system has no holes", "fallocate makes a hole");
    } else {
        ktap_equal(result, 0, "fallocate makes a hole");
        ktap_ok(pread(fd, bytes, 8, 0) == 8 && !memcmp(bytes, "ab\0\0\0fgh", 8), "of zeroes");
        syscall(SYS_fallocate, fd, PUNCH_HOLE, 6, 0, 100, 0);
        ktap_ok(pread(fd, bytes, 8, 0) == 8 && !memcmp(bytes, "ab\0\0\0f\0\0", 8),
                "also beyond the end, which stays");
        check_hole_in_page(fd);
        check_long_hole(fd);
    }
    close(fd);
}

/* A name may go while the file is open: the file stays until the last descriptor is closed. */
static void check_unlinked(void)
{
    char text[8];
    struct stat s;
    int fd = open("doomed", O_RDWR | O_CREAT, 0644);

    write(fd, "here", 4);
    ktap_equal(unlink("doomed"), 0, "unlink an open file");
    ktap_ok(fstat(fd, &s) == 0 && s.st_nlink == 0 && s.st_size == 4,
            "it has no links but its size");
    ktap_ok(pread(fd, text, 8, 0) == 4 && !memcmp(text, "here", 4), "it is still read");
    ktap_equal(write(fd, "more", 4), 4, "and written");
    put("doomed", "another");
    ktap_ok(pread(fd, text, 8, 0) == 8 && !memcmp(text, "heremore", 8),
            "a new file of that name is another");
    close(fd);
    ktap_ok(holds("doomed", "another"), "and stays");
    check_error(unlink("directory"), EISDIR, "unlink a directory");
    check_error(unlink("none"), ENOENT, "unlink nothing");
    check_error(unlink("doomed/"), ENOTDIR, "unlink with a slash behind");
}

static void check_syncing(void)
{
    int fd = open("digits", O_RDONLY);

    ktap_equal(fsync(fd), 0, "fsync");
    ktap_equal(fdatasync(fd), 0, "fdatasync");
    check_error(fsync(99), EBADF, "fsync of no descriptor");
    close(fd);
    sync();
}

/* Reads and writes of nothing check the descriptor but touch nothing. */
static void check_nothing(void)
{
    int fd = open("digits", O_RDWR);
    char byte;

    ktap_equal(read(fd, &byte, 0), 0, "read nothing");
    ktap_equal(write(fd, &byte, 0), 0, "write nothing");
    check_error(read(99, &byte, 0), EBADF, "read nothing from no descriptor");
    check_error(read(fd, (void *)8, 1), EFAULT, "read to a bad address");
    check_error(write(fd, (void *)8, 1), EFAULT, "write from a bad address");
    ktap_equal(lseek(fd, 0, SEEK_CUR), 0, "none of which moved the position");
    close(fd);
}

int main(void)
{
    ktap_begin();
    scratch_enter("filesystem");
    check_opens();
    check_truncating();
    check_growing();
    check_seeking();
    check_positions();
    check_appending();
    check_copies();
    check_holes();
    check_unlinked();
    check_syncing();
    check_nothing();
    scratch_leave();
    return ktap_end();
}
