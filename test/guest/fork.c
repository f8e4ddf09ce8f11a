/*
 * fork(2) and wait4(2): copy-on-write memory, exit statuses, many children.
 *
 * A broken kernel lets the child's stores show in the parent (COW not broken), reports a wrong
 * status, or loses a child.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/spawn.h"

#define PAGES    16
#define CHILDREN 50

static char data[4096 * 2] = "data";

static int child_writes(void *memory)
{
    char *bytes = memory;

    /* half of them: what may be written again is not yet the child's own */
    mprotect(bytes, PAGES / 2 * 4096, PROT_READ);
    mprotect(bytes, PAGES / 2 * 4096, PROT_READ | PROT_WRITE);
    for (int i = 0; i < PAGES; i++) {
        if (bytes[i * 4096] != i)
            return 1;
        bytes[i * 4096] = 100;
    }
    strcpy(data, "child");
    return 42;
}

static void check_copy_on_write(void)
{
    char *memory =
        mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int intact = 0;

    for (int i = 0; i < PAGES; i++)
        memory[i * 4096] = i;
    int status = spawn_body(child_writes, memory);
    ktap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 42, "the child saw the parent's bytes");
    for (int i = 0; i < PAGES; i++)
        intact += memory[i * 4096] == i;
    ktap_equal(intact, PAGES, "the child's stores stay its own: mapped memory");
    ktap_ok(!strcmp(data, "data"), "the child's stores stay its own: data segment");
    munmap(memory, PAGES * 4096);
}

static int exit_with(void *status)
{
    return (intptr_t)status;
}

static void check_statuses(void)
{
    static const int codes[] = {0, 1, 127, 255, 256, 258};

    for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        int status = spawn_body(exit_with, (void *)(intptr_t)codes[i]);
        ktap_equal(status, (codes[i] & 0xff) << 8, "exit(%d)", codes[i]);
    }
}

static void check_many(void)
{
    int sum = 0, reaped = 0, status;

    for (int i = 0; i < CHILDREN; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(i);
    }
    while (wait(&status) > 0) {
        reaped++;
        sum += WEXITSTATUS(status);
    }
    ktap_equal(reaped, CHILDREN, "every child is reaped once");
    ktap_equal(sum, CHILDREN * (CHILDREN - 1) / 2, "each with its own status");
    ktap_ok(wait(NULL) == -1 && errno == ECHILD, "then there is no child");
}

static void check_wait_options(void)
{
    int ends[2], status;
    char byte;

    ktap_ok(waitpid(-1, NULL, 0x10) == -1 && errno == EINVAL, "bad options");
    ktap_ok(waitpid(99999, NULL, 0) == -1 && errno == ECHILD, "not a child");
    if (pipe(ends)) {
        ktap_ok(false, "pipe");
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) != 0);
    }
    ktap_equal(waitpid(pid, &status, WNOHANG), 0, "WNOHANG while the child runs");
    close(ends[1]);
    ktap_equal(waitpid(pid, &status, 0), pid, "waitpid by pid");
    ktap_equal(status, 0, "its status");
    close(ends[0]);
}

/* A grandchild whose parent is gone belongs to init. */
static int orphan(void *pipe_end)
{
    if (fork() == 0) {
        while (getppid() != 1)
            usleep(1000);
        write((intptr_t)pipe_end, "x", 1);
        _exit(0);
    }
    return 0;
}

static void check_orphan(void)
{
    int ends[2];
    char byte = 0;

    if (pipe(ends))
        return;
    spawn_body(orphan, (void *)(intptr_t)ends[1]);
    close(ends[1]);
    ktap_ok(read(ends[0], &byte, 1) == 1 && byte == 'x', "an orphan gets parent 1");
    close(ends[0]);
}

int main(void)
{
    ktap_begin();
    check_copy_on_write();
    check_statuses();
    check_many();
    check_wait_options();
    check_orphan();
    return ktap_end();
}
