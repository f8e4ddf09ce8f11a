/*
 * open(2), read(2), close(2), dup(2), fstat(2) on files and devices.
 *
 * A broken kernel reuses a descriptor too early, shares positions that should be apart or the other
 * way round, or walks paths through files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/postern.h"

static void check_open(const char *path, int flags, int want, const char *name)
{
    int fd = open(path, flags);
    int error = fd < 0 ? errno : 0;

    if (fd >= 0)
        close(fd);
    ktap_equal(error, want, "%s", name);
}

static void check_paths(void)
{
    char name[300], path[5000];

    memset(name, 'n', sizeof(name));
    name[0] = '/';
    name[sizeof(name) - 1] = '\0';
    for (unsigned i = 0; i < sizeof(path); i += 2)
        memcpy(path + i, "/.", 2);
    path[sizeof(path) - 1] = '\0';
    check_open("/dev/null", O_RDWR, 0, "a device");
    check_open("//dev/./../dev//null", O_RDONLY, 0, "slashes and dots");
    check_open("/../dev/null", O_RDONLY, 0, "above the root is the root");
    check_open("/dev/none", O_RDONLY, ENOENT, "no such file");
    check_open("/none/null", O_RDONLY, ENOENT, "no such directory");
    check_open("/dev/null/x", O_RDONLY, ENOTDIR, "a path through a file");
    check_open("/dev/null/", O_RDONLY, ENOTDIR, "a slash behind a file");
    check_open("", O_RDONLY, ENOENT, "the empty path");
    check_open(name, O_RDONLY, ENAMETOOLONG, "a name of 298 letters");
    check_open(path, O_RDONLY, ENAMETOOLONG, "a path of 5000 letters");
    check_open("/dev", O_WRONLY, EISDIR, "a directory for writing");
    check_open("/dev/null", O_RDONLY | O_DIRECTORY, ENOTDIR, "O_DIRECTORY on a device");
}

static void check_descriptors(void)
{
    char bytes[8];
    int a = open("/dev/zero", O_RDONLY), b = open("/dev/null", O_WRONLY);

    ktap_equal(b, a + 1, "the lowest free descriptor");
    ktap_equal(read(a, bytes, 8), 8, "read /dev/zero");
    ktap_ok(!memcmp(bytes, "\0\0\0\0\0\0\0", 8), "gives zeroes");
    ktap_equal(write(b, bytes, 8), 8, "write /dev/null");
    ktap_ok(write(a, bytes, 1) == -1 && errno == EBADF, "write to a descriptor for reading");
    ktap_ok(read(b, bytes, 1) == -1 && errno == EBADF, "read from a descriptor for writing");
    ktap_equal(dup2(a, 100), 100, "dup2 to a high descriptor");
    ktap_equal(read(100, bytes, 8), 8, "which reads the same");
    ktap_equal(dup2(a, a), a, "dup2 to itself");
    ktap_equal(close(a), 0, "close");
    ktap_ok(close(a) == -1 && errno == EBADF, "close again");
    ktap_ok(dup2(a, 5) == -1 && errno == EBADF, "dup2 of a closed one");
    ktap_ok(dup2(b, 100000) == -1 && errno == EBADF, "dup2 beyond the limit");
    ktap_equal(dup(b), a, "dup fills the gap");
    close(a);
    close(b);
    close(100);
    ktap_ok(read(-1, bytes, 1) == -1 && errno == EBADF, "descriptor -1");
    ktap_ok(read(0x7fffffff, bytes, 1) == -1 && errno == EBADF, "descriptor 2^31-1");
}

static void check_exhaustion(void)
{
    int fds[2000], count = 0;

    while (count < 2000 && (fds[count] = open("/dev/null", O_RDONLY)) >= 0)
        count++;
    if (count == 2000) {
        ktap_skip("this system allows more than 2000 files", "EMFILE");
    } else {
        ktap_equal(errno, EMFILE, "too many open files, after %d", count);
    }
    while (count)
        close(fds[--count]);
    int fd = open("/dev/null", O_RDONLY);
    ktap_ok(fd >= 0, "and after closing them there is room again");
    close(fd);
}

static void check_stat(void)
{
    struct stat s;
    int fd = open("/dev/null", O_RDONLY);

    ktap_ok(fstat(fd, &s) == 0 && S_ISCHR(s.st_mode) && s.st_rdev == 0x103, "fstat /dev/null");
    close(fd);
    fd = open("/dev", O_RDONLY);
    ktap_ok(fstat(fd, &s) == 0 && S_ISDIR(s.st_mode), "fstat a directory");
    ktap_ok(read(fd, &s, 1) == -1 && errno == EISDIR, "read a directory");
    close(fd);
    ktap_ok(fstat(99, &s) == -1 && errno == EBADF, "fstat of no descriptor");
}

/* The initrd's own file, known to the letter. */
static void check_regular(void)
{
    char text[100], again[100];
    struct stat s;

    if (!on_postern()) {
        ktap_skip("Postern's initrd", "a regular file");
        return;
    }
    int fd = open("/etc/motd", O_RDONLY), copy = dup(fd), other = open("/etc/motd", O_RDONLY);
    ktap_ok(fstat(fd, &s) == 0 && S_ISREG(s.st_mode), "fstat a regular file");
    ktap_equal(read(fd, text, 7), 7, "read a part");
    ktap_ok(!memcmp(text, "Postern", 7), "its bytes");
    ssize_t rest = read(copy, text, sizeof(text));
    ktap_equal(rest, s.st_size - 7, "a dup shares the position");
    ktap_equal(read(fd, text, 1), 0, "end of file");
    ktap_equal(read(other, again, sizeof(again)), s.st_size, "another open has its own");
    close(fd);
    close(copy);
    close(other);
}

int main(void)
{
    ktap_begin();
    check_paths();
    check_descriptors();
    check_exhaustion();
    check_stat();
    check_regular();
    return ktap_end();
}
