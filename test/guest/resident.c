/*
 * Calls that the gate page answers itself (resident=on): the same answers, flags and registers as
 * the kernel's, by every door, and not one CR3 write.
 *
 * A broken kernel answers with what was true before setsid() or setuid(), gives one thread the
 * other's number, lets a traced process's calls escape its trace, or loses a single step.
 *
 * The program starts itself again with resident=on; on Linux there is nothing to see.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"
#include "user/lib/syscall.h"

#define CALLS 100

static const struct {
    const char *name;
    int number;
} answered[] = {
    {"getpid", NR_getpid},     {"getppid", NR_getppid},     {"getpgrp", NR_getpgrp},
    {"gettid", NR_gettid},     {"getuid32", NR_getuid32},   {"geteuid32", NR_geteuid32},
    {"getgid32", NR_getgid32}, {"getegid32", NR_getegid32}, {"sched_yield", NR_sched_yield},
};
#define NR_ANSWERED (sizeof(answered) / sizeof(answered[0]))

static long call(int door, int number)
{
    return syscall_via(door, number, 1, 2, 3, 4, 5, 6);
}

/* The kernel's own answer: a traced process is answered by nobody else. */
static long ask_kernel(int door, int number)
{
    postern_set(POSTERN_TRACE, 1);
    long result = call(door, number);
    postern_set(POSTERN_TRACE, 0);
    return result;
}

static void check_answers(int door)
{
    struct postern_counters before, after;

    for (unsigned i = 0; i < NR_ANSWERED; i++) {
        long kernel = ask_kernel(door, answered[i].number), wrong = 0;
        /* alone only when who reads our output has written it, which a slow line makes long */
        for (int attempt = 0; attempt < 100; attempt++) {
            postern_counters(&before);
            for (int n = 0; n < CALLS; n++)
                wrong += call(door, answered[i].number) != kernel;
            postern_counters(&after);
            if (after.context_switches == before.context_switches)
                break;
            usleep(10000);
        }
        ktap_equal(wrong, 0, "%s: %s is what the kernel says", door_names[door], answered[i].name);
        /* some may have met a tick, or another thread that could run */
        ktap_ok(after.answered - before.answered >= CALLS / 2,
                "%s: %s is answered by the gate page", door_names[door], answered[i].name);
    }
    for (int attempt = 0; attempt < 1000; attempt++) {
        postern_counters(&before);
        for (int n = 0; n < CALLS; n++)
            call(door, NR_getpid);
        postern_counters(&after);
        if (postern_undisturbed(&before, &after))
            break;
    }
    uint32_t own = postern_get(POSTERN_COPY) == COPY_BOUNCE ? 4 : 2;
    ktap_ok(after.cr3_writes - before.cr3_writes <= own, "%s: no CR3 write but the counters' own",
            door_names[door]);
    ktap_equal(call(door, 255), -ENOSYS, "%s: a number without a call", door_names[door]);
    ktap_equal(call(door, 256), -ENOSYS, "%s: the first number that is never looked up",
               door_names[door]);
    ktap_equal(call(door, -1), -ENOSYS, "%s: the highest number", door_names[door]);
    ktap_equal(call(door, INT32_MIN), -ENOSYS, "%s: the lowest number", door_names[door]);
}

#define USER_FLAGS 0xcd5 /* CF PF AF ZF SF DF OF */

/* The arithmetic flags and DF, and all registers that the door's stub keeps. */
static void check_state(int door)
{
    struct {
        uint32_t stub, flags;
    } in = {(uintptr_t)syscall_stub(door), 0};
    uint32_t eax = NR_getppid, ebx = 0x11111111, ecx = 0x44444444, edx = 0x55555555;
    uint32_t esi = 0x22222222;

    __asm__ volatile("pushl %6; popfl\n\t"
                     "call *(%%edi)\n\t"
                     "pushfl; popl 4(%%edi)\n\t"
                     "cld"
                     : "+a"(eax), "+b"(ebx), "+c"(ecx), "+d"(edx), "+S"(esi)
                     : "D"(&in), "i"(USER_FLAGS | 2)
                     : "memory", "cc");
    ktap_ok(ebx == 0x11111111 && ecx == 0x44444444 && edx == 0x55555555 && esi == 0x22222222,
            "%s: registers survive", door_names[door]);
    ktap_equal(in.flags & USER_FLAGS, USER_FLAGS, "%s: so do flags", door_names[door]);
}

static int same_as_kernel(void *number)
{
    int door = DOOR_INT80, what = (intptr_t)number;

    return call(door, what) != ask_kernel(door, what);
}

static int change_ids(void *unused)
{
    (void)unused;
    if (setsid() != getpid() || same_as_kernel((void *)NR_getpgrp))
        return 1;
    if (setgid(7) || setuid(5))
        return 2;
    return call(DOOR_INT80, NR_getuid32) != 5 || call(DOOR_INT80, NR_geteuid32) != 5 ||
           call(DOOR_INT80, NR_getgid32) != 7 || call(DOOR_INT80, NR_getegid32) != 7;
}

static int be_orphaned(void *pipe_end)
{
    int end = (intptr_t)pipe_end;

    if (fork() == 0) {
        while (call(DOOR_INT80, NR_getppid) != 1)
            usleep(1000);
        write(end, "x", 1);
        _exit(0);
    }
    return 0;
}

static volatile int tids[2];

static void *tell_tid(void *slot)
{
    tids[(intptr_t)slot] = call(DOOR_INT80, NR_gettid);
    return NULL;
}

static void check_identities(void)
{
    pthread_t thread;
    int ends[2];
    char byte = 0;

    ktap_equal(spawn_body(same_as_kernel, (void *)NR_getpid), 0, "a fork's child has its own pid");
    ktap_equal(spawn_body(change_ids, NULL), 0, "setsid, setgid and setuid show at once");
    tell_tid((void *)0);
    pthread_create(&thread, NULL, tell_tid, (void *)1);
    pthread_join(thread, NULL);
    ktap_ok(tids[0] == getpid() && tids[1] > 0 && tids[1] != tids[0], "each thread has its number");
    if (pipe(ends))
        return;
    spawn_body(be_orphaned, (void *)(intptr_t)ends[1]);
    close(ends[1]);
    ktap_ok(read(ends[0], &byte, 1) == 1 && byte == 'x', "an orphan's parent is 1");
    close(ends[0]);
}

/* While a child is runnable, yielding lets it run. */
static void check_yield(void)
{
    struct postern_counters before, after;
    pid_t child = fork();

    if (child == 0) {
        for (;;)
            call(DOOR_INT80, NR_sched_yield);
    }
    postern_counters(&before);
    for (int n = 0; n < CALLS; n++)
        call(DOOR_INT80, NR_sched_yield);
    postern_counters(&after);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ktap_ok(after.context_switches - before.context_switches >= CALLS, "yielding to somebody");
}

static int step(void *door)
{
    void (*stub)(void) = syscall_stub((intptr_t)door);

    __asm__ volatile("pushfl; orl $0x100, (%%esp); popfl\n\t"
                     "call *%0\n\t"
                     :
                     : "r"(stub), "a"(NR_getpid)
                     : "ecx", "edx", "memory", "cc");
    return 0;
}

static int run(const char *self)
{
    char *argv[] = {(char *)self, "resident", NULL};

    postern_set(POSTERN_RESIDENT_NEXT, 1);
    fflush(stdout);
    execv(self, argv);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc == 1 && on_postern())
        return run(argv[0]);
    ktap_begin();
    if (!on_postern()) {
        ktap_skip("not Postern", "calls that the gate page answers");
        return ktap_end();
    }
    ktap_equal(postern_get(POSTERN_RESIDENT), 1, "resident is on");
    ktap_ok(postern_set(POSTERN_RESIDENT_NEXT, 2) == -1, "a bad value is refused");
    for (int door = 0; door < NR_DOORS; door++) {
        if (!(postern_get(POSTERN_DOORS) & 1 << door))
            continue;
        check_answers(door);
        check_state(door);
        ktap_ok(WTERMSIG(spawn_body(step, (void *)(intptr_t)door)) == SIGTRAP,
                "%s: a single step is not lost", door_names[door]);
    }
    check_identities();
    check_yield();
    return ktap_end();
}
