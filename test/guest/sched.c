/*
 * Scheduling: a process that never calls the kernel does not stop the others.
 *
 * A broken kernel switches only when it is called, or forgets somebody in its queue.
 */
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/syscall.h"

#define SPINNERS  3
#define PROCESSES 30

static void check_preemption(void)
{
    int done[2], status;
    pid_t spinners[SPINNERS];
    char byte;

    if (pipe(done))
        return;
    /* each spins until its time is up, which only the clock tells */
    for (int i = 0; i < SPINNERS; i++) {
        spinners[i] = fork();
        if (spinners[i] == 0) {
            for (volatile uint32_t turn = 0; turn < 30000000; turn++)
                ;
            write(done[1], "s", 1);
            _exit(0);
        }
    }
    if (fork() == 0) {
        for (int i = 0; i < 5; i++)
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
