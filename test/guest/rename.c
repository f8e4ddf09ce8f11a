/*
 * rename(2) and renameat2(2) in all their cases.
 *
 * Rule: the manual page. A broken kernel loses a file between its two names, hangs a directory into
 * its own child, or replaces what is not empty.
 */
#include <sys/syscall.h>

#include "test/guest/check.h"

#define RENAME_NOREPLACE 1

static const struct {
    const char *from, *to;
    int error;
    const char *name;
} rows[] = {
    {"none", "x", ENOENT, "nothing"},
    {"file", "none/x", ENOENT, "into no directory"},
    {"file", "other/x", ENOTDIR, "through a file"},
    {"file", "empty", EISDIR, "a file over a directory"},
    {"full", "file", ENOTDIR, "a directory over a file"},
    {"empty", "full", ENOTEMPTY, "a directory over a full one"},
    {"full", "full/child", EINVAL, "a directory into itself"},
    {"full", "full/sub/child", EINVAL, "a directory into its child"},
    {"full/sub", "full", ENOTEMPTY, "a directory over its parent"},
    {".", "x", EBUSY, "the dot"},
    {"full/..", "x", EBUSY, "two dots"},
    {"file", ".", EBUSY, "over the dot"},
    {"", "x", ENOENT, "the empty path"},
    {"file", "", ENOENT, "to the empty path"},
    {"file", "x/", ENOTDIR, "a file to a name with a slash"},
    {"file/", "x", ENOTDIR, "a file with a slash"},
    {"dangling/", "x", ENOTDIR, "a link with a slash"},
    {"file", "file", 0, "a file to itself"},
    {"file", "hard", 0, "a file over its other name"},
    {"full", "full", 0, "a directory to itself"},
    {"empty", "fresh/", 0, "a directory to a name with a slash"},
    {"fresh/", "empty", 0, "and back"},
};

static void prepare(void)
{
    put("file", "file");
    put("other", "other");
    link("file", "hard");
    mkdir("empty", 0755);
    mkdir("full", 0755);
    mkdir("full/sub", 0755);
    put("full/inner", "inner");
    symlink("none", "dangling");
}

static int links_of(const char *path)
{
    struct stat s;

    return lstat(path, &s) ? -1 : (int)s.st_nlink;
}

static void check_errors(void)
{
    for (unsigned i = 0; i < COUNT(rows); i++)
        check_error(rename(rows[i].from, rows[i].to), rows[i].error, rows[i].name);
    ktap_ok(holds("file", "file") && holds("hard", "file") && links_of("file") == 2,
            "both names of one file stay");
    ktap_ok(holds("full/inner", "inner") && !access("empty", F_OK) && access("x", F_OK) == -1,
            "and nothing else has changed");
}

static void check_files(void)
{
    struct stat before, after;
    int fd = open("other", O_RDONLY);
    char text[8];

    stat("file", &before);
    ktap_equal(rename("file", "moved"), 0, "a file to a new name");
    ktap_ok(!stat("moved", &after) && before.st_ino == after.st_ino, "is the same file");
    check_error(access("file", F_OK), ENOENT, "and the old name is gone");
    ktap_equal(rename("moved", "other"), 0, "over another file");
    ktap_ok(holds("other", "file"), "replaces it");
    ktap_ok(fstat(fd, &after) == 0 && after.st_nlink == 0, "which has lost its last link");
    ktap_ok(read(fd, text, 8) == 5 && !memcmp(text, "other", 5),
            "but is there for who has it open");
    close(fd);
    ktap_equal(rename("other", "full/inner"), 0, "into another directory, over a file");
    ktap_ok(holds("full/inner", "file"), "replaces that");
    ktap_equal(rename("dangling", "full/link"), 0, "a symbolic link");
    ktap_ok(links_of("full/link") == 1 && links_of("dangling") == -1, "itself moves");
    put("target", "target");
    symlink("target", "alias");
    put("source", "source");
    ktap_equal(rename("source", "alias"), 0, "over a symbolic link");
    ktap_ok(holds("alias", "source") && holds("target", "target"), "replaces the link alone");
}

static void check_directories(void)
{
    struct stat s;
    int parents = links_of("."), inner = open("full/sub", O_RDONLY | O_DIRECTORY);

    ktap_equal(rename("full/sub", "empty"), 0, "a directory over an empty one");
    ktap_ok(links_of("full") == 2 && links_of(".") == parents,
            "moves a link from parent to parent");
    stat(".", &s);
    ino_t here = s.st_ino;
    ktap_ok(fstatat(inner, "..", &s, 0) == 0 && s.st_ino == here,
            "its two dots are the new parent");
    close(inner);
    ktap_equal(rename("full", "empty/full"), 0, "a full directory into another");
    ktap_ok(holds("empty/full/inner", "file"), "comes with what it has");
    ktap_ok(links_of("empty") == 3 && links_of(".") == parents - 1, "and its link");
    check_error(rename("empty", "empty/full/x"), EINVAL, "not into its grandchild");
    check_error(access("full", F_OK), ENOENT, "the old name is gone");
    /* the current directory may move */
    if (chdir("empty/full") == 0) {
        ktap_equal(rename("../../empty", "../../elsewhere"), 0, "move the directory one is in");
        ktap_ok(holds("inner", "file") && holds("../full/inner", "file"), "it is still there");
        chdir("../..");
        ktap_ok(holds("elsewhere/full/inner", "file"), "under its new name");
    }
}

static long rename_with(const char *from, const char *to, int flags)
{
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void check_flags(void)
{
    put("a", "a");
    put("b", "b");
    long result = rename_with("a", "b", RENAME_NOREPLACE);
    if (result == -1 && errno == ENOSYS) {
        ktap_skip("this kernel lacks the call", "renameat2");
        return;
    }
    check_error(result, EEXIST, "RENAME_NOREPLACE");
    ktap_equal(rename_with("a", "c", RENAME_NOREPLACE), 0, "RENAME_NOREPLACE to a new name");
    check_error(rename_with("c", "b", 8), EINVAL, "an unknown flag");
    ktap_ok(holds("c", "a") && holds("b", "b"), "which changes nothing");
    ktap_equal(rename_with("c", "b", 0), 0, "no flags");
    ktap_ok(holds("b", "a"), "are rename");
}

int main(void)
{
    ktap_begin();
    scratch_enter("rename");
    prepare();
    check_errors();
    check_files();
    check_directories();
    check_flags();
    scratch_leave();
    return ktap_end();
}
