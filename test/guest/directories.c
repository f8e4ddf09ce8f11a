/*
 * Reading directories with getdents64(2), and the current directory: getcwd(2), chdir(2),
 * fchdir(2).
 *
 * Rule: the manual pages. A broken kernel shows a name twice or never, above all when names come
 * and go between two reads, writes half an entry, or forgets where it is when its directory moves.
 */
#include <dirent.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "test/guest/check.h"

#define FILES 100

struct entry {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
} __attribute__((packed));

static int list(int fd, void *buffer, size_t size)
{
    return syscall(SYS_getdents64, fd, buffer, size);
}

/* Counts how often each of the names f0 ... has been seen; negative on malformed entries. */
static int count_entries(const char *buffer, int length, int *seen)
{
    int entries = 0;

    for (int at = 0; at < length; entries++) {
        const struct entry *entry = (const void *)(buffer + at);
        if (entry->length % 8 || entry->length < sizeof(*entry) + 2 || at + entry->length > length)
            return -1;
        if (entry->name[0] == 'f')
            seen[atoi(entry->name + 1)]++;
        at += entry->length;
    }
    return entries;
}

/* Reads the whole directory in pieces of this size; the number of entries. */
static int read_all(int fd, size_t size, int *seen)
{
    char buffer[2048];
    int total = 0, length;

    memset(seen, 0, FILES * sizeof(*seen));
    while (total < 10 * FILES && (length = list(fd, buffer, size)) > 0) {
        int entries = count_entries(buffer, length, seen);
        if (entries < 0)
            return -1;
        total += entries;
    }
    return length < 0 ? -errno : total;
}

static bool each_once(const int *seen, int from, int to)
{
    for (int i = from; i < to; i++) {
        if (seen[i] != 1)
            return false;
    }
    return true;
}

static void make_files(void)
{
    char name[16];

    mkdir("many", 0755);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "many/f%d", i);
        close(open(name, O_WRONLY | O_CREAT, 0644));
    }
}

static void check_reading(void)
{
    static const unsigned sizes[] = {2048, 512, 64, 32};
    int seen[FILES];
    int fd = open("many", O_RDONLY | O_DIRECTORY);

    for (unsigned i = 0; i < COUNT(sizes); i++) {
        lseek(fd, 0, SEEK_SET);
        ktap_equal(read_all(fd, sizes[i], seen), FILES + 2, "getdents64 in pieces of %u bytes",
                   sizes[i]);
        ktap_ok(each_once(seen, 0, FILES), "every name once");
    }
    char buffer[64];
    ktap_equal(list(fd, buffer, sizeof(buffer)), 0, "at the end there is nothing");
    lseek(fd, 0, SEEK_SET);
    check_error(list(fd, buffer, 20), EINVAL, "a buffer too small for an entry");
    check_error(list(fd, buffer, 0), EINVAL, "no buffer at all");
    check_error(list(fd, (void *)8, 512), EFAULT, "a buffer that is not there");
    ktap_equal(read_all(fd, 512, seen), FILES + 2, "after which all are still to come");
    check_error(read(fd, buffer, 8), EISDIR, "read of a directory");
    close(fd);
    fd = open("/dev/null", O_RDONLY);
    check_error(list(fd, buffer, sizeof(buffer)), ENOTDIR, "getdents64 of a device");
    close(fd);
    check_error(list(99, buffer, sizeof(buffer)), EBADF, "getdents64 of no descriptor");
}

/* An entry that straddles into memory that is not there must not be half written and lost. */
static void check_straddling(void)
{
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int seen[FILES], rest[FILES], entries, length;
    int fd = open("many", O_RDONLY | O_DIRECTORY);

    munmap(pages + 4096, 4096);
    length = list(fd, pages + 4096 - 100, 1000);
    ktap_ok(length > 0 && length <= 100, "what fits before a hole in memory is given");
    memset(seen, 0, sizeof(seen));
    entries = length > 0 ? count_entries(pages + 4096 - 100, length, seen) : 0;
    ktap_equal(read_all(fd, 512, rest) + entries, FILES + 2, "and the rest comes later");
    close(fd);
    munmap(pages, 4096);
}

static void check_types(void)
{
    struct stat s;
    int wrong = 0, dots = 0;

    mkdir("many/directory", 0755);
    symlink("f1", "many/link");
    mkfifo("many/pipe", 0644);
    DIR *directory = opendir("many");
    for (struct dirent *entry; (entry = readdir(directory));) {
        fstatat(dirfd(directory), entry->d_name, &s, AT_SYMLINK_NOFOLLOW);
        wrong += entry->d_type != (s.st_mode & S_IFMT) >> 12;
        bool parent = !strcmp(entry->d_name, "..");
        wrong += !parent && entry->d_ino != s.st_ino;
        dots += parent || !strcmp(entry->d_name, ".");
    }
    closedir(directory);
    ktap_equal(wrong, 0, "types and inode numbers are those of stat");
    ktap_equal(dots, 2, "the dot and two dots are there");
    rmdir("many/directory");
    unlink("many/link");
    unlink("many/pipe");
}

/* What is there from beginning to end is seen once, whatever comes and goes meanwhile. */
static void check_changes(void)
{
    char buffer[256], name[16];
    int seen[FILES] = {0}, length;
    int fd = open("many", O_RDONLY | O_DIRECTORY);

    length = list(fd, buffer, sizeof(buffer));
    count_entries(buffer, length, seen);
    for (int i = 50; i < FILES; i++) {
        snprintf(name, sizeof(name), "many/f%d", i);
        unlink(name);
    }
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "many/new%d", i);
        close(open(name, O_WRONLY | O_CREAT, 0644));
    }
    while ((length = list(fd, buffer, sizeof(buffer))) > 0)
        count_entries(buffer, length, seen);
    ktap_ok(each_once(seen, 0, 50), "the names that stay are seen once");
    bool twice = false;
    for (int i = 50; i < FILES; i++)
        twice |= seen[i] > 1;
    ktap_ok(!twice, "those that go, at most once");
    close(fd);
}

/* As rm -r does it. */
static void check_removal(void)
{
    DIR *directory = opendir("many");
    int left = 0;

    for (struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(directory), entry->d_name, 0);
    }
    rewinddir(directory);
    while (readdir(directory))
        left++;
    closedir(directory);
    ktap_equal(left, 2, "a directory can be emptied while it is read");
    ktap_equal(rmdir("many"), 0, "and removed");
}

static void check_seekdir(void)
{
    char name[256];
    struct dirent *entry;

    mkdir("few", 0755);
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof(name), "few/f%d", i);
        put(name, "");
    }
    DIR *directory = opendir("few");
    readdir(directory);
    readdir(directory);
    long place = telldir(directory);
    entry = readdir(directory);
    snprintf(name, sizeof(name), "%s", entry ? entry->d_name : "");
    while (readdir(directory))
        ;
    seekdir(directory, place);
    entry = readdir(directory);
    ktap_ok(entry && !strcmp(entry->d_name, name), "seekdir goes back to an entry");
    rewinddir(directory);
    int entries = 0;
    while (readdir(directory))
        entries++;
    ktap_equal(entries, 7, "rewinddir to all of them");
    closedir(directory);
}

static long current(char *buffer, size_t size)
{
    return syscall(SYS_getcwd, buffer, size);
}

static void check_current(void)
{
    char path[256], want[256];

    snprintf(want, sizeof(want), "%s/few", scratch);
    ktap_equal(chdir("few"), 0, "chdir");
    ktap_equal(current(path, sizeof(path)), (long)strlen(want) + 1, "getcwd counts the terminator");
    ktap_ok(!strcmp(path, want), "and says where");
    check_error(current(path, strlen(want)), ERANGE, "a buffer one too small");
    check_error(current(path, 0), ERANGE, "none at all");
    ktap_equal(current(path, strlen(want) + 1), (long)strlen(want) + 1, "one that just fits");
    ktap_ok(holds("f1", "") && access("../few/f1", F_OK) == 0, "paths start there");
    ktap_equal(chdir(".."), 0, "chdir to two dots");
    ktap_ok(current(path, sizeof(path)) > 0 && !strcmp(path, scratch), "leads to the parent");
    symlink("few", "way");
    ktap_ok(chdir("way") == 0 && current(path, sizeof(path)) > 0 && !strcmp(path, want),
            "a link is not part of it");
    int fd = open("..", O_RDONLY | O_DIRECTORY), file = open("f1", O_RDONLY);
    ktap_equal(rename("../few", "../moved"), 0, "rename it");
    snprintf(want, sizeof(want), "%s/moved", scratch);
    ktap_ok(current(path, sizeof(path)) > 0 && !strcmp(path, want), "getcwd knows the new name");
    check_error(fchdir(file), ENOTDIR, "fchdir to a file");
    check_error(fchdir(99), EBADF, "fchdir to no descriptor");
    ktap_ok(fchdir(fd) == 0 && access("moved", F_OK) == 0, "fchdir");
    close(fd);
    close(file);
    ktap_ok(chdir("/") == 0 && current(path, sizeof(path)) == 2 && !strcmp(path, "/"), "the root");
    ktap_ok(chdir("/..") == 0 && current(path, sizeof(path)) == 2, "has no parent but itself");
    chdir(scratch);
}

static void check_deleted(void)
{
    char path[64];
    struct stat s;

    mkdir("gone", 0755);
    chdir("gone");
    ktap_equal(rmdir("../gone"), 0, "rmdir of the current directory");
    check_error(current(path, sizeof(path)), ENOENT, "getcwd in a removed directory");
    check_error(open("x", O_WRONLY | O_CREAT, 0644), ENOENT, "which takes no files");
    check_error(chdir("."), 0, "but can be entered by its dot");
    ktap_ok(stat(".", &s) == 0 && s.st_nlink == 0, "and has no links");
    ktap_equal(chdir(scratch), 0, "and be left");
}

int main(void)
{
    ktap_begin();
    scratch_enter("directories");
    make_files();
    check_reading();
    check_straddling();
    check_types();
    check_changes();
    check_removal();
    check_seekdir();
    check_current();
    check_deleted();
    scratch_leave();
    return ktap_end();
}
