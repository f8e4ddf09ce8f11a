/*
 * Nothing is lost: physical frames and kernel heap return to their old counts after each of these.
 * Postern only. A broken kernel forgets a page table, a file, a kernel stack, or the half of a call
 * that failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"
#include "user/lib/syscall.h"

#define TIMES 20

static int nothing(void *unused)
{
    (void)unused;
    return 0;
}

static void fork_and_exit(void)
{
    spawn_body(nothing, NULL);
}

static void fork_and_fault(void)
{
    int status;

    if (fork() == 0)
        *(volatile int *)0 = 1;
    wait(&status);
}

static void fork_and_exec(void)
{
    char *argv[] = {"/test/true", NULL};

    spawn_wait(argv);
}

static void exec_that_fails(void)
{
    char *argv[] = {"x", NULL}, *bad[] = {"x", (char *)16, NULL};

    execve("/none", argv, argv);
    execve("/test/elfs/001.elf", argv, argv);
    execve("/test/elfs/009.elf", argv, argv);
    execve("/test/true", bad, argv);
    execve("/test/true", argv, bad);
}

static void map_and_unmap(void)
{
    char *memory = mmap(NULL, 10 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (int i = 0; i < 10 << 20; i += 4096)
        memory[i] = 1;
    munmap(memory + (1 << 20), 1 << 20);
    munmap(memory, 10 << 20);
}

static void pipes(void)
{
    int ends[2];
    char bytes[20000];

    if (pipe(ends))
        return;
    write(ends[1], bytes, sizeof(bytes));
    read(ends[0], bytes, 5000);
    close(ends[0]);
    close(ends[1]);
}

static void failing_pipe(void)
{
    syscall_raw(NR_pipe, 16, 0, 0);
}

static void open_and_close(void)
{
    close(open("/etc/motd", O_RDONLY));
    close(open("/none", O_RDONLY));
    close(open("/dev/null/x", O_RDONLY));
}

static void many_descriptors(void)
{
    int status;

    if (fork() == 0) {
        for (int i = 0; i < 500; i++)
            open("/dev/zero", O_RDONLY);
        _exit(0);
    }
    wait(&status);
}

static void broken_pipe(void)
{
    int ends[2], status;

    if (fork() == 0) {
        if (pipe(ends))
            _exit(1);
        close(ends[0]);
        write(ends[1], "x", 1);
        _exit(0);
    }
    wait(&status);
}

static const struct {
    void (*body)(void);
    const char *name;
} rows[] = {
    {fork_and_exit, "fork and exit"},
    {fork_and_fault, "fork and fault"},
    {fork_and_exec, "fork and exec"},
    {exec_that_fails, "exec that fails"},
    {map_and_unmap, "mmap, touch, munmap"},
    {pipes, "pipe with bytes left in it"},
    {failing_pipe, "pipe that fails"},
    {open_and_close, "open and close"},
    {many_descriptors, "exit with 500 open files"},
    {broken_pipe, "death by SIGPIPE"},
};

int main(void)
{
    ktap_begin();
    if (!on_postern()) {
        ktap_skip("Postern only", "leaks");
        return ktap_end();
    }
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rows[i].body(); /* what stays for good, stays the first time */
        int frames = postern_get(POSTERN_FRAMES_IN_USE), heap = postern_get(POSTERN_HEAP_IN_USE);
        for (int turn = 0; turn < TIMES; turn++)
            rows[i].body();
        ktap_equal(postern_get(POSTERN_FRAMES_IN_USE), frames, "%s: frames", rows[i].name);
        ktap_equal(postern_get(POSTERN_HEAP_IN_USE), heap, "%s: heap", rows[i].name);
    }
    return ktap_end();
}
