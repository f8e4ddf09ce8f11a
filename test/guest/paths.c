/*
 * Names: link(2), unlink(2), symlink(2), readlink(2), mkdir(2), rmdir(2), and the ...at calls that
 * walk from a directory's descriptor.
 *
 * Rule: the manual pages, path_resolution(7). A broken kernel follows links for ever or not at all,
 * removes directories that are not empty, or walks from the wrong directory.
 */
#include <sys/syscall.h>

#include "test/guest/check.h"

/* Calls that take one path, by what they do to it. */
static int make_directory(const char *path)
{
    return mkdir(path, 0755);
}

static int change_mode(const char *path)
{
    return chmod(path, 0644);
}

static int read_link(const char *path)
{
    char target[80];

    return readlink(path, target, sizeof(target));
}

static int link_to(const char *path)
{
    return link("file", path);
}

static int link_from(const char *path)
{
    int result = link(path, "made");

    if (!result)
        unlink("made");
    return result;
}

static int symlink_to(const char *path)
{
    return symlink("target", path);
}

static int status(const char *path)
{
    struct stat s;

    return stat(path, &s);
}

static int link_status(const char *path)
{
    struct stat s;

    return lstat(path, &s);
}

static const struct {
    int (*call)(const char *path);
    const char *call_name, *path;
    int error;
} rows[] = {
    {make_directory, "mkdir", "directory", EEXIST},
    {make_directory, "mkdir", "directory/", EEXIST},
    {make_directory, "mkdir", "file", EEXIST},
    {make_directory, "mkdir", "dangling", EEXIST},
    {make_directory, "mkdir", "none/x", ENOENT},
    {make_directory, "mkdir", "file/x", ENOTDIR},
    {make_directory, "mkdir", "", ENOENT},
    {make_directory, "mkdir", ".", EEXIST},
    {make_directory, "mkdir", "/", EEXIST},
    {rmdir, "rmdir", "full", ENOTEMPTY},
    {rmdir, "rmdir", "file", ENOTDIR},
    {rmdir, "rmdir", "none", ENOENT},
    {rmdir, "rmdir", "linked", ENOTDIR},
    {rmdir, "rmdir", "directory/.", EINVAL},
    {rmdir, "rmdir", "full/..", ENOTEMPTY},
    {unlink, "unlink", "directory", EISDIR},
    {unlink, "unlink", "none", ENOENT},
    {unlink, "unlink", "file/x", ENOTDIR},
    {unlink, "unlink", "file/", ENOTDIR},
    {unlink, "unlink", "", ENOENT},
    {unlink, "unlink", ".", EISDIR},
    {unlink, "unlink", "loop/x", ELOOP},
    {link_to, "link to", "file", EEXIST},
    {link_to, "link to", "dangling", EEXIST},
    {link_to, "link to", "none/x", ENOENT},
    {link_to, "link to", "new/", ENOENT},
    {link_from, "link from", "directory", EPERM},
    {link_from, "link from", "none", ENOENT},
    {link_from, "link from", "dangling", 0},
    {symlink_to, "symlink to", "file", EEXIST},
    {symlink_to, "symlink to", "dangling", EEXIST},
    {symlink_to, "symlink to", "none/x", ENOENT},
    {symlink_to, "symlink to", "new/", ENOENT},
    {symlink_to, "symlink to", "", ENOENT},
    {read_link, "readlink", "file", EINVAL},
    {read_link, "readlink", "directory", EINVAL},
    {read_link, "readlink", "none", ENOENT},
    {read_link, "readlink", "loop", 0},
    {read_link, "readlink", "linked/", EINVAL},
    {status, "stat", "loop", ELOOP},
    {status, "stat", "dangling", ENOENT},
    {status, "stat", "linked/..", 0},
    {link_status, "lstat", "loop", 0},
    {link_status, "lstat", "loop/", ELOOP},
    {link_status, "lstat", "dangling", 0},
    {link_status, "lstat", "file/x", ENOTDIR},
    {chdir, "chdir", "file", ENOTDIR},
    {chdir, "chdir", "none", ENOENT},
    {chdir, "chdir", "", ENOENT},
    {chdir, "chdir", "loop", ELOOP},
    {change_mode, "chmod", "none", ENOENT},
    {change_mode, "chmod", "loop", ELOOP},
    {change_mode, "chmod", "file/", ENOTDIR},
};

static void prepare(void)
{
    put("file", "contents");
    mkdir("directory", 0755);
    mkdir("full", 0755);
    put("full/inner", "inner");
    symlink("directory", "linked");
    symlink("none", "dangling");
    symlink("loop", "loop");
}

static void check_errors(void)
{
    for (unsigned i = 0; i < COUNT(rows); i++) {
        char name[64];
        snprintf(name, sizeof(name), "%s '%s'", rows[i].call_name, rows[i].path);
        check_error(rows[i].call(rows[i].path), rows[i].error, name);
    }
}

static int links_of(const char *path)
{
    struct stat s;

    return stat(path, &s) ? -1 : (int)s.st_nlink;
}

static void check_links(void)
{
    struct stat a, b;

    ktap_equal(link("file", "full/second"), 0, "a second name in another directory");
    ktap_ok(stat("file", &a) == 0 && stat("full/second", &b) == 0 && a.st_ino == b.st_ino &&
                a.st_dev == b.st_dev,
            "is the same file");
    ktap_equal(links_of("file"), 2, "with two links");
    put("full/second", "changed");
    ktap_ok(holds("file", "changed"), "and one contents");
    ktap_equal(unlink("file"), 0, "unlink the first name");
    ktap_ok(holds("full/second", "changed") && links_of("full/second") == 1, "the second stays");
    ktap_equal(link("full/second", "file"), 0, "and can be linked back");
    ktap_equal(unlink("full/second"), 0, "unlink the second");
    ktap_equal(link("dangling", "hard"), 0, "link does not follow a symbolic link");
    ktap_ok(lstat("hard", &a) == 0 && S_ISLNK(a.st_mode) && a.st_nlink == 2, "but names it");
    unlink("hard");
    check_error(linkat(AT_FDCWD, "linked", AT_FDCWD, "hard", AT_SYMLINK_FOLLOW), EPERM,
                "linkat with AT_SYMLINK_FOLLOW does, to a directory");
    check_error(linkat(AT_FDCWD, "file", AT_FDCWD, "hard", 0x8000), EINVAL,
                "linkat with an unknown flag");
}

static void check_directories(void)
{
    struct stat s;

    ktap_equal(links_of("directory"), 2, "an empty directory has two links");
    ktap_equal(mkdir("directory/child", 0700), 0, "mkdir");
    ktap_ok(stat("directory/child", &s) == 0 && s.st_mode == (S_IFDIR | 0700), "with its mode");
    ktap_equal(links_of("directory"), 3, "each child adds a link");
    ktap_equal(links_of("linked/child/.."), 3, "two dots lead back");
    check_error(rmdir("directory"), ENOTEMPTY, "rmdir of what has a child");
    ktap_equal(rmdir("directory/child/"), 0, "rmdir with a slash behind");
    ktap_equal(links_of("directory"), 2, "and the link is gone");
    check_error(mkdir("directory/sub/", 0755), 0, "mkdir with a slash behind");
    check_error(unlink("directory/sub"), EISDIR, "unlink of a directory");
    check_error(unlinkat(AT_FDCWD, "directory/sub", AT_REMOVEDIR), 0, "AT_REMOVEDIR");
    check_error(unlinkat(AT_FDCWD, "file", AT_REMOVEDIR), ENOTDIR, "AT_REMOVEDIR of a file");
    check_error(unlinkat(AT_FDCWD, "file", 0x8000), EINVAL, "unlinkat with an unknown flag");
}

static void check_symlinks(void)
{
    char target[80], name[64], before[64] = "00000000000";
    struct stat s;

    ktap_equal(symlink("some/where/else", "link"), 0, "symlink to nowhere");
    ktap_equal(readlink("link", target, sizeof(target)), 15, "readlink");
    ktap_ok(!memcmp(target, "some/where/else", 15), "gives the target as it was written");
    ktap_ok(lstat("link", &s) == 0 && S_ISLNK(s.st_mode) && s.st_size == 15 &&
                (s.st_mode & 07777) == 0777,
            "lstat of a link");
    ktap_equal(readlink("link", before, 4), 4, "readlink into a small buffer");
    ktap_ok(!strcmp(before, "some0000000"), "cuts, without a terminator");
    check_error(syscall(SYS_readlink, "link", target, 0), EINVAL, "readlink into nothing");
    check_error(symlink("", "empty"), ENOENT, "a link to the empty path");
    unlink("link");
    /* 40 links are followed, not 41 */
    symlink("file", "chain0");
    for (int i = 1; i <= 40; i++) {
        snprintf(target, sizeof(target), "chain%d", i - 1);
        snprintf(name, sizeof(name), "chain%d", i);
        symlink(target, name);
    }
    ktap_equal(access("chain39", F_OK), 0, "40 links, one after the other");
    check_error(access("chain40", F_OK), ELOOP, "41 links");
    for (int i = 0; i <= 40; i++) {
        snprintf(name, sizeof(name), "chain%d", i);
        unlink(name);
    }
    symlink("../file", "full/up");
    ktap_ok(holds("full/up", "changed"), "a relative link starts where it lies");
    snprintf(target, sizeof(target), "%s/file", scratch);
    symlink(target, "absolute");
    ktap_ok(holds("absolute", "changed"), "an absolute one at the root");
    symlink("linked/../full", "through");
    ktap_ok(holds("through/inner", "inner"), "a link through another, with dots");
}

static void check_at_calls(void)
{
    int directory = open("full", O_RDONLY | O_DIRECTORY), file = open("file", O_RDONLY), fd;
    char target[80];
    struct stat s;

    fd = openat(directory, "inner", O_RDONLY);
    ktap_ok(fd >= 0, "openat from a directory's descriptor");
    close(fd);
    check_error(openat(directory, "file", O_RDONLY), ENOENT, "not from the current directory");
    check_error(openat(file, "inner", O_RDONLY), ENOTDIR, "from a file");
    check_error(openat(99, "inner", O_RDONLY), EBADF, "from no descriptor");
    snprintf(target, sizeof(target), "%s/file", scratch);
    fd = openat(99, target, O_RDONLY);
    ktap_ok(fd >= 0, "an absolute path needs no descriptor");
    close(fd);
    ktap_equal(mkdirat(directory, "sub", 0755), 0, "mkdirat");
    ktap_equal(symlinkat("inner", directory, "alias"), 0, "symlinkat");
    ktap_ok(readlinkat(directory, "alias", target, 64) == 5, "readlinkat");
    ktap_equal(linkat(directory, "inner", AT_FDCWD, "outside", 0), 0, "linkat across directories");
    ktap_equal(renameat(AT_FDCWD, "outside", directory, "sub/moved"), 0, "renameat");
    ktap_ok(holds("full/sub/moved", "inner"), "all of them where they belong");
    ktap_ok(fstatat(directory, "alias", &s, 0) == 0 && S_ISREG(s.st_mode), "fstatat follows");
    ktap_ok(fstatat(directory, "alias", &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(s.st_mode),
            "but not with AT_SYMLINK_NOFOLLOW");
    ktap_ok(fstatat(directory, "", &s, AT_EMPTY_PATH) == 0 && S_ISDIR(s.st_mode), "AT_EMPTY_PATH");
    check_error(fstatat(directory, "", &s, 0), ENOENT, "the empty path without it");
    ktap_equal(faccessat(directory, "inner", R_OK | W_OK, 0), 0, "faccessat");
    ktap_equal(fchmodat(directory, "inner", 0600, 0), 0, "fchmodat");
    ktap_equal(unlinkat(directory, "sub/moved", 0), 0, "unlinkat");
    ktap_equal(unlinkat(directory, "sub", AT_REMOVEDIR), 0, "unlinkat of a directory");
    ktap_equal(unlinkat(directory, "alias", 0), 0, "unlinkat removes the link");
    ktap_ok(holds("full/inner", "inner"), "not what it names");
    close(directory);
    close(file);
    directory = open("full", O_PATH);
    fd = openat(directory, "inner", O_RDONLY);
    ktap_ok(fd >= 0, "openat from an O_PATH descriptor");
    close(fd);
    close(directory);
}

/* A directory that was removed while it is open is empty for good. */
static void check_removed(void)
{
    struct stat s;

    mkdir("gone", 0755);
    int directory = open("gone", O_RDONLY | O_DIRECTORY);
    rmdir("gone");
    ktap_ok(fstat(directory, &s) == 0 && s.st_nlink == 0, "a removed directory has no links");
    check_error(openat(directory, "x", O_RDWR | O_CREAT, 0644), ENOENT, "takes no new files");
    check_error(mkdirat(directory, "x", 0755), ENOENT, "no new directories");
    check_error(symlinkat("y", directory, "x"), ENOENT, "and no links");
    check_error(openat(directory, "..", O_RDONLY), 0, "but has a parent still");
    close(directory);
}

int main(void)
{
    ktap_begin();
    scratch_enter("paths");
    prepare();
    check_errors();
    check_links();
    check_directories();
    check_symlinks();
    check_at_calls();
    check_removed();
    scratch_leave();
    return ktap_end();
}
