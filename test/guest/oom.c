/*
 * Memory runs out: an errno, or the end of the process that holds most of it; never of anybody
 * else. Postern only (a Linux host would rather kill its neighbours).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"

static size_t all_memory(void)
{
    return (size_t)postern_get(POSTERN_MEMORY_KIB) * 1024;
}

static char *map(size_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int nothing(void *unused)
{
    (void)unused;
    return 0;
}

static int touch_everything(void *unused)
{
    size_t size = all_memory();
    char *memory = map(size);

    (void)unused;
    if (memory == MAP_FAILED)
        return 1;
    for (size_t i = 0; i < size; i += 4096)
        memory[i] = 1;
    return 0;
}

/* The kernel itself runs out while it copies to the process. */
static int read_everything(void *unused)
{
    size_t size = all_memory();
    char *memory = map(size);
    int zero = open("/dev/zero", O_RDONLY);

    (void)unused;
    if (memory == MAP_FAILED)
        return 1;
    for (size_t done = 0; done < size; done += 1 << 20)
        read(zero, memory + done, 1 << 20);
    return 0;
}

static int fork_until_it_fails(void *unused)
{
    int children = 0, error = 0;
    int ends[2];
    char byte;

    (void)unused;
    if (pipe(ends))
        return 1;
    for (; children < 3000; children++) {
        pid_t pid = fork();
        if (pid == 0) {
            close(ends[1]);
            _exit(read(ends[0], &byte, 1) != 0); /* until the parent has closed its end */
        }
        if (pid < 0) {
            error = errno;
            break;
        }
    }
    close(ends[1]);
    int reaped = 0;
    while (wait(NULL) > 0)
        reaped++;
    return reaped == children && (error == EAGAIN || error == ENOMEM) ? 0 : 2;
}

/* Orphans of a process that was killed take a while to die. */
static int frames_when_settled(int wanted)
{
    for (int i = 0; i < 200 && postern_get(POSTERN_FRAMES_IN_USE) != wanted; i++)
        usleep(10000);
    return postern_get(POSTERN_FRAMES_IN_USE);
}

static void check(int (*body)(void *), bool killed, const char *name)
{
    int frames = postern_get(POSTERN_FRAMES_IN_USE), heap = postern_get(POSTERN_HEAP_IN_USE);
    int status = spawn_body(body, NULL);
    int frames_now = frames_when_settled(frames), heap_now = postern_get(POSTERN_HEAP_IN_USE);
    bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;

    /* a process may also be killed because it touched its own copy-on-write page at the wrong time
     */
    if (killed)
        ktap_ok(was_killed, "%s: SIGKILL", name);
    else
        ktap_ok(status == 0 || was_killed, "%s: an errno, or SIGKILL", name);
    ktap_equal(frames_now, frames, "%s: frames return", name);
    ktap_equal(heap_now, heap, "%s: heap returns", name);
}

static uint32_t free_frames(void)
{
    return (uint32_t)(all_memory() / 4096) - (uint32_t)postern_get(POSTERN_FRAMES_IN_USE);
}

/* Takes nearly all that is left, says so, and asks for nothing more. */
static int take_and_sleep(int ready)
{
    char *memory = map(all_memory());

    if (memory == MAP_FAILED)
        return 1;
    for (uint32_t enough = all_memory() / 4096 / 32; free_frames() > enough; memory += 4096)
        *memory = 1;
    write(ready, "", 1);
    for (;;)
        pause();
}

/* Twice what was left. */
static int touch_a_little(void *unused)
{
    size_t size = all_memory() / 16;
    char *memory = map(size);

    (void)unused;
    if (memory == MAP_FAILED)
        return 1;
    for (size_t i = 0; i < size; i += 4096)
        memory[i] = 1;
    return 0;
}

/* Whoever asks for the last page is not who took the others. */
static void check_bystander(void)
{
    int frames = postern_get(POSTERN_FRAMES_IN_USE), ends[2], status = 0;
    char byte;

    pipe(ends);
    pid_t greedy = fork();
    if (greedy == 0)
        _exit(take_and_sleep(ends[1]));
    ktap_equal(read(ends[0], &byte, 1), 1, "a greedy process holds nearly all memory");
    ktap_equal(spawn_body(touch_a_little, NULL), 0, "another gets what it asks for");
    ktap_equal(waitpid(greedy, &status, WNOHANG), greedy, "the greedy one has ended");
    ktap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "by SIGKILL");
    close(ends[0]);
    close(ends[1]);
    ktap_equal(frames_when_settled(frames), frames, "frames return");
}

int main(void)
{
    ktap_begin();
    if (!on_postern()) {
        ktap_skip("Postern only", "out of memory");
        return ktap_end();
    }
    usleep(1);
    spawn_body(nothing, NULL); /* so that this process has touched what it will */
    check(touch_everything, true, "touching more memory than there is");
    check(read_everything, true, "reading more memory than there is");
    check(fork_until_it_fails, false, "forking until it fails");
    check_bystander();
    return ktap_end();
}
