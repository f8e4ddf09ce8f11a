#define _GNU_SOURCE
#include "user/bench/operations.h"

#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096
#define PAGES 4096 /* more than there are samples */

static char *map(size_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void fork_exit_wait(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
}

static void fork_exec_exit_wait(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        char *argv[] = {"true", NULL};
        execv("/bin/true", argv);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
}

static void fault(void)
{
    static char *next;

    if (!next)
        next = map(PAGES * PAGE);
    *next = 1;
    next += PAGE;
}

static void map_and_unmap(void)
{
    munmap(map(PAGE), PAGE);
}

static void map_touch_unmap(void)
{
    char *page = map(PAGE);

    *page = 1;
    munmap(page, PAGE);
}

/* Among 10,000 regions: none can be merged with its neighbour. */
static char *many(void)
{
    static char *memory;

    if (!memory) {
        memory = map(10000 * PAGE);
        for (int i = 0; i < 10000; i += 2)
            mprotect(memory + i * PAGE, PAGE, PROT_READ);
    }
    return memory;
}

static void protect_among_many(void)
{
    char *page = many() + 5000 * PAGE;

    mprotect(page, PAGE, PROT_READ | PROT_EXEC);
    mprotect(page, PAGE, PROT_READ);
}

static void map_among_many(void)
{
    many();
    map_and_unmap();
}

/* Two pages that change places, with whatever is in them. */
static void move_page(void)
{
    static char *page, *other;

    if (!page) {
        page = map(3 * PAGE);
        other = page + 2 * PAGE;
        *page = 1;
        munmap(page + PAGE, 2 * PAGE);
    }
    mremap(page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, other);
    char *swap = page;
    page = other;
    other = swap;
}

/* What leaves pages or regions behind comes last: a fork copies them. */
const struct operation operations[] = {
    {"ForkExitWait", fork_exit_wait},
    {"ForkExecExitWait", fork_exec_exit_wait},
    {"MmapMunmap", map_and_unmap},
    {"MmapTouchMunmap", map_touch_unmap},
    {"MremapMove", move_page},
    {"PageFault", fault},
    {"MmapMunmapMany", map_among_many},
    {"MprotectMany", protect_among_many},
    {NULL, NULL},
};
