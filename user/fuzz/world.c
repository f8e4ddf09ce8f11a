#define _GNU_SOURCE
#include "user/fuzz/world.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/fuzz/step.h"
#include "user/lib/ipc.h"
#include "user/lib/pty.h"

static char directory[32];
static bool with_endpoint;

uint8_t world_file_byte(uint32_t offset)
{
    return 0x40 + draw_mix(offset ^ 0xf11e) % 63;
}

/* --- names ----------------------------------------------------------------------------------- */

static void put(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    write(fd, text, strlen(text));
    close(fd);
}

static void make_names(void)
{
    umask(022);
    put("file", "contents of the file");
    mkdir("directory", 0755);
    put("directory/inner", "inner");
    symlink("file", "link");
    symlink("loop", "loop");
    mkfifo("fifo", 0644);
}

/* A run may have shut its directories. */
static int open_one(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
    (void)stat, (void)walk;
    if (kind == FTW_D || kind == FTW_DNR || kind == FTW_DP)
        chmod(path, 0755);
    return 0;
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
    (void)stat, (void)kind;
    if (walk->level == 0)
        return 0;
    if (remove(path) && !umount2(path, MNT_DETACH))
        remove(path);
    return 0;
}

static void remove_names(void)
{
    nftw(directory, open_one, 8, FTW_PHYS);
    nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void world_leave(void)
{
    remove_names();
    if (chdir("/") || rmdir(directory))
        perror(directory);
}

/* --- descriptors ----------------------------------------------------------------------------- */

static bool place(int fd, int at)
{
    if (fd < 0)
        return false;
    if (fd == at)
        return true;
    dup2(fd, at);
    close(fd);
    return true;
}

/* An open file that has lost its name. */
static int nameless(const char *name, int flags)
{
    int fd = open(name, flags);

    unlink(name);
    return fd;
}

static bool make_file(void)
{
    static char bytes[WORLD_FILE_SIZE];
    int fd = open("known", O_WRONLY | O_CREAT, 0644);

    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = world_file_byte(i);
    bool written = write(fd, bytes, sizeof(bytes)) == sizeof(bytes);
    close(fd);
    return written && place(nameless("known", O_RDONLY), FD_FILE);
}

static bool make_descriptors(void)
{
    int ends[2];

    return place(open("/dev/zero", O_RDONLY), FD_ZERO) &&
           place(open("/dev/null", O_RDWR), FD_NULL) && place(open("/dev/full", O_RDWR), FD_FULL) &&
           make_file() && place(nameless("scratch", O_RDWR | O_CREAT), FD_SCRATCH) &&
           !pipe2(ends, O_NONBLOCK) && place(ends[0], FD_READER) && place(ends[1], FD_WRITER) &&
           place(open("directory", O_RDONLY | O_DIRECTORY), FD_DIRECTORY);
}

#define FLAGS (O_NONBLOCK | O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME)

void world_reset_flags(int fd)
{
    int first = fd, last = fd;

    if (fd >= FD_LOOSE && fd < FD_LOOSE_END) {
        first = FD_FIRST;
        last = FD_END - 1;
    }
    for (fd = first; fd >= FD_FIRST && fd <= last && fd < FD_END; fd++) {
        int flags = fcntl(fd, F_GETFL);
        if (flags >= 0 && (flags & FLAGS) != O_NONBLOCK)
            fcntl(fd, F_SETFL, O_NONBLOCK);
    }
}

void world_restore_descriptors(void)
{
    char bytes[4096];

    for (int fd = FD_FIRST; fd < FD_MASTER; fd++) {
        world_reset_flags(fd); /* else a read of the pipe may sleep */
        lseek(fd, 0, SEEK_SET);
        flock(fd, LOCK_UN);
    }
    while (read(FD_READER, bytes, sizeof(bytes)) > 0)
        ;
    ftruncate(FD_SCRATCH, 0);
    ftruncate(FD_SCRATCH, 2 * sizeof(bytes));
}

bool world_build(bool portable)
{
    with_endpoint = !portable;
    /* files in memory, as Postern's are; both names are of one length, which getcwd() tells */
    strlcpy(directory, access("/dev/shm", W_OK) ? "/tmp/for-fuzz-XXXXXX" : "/dev/shm/fuzz-XXXXXX",
            sizeof(directory));
    if (!mkdtemp(directory) || chdir(directory)) {
        perror(directory);
        return false;
    }
    make_names();
    if (make_descriptors()) {
        world_restore_descriptors();
        return true;
    }
    perror("fuzz: the world cannot be built");
    return false;
}

void world_restore(void)
{
    remove_names();
    make_names();
    place(open("directory", O_RDONLY | O_DIRECTORY), FD_DIRECTORY);
    world_restore_descriptors();
}

static void make_terminal(void)
{
    struct pty pty;

    if (pty_open(&pty)) {
        place(pty.master, FD_MASTER);
        place(pty.slave, FD_SLAVE);
    }
}

static void make_endpoint(void)
{
    int fds[2];

    if (with_endpoint && !endpoint_create(fds, 0)) {
        place(fds[0], FD_RECEIVE);
        place(fds[1], FD_SEND);
    }
}

void world_begin(void)
{
    make_terminal();
    make_endpoint();
    world_reset_flags(FD_MASTER);
    world_reset_flags(FD_SLAVE);
}
