/*
 * Scheduling: a process that never calls the kernel does not stop the others.
 *
 * A broken kernel switches only when it is called, or forgets somebody in its queue.
 */
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/syscall.h"

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

#define SPINNERS  3
#define PROCESSES 30

/* Half a second that never gives the CPU away. */
static void spin(void)
{
    int64_t start = now_ms();

    while (now_ms() - start < 500) {
        for (volatile uint32_t turn = 0; turn < 1000000; turn++)
            ;
    }
}

static void check_preemption(void)
{
    int done[2], status;
    char byte;

    if (pipe(done))
        return;
    for (int i = 0; i < SPINNERS; i++) {
        if (fork() == 0) {
            spin();
            write(done[1], "s", 1);
            _exit(0);
        }
    }
    if (fork() == 0) {
        for (int i = 0; i < 2; i++)
            usleep(1000);
        write(done[1], "q", 1);
        _exit(0);
    }
    ktap_ok(read(done[0], &byte, 1) == 1 && byte == 'q', "a sleeper overtakes spinning processes");
    for (int i = 0; i < SPINNERS + 1; i++)
        wait(&status);
    close(done[0]);
    close(done[1]);
}

static void check_many(void)
{
    int reaped = 0, status;

    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            for (int turn = 0; turn < 20; turn++)
                syscall_raw(NR_sched_yield, 0, 0, 0);
            _exit(3);
        }
    }
    while (wait(&status) > 0)
        reaped += status == 3 << 8;
    ktap_equal(reaped, PROCESSES, "30 processes that yield all end");
}

int main(void)
{
    ktap_begin();
    check_preemption();
    check_many();
    ktap_equal(syscall_raw(NR_sched_yield, 0, 0, 0), 0, "sched_yield alone");
    return ktap_end();
}
