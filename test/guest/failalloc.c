/*
 * Every allocation that a call makes fails once: the first in the first turn, the second in the
 * second, until the call gets through. Each time the answer is the error that Linux has for it, or
 * the end of the process that asked, and what the kernel has in use is what it was. Postern only.
 *
 * Rule: the manual pages' ENOMEM and their relatives. A broken kernel panics, leaks what it had
 * when it gave up, undoes what it had not done, or tells of success.
 *
 * A row is a call; it runs in a child of its own, most of them unarmed first, so that the child has
 * touched its own pages. It returns 0 or the errno, and undoes what it did.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"
#include "user/lib/syscall.h"

#define PAGE     4096
#define TURNS    500 /* more allocations than any call makes */
#define COMPLETE 100 /* exit status: the call got through before its Nth allocation */

static int result_of(long value)
{
    return value < 0 ? errno : 0;
}

static void *map(size_t size, int flags)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0);
}

static int call_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return result_of(pid);
}

static int call_vfork(void)
{
    pid_t pid = vfork();

    if (pid == 0)
        _exit(0);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return result_of(pid);
}

static int call_execve(void)
{
    char *argv[] = {"true", NULL}, *envp[] = {"A=B", NULL};

    execve("/test/true", argv, envp);
    return errno;
}

static int call_mmap(void)
{
    void *memory = map(PAGE, MAP_PRIVATE);

    return memory == MAP_FAILED ? errno : result_of(munmap(memory, PAGE));
}

static int call_mmap_shared(void)
{
    void *memory = map(PAGE, MAP_SHARED);

    return memory == MAP_FAILED ? errno : result_of(munmap(memory, PAGE));
}

static int call_mmap_fixed(void)
{
    char *memory = map(3 * PAGE, MAP_PRIVATE);

    if (memory == MAP_FAILED)
        return errno;
    void *middle =
        mmap(memory + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    int error = middle == MAP_FAILED ? errno : 0;
    while (munmap(memory, 3 * PAGE)) /* it may be this one's turn */
        error = errno;
    return error;
}

static int call_munmap(void)
{
    char *memory = map(3 * PAGE, MAP_PRIVATE);

    if (memory == MAP_FAILED)
        return errno;
    int error = result_of(munmap(memory + PAGE, PAGE));
    while (munmap(memory, 3 * PAGE))
        error = errno;
    return error;
}

static int call_mprotect(void)
{
    char *memory = map(3 * PAGE, MAP_PRIVATE);

    if (memory == MAP_FAILED)
        return errno;
    int error = result_of(mprotect(memory + PAGE, PAGE, PROT_NONE));
    while (munmap(memory, 3 * PAGE))
        error = errno;
    return error;
}

static int call_mremap(void)
{
    char *memory = map(2 * PAGE, MAP_PRIVATE), *wall, *moved;

    if (memory == MAP_FAILED)
        return errno;
    memory[0] = 1;
    wall = mmap(memory + 2 * PAGE, PAGE, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    moved = mremap(memory, PAGE, 1025 * PAGE, MREMAP_MAYMOVE);
    int error = moved == MAP_FAILED ? errno : 0;
    if (!error && moved[0] != 1)
        error = EIO;
    while (munmap(memory, 2 * PAGE))
        error = errno;
    if (wall != MAP_FAILED)
        munmap(wall, PAGE);
    if (moved != MAP_FAILED)
        munmap(moved, 1025 * PAGE);
    return error;
}

static int call_mlock(void)
{
    char *memory = map(3 * PAGE, MAP_PRIVATE);

    if (memory == MAP_FAILED)
        return errno;
    int error = result_of(mlock(memory + PAGE, PAGE));
    while (munmap(memory, 3 * PAGE))
        error = errno;
    return error;
}

static int call_brk(void)
{
    uintptr_t start = syscall_raw(NR_brk, 0, 0, 0);
    uintptr_t end = syscall_raw(NR_brk, start + 5 * PAGE, 0, 0);

    syscall_raw(NR_brk, start, 0, 0);
    return end == start ? ENOMEM : 0;
}

static int call_pipe(void)
{
    int ends[2];

    if (pipe(ends))
        return errno;
    int error = result_of(write(ends[1], "x", 1));
    close(ends[0]);
    close(ends[1]);
    return error;
}

static int call_open(void)
{
    int fd = open("/etc/motd", O_RDONLY);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

/* The kernel takes the page for the bytes; without one the reader ends. */
static int call_read(void)
{
    char *memory = map(PAGE, MAP_PRIVATE);
    int fd = open("/dev/zero", O_RDONLY), error = 0;

    if (memory == MAP_FAILED || fd < 0)
        error = errno;
    else
        error = result_of(read(fd, memory, PAGE));
    if (fd >= 0)
        close(fd);
    if (memory != MAP_FAILED)
        munmap(memory, PAGE);
    return error;
}

static int call_writev(void)
{
    struct iovec vector[600];
    int fd = open("/dev/null", O_WRONLY);

    if (fd < 0)
        return errno;
    for (int i = 0; i < 600; i++)
        vector[i] = (struct iovec){"x", 1};
    int error = result_of(writev(fd, vector, 600));
    close(fd);
    return error;
}

static int call_dup2(void)
{
    if (dup2(1, 900) < 0)
        return errno;
    close(900);
    return 0;
}

static int call_wait(void)
{
    return wait4(-1, NULL, WNOHANG, NULL) < 0 && errno != ECHILD ? errno : 0;
}

static int call_nanosleep(void)
{
    return result_of(usleep(1));
}

static const struct row {
    const char *name;
    int (*body)(void);
    int errors[2]; /* that the call may give; the first is most calls' */
    bool cold;     /* only its first time in a process allocates: not tried unarmed before */
} rows[] = {
    {"fork", call_fork, {ENOMEM, EAGAIN}, false},
    {"vfork", call_vfork, {ENOMEM, EAGAIN}, false},
    {"execve", call_execve, {ENOMEM}, true},
    {"mmap", call_mmap, {ENOMEM}, false},
    {"mmap shared", call_mmap_shared, {ENOMEM}, false},
    {"mmap over a part", call_mmap_fixed, {ENOMEM}, false},
    {"munmap of the middle", call_munmap, {ENOMEM}, false},
    {"mprotect of the middle", call_mprotect, {ENOMEM}, false},
    {"mremap that moves", call_mremap, {ENOMEM}, false},
    {"mlock", call_mlock, {ENOMEM, EAGAIN}, false},
    {"brk", call_brk, {ENOMEM}, false},
    {"pipe and write", call_pipe, {ENOMEM, ENFILE}, false},
    {"open", call_open, {ENOMEM, ENFILE}, false},
    {"read into a new page", call_read, {ENOMEM, ENFILE}, false},
    {"writev of 600", call_writev, {ENOMEM, ENFILE}, false},
    {"dup2 to 900", call_dup2, {ENOMEM, EMFILE}, true},
    {"wait4", call_wait, {ENOMEM}, false},
    {"nanosleep", call_nanosleep, {ENOMEM}, false},
};

/* --- turns ------------------------------------------------------------------------------------ */

struct turn {
    const struct row *row;
    int number;
};

static int take_turn(void *argument)
{
    const struct turn *turn = argument;

    if (!turn->row->cold && turn->row->body())
        return 1;
    postern_set(POSTERN_FAILALLOC, turn->number);
    int error = turn->row->body();
    bool fired = postern_get(POSTERN_FAILALLOC) == 0;
    postern_set(POSTERN_FAILALLOC, 0);
    if (!fired)
        return error ? 2 : COMPLETE;
    return error;
}

static void wait_for_orphans(int frames, int heap)
{
    for (int i = 0; i < 200 && (postern_get(POSTERN_FRAMES_IN_USE) != frames ||
                                postern_get(POSTERN_HEAP_IN_USE) != heap);
         i++)
        usleep(10000);
}

static bool acceptable(const struct row *row, int status)
{
    int error = WEXITSTATUS(status);

    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGKILL;
    return error == 0 || error == row->errors[0] || error == row->errors[1];
}

static void check(const struct row *row)
{
    int bad = 0, leaks = 0, turns = 0, status = 0;

    for (turns = 1; turns <= TURNS; turns++) {
        struct turn turn = {row, turns};
        int frames = postern_get(POSTERN_FRAMES_IN_USE), heap = postern_get(POSTERN_HEAP_IN_USE);
        status = spawn_body(take_turn, &turn);
        wait_for_orphans(frames, heap);
        int frames_now = postern_get(POSTERN_FRAMES_IN_USE);
        int heap_now = postern_get(POSTERN_HEAP_IN_USE);
        if (frames_now != frames || heap_now != heap) {
            ktap_note("%s: allocation %d: frames %d, heap %d more", row->name, turns,
                      frames_now - frames, heap_now - heap);
            leaks++;
        }
        /* a program that was started exits with 0, whatever its own turn was */
        if (WIFEXITED(status) &&
            (WEXITSTATUS(status) == COMPLETE || (row->body == call_execve && status == 0)))
            break;
        if (!acceptable(row, status)) {
            ktap_note("%s: allocation %d: status %x", row->name, turns, status);
            bad++;
        }
    }
    ktap_ok(turns <= TURNS, "%s: gets through after %d failures", row->name, turns - 1);
    ktap_ok(!bad, "%s: each is an errno of its own or the end of the process", row->name);
    ktap_ok(!leaks, "%s: nothing is lost", row->name);
}

static void check_setting(void)
{
    ktap_equal(postern_get(POSTERN_FAILALLOC), 0, "off at first");
    ktap_ok(postern_set(POSTERN_FAILALLOC, -1) < 0 && errno == EINVAL, "not negative");
    postern_set(POSTERN_FAILALLOC, 1000);
    ktap_equal(postern_get(POSTERN_FAILALLOC), 1000, "armed: what is left");
    call_mmap_shared();
    ktap_ok(postern_get(POSTERN_FAILALLOC) < 1000, "this process's allocations count");
    int left = postern_get(POSTERN_FAILALLOC);
    postern_set(POSTERN_FAILALLOC, left);
    ktap_equal(postern_get(POSTERN_FAILALLOC), left, "a set counts from now on");
    postern_set(POSTERN_FAILALLOC, 0);
    ktap_equal(postern_get(POSTERN_FAILALLOC), 0, "off again");
}

int main(void)
{
    ktap_begin();
    if (!on_postern()) {
        ktap_skip("Postern only", "failing allocations");
        return ktap_end();
    }
    usleep(1);
    check_setting();
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(&rows[i]);
    return ktap_end();
}
