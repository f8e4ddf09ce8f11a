/*
 * What isolation means, seen from user mode. Postern only.
 *
 * split: the process's directory maps nothing of the kernel but the gate, and each call is two CR3
 * writes. shared: the kernel is there, supervisor-only, and CR3 is never written. Both live in one
 * boot and talk to each other. A broken kernel exposes more, or counts what it does not do.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trampoline/layout.h"
#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"
#include "user/lib/syscall.h"

#define CALLS  100
#define ROUNDS 200

static int isolation;
static char *self;

static void check_exposure(void)
{
    struct postern_exposure rows[64];
    int count = postern_exposure(rows, 64), outside = 0;
    bool gate[3] = {false, false, false};

    ktap_ok(count > 0 && count <= 64, "exposure has %d rows", count);
    for (int i = 0; i < count && i < 64; i++) {
        outside += rows[i].start < GATE_REGION;
        gate[0] |= rows[i].start == GATE_IDT && !(rows[i].flags & EXPOSURE_WRITABLE);
        gate[1] |= rows[i].start == GATE_TEXT && !(rows[i].flags & EXPOSURE_WRITABLE);
        gate[2] |= rows[i].start == GATE_CPU(0) && rows[i].end == GATE_CPU(0) + PAGE_SIZE;
    }
    ktap_ok(gate[0] && gate[1] && gate[2], "it names IDT, gate page (read-only) and CPU page");
    if (isolation == ISOLATION_SPLIT) {
        ktap_equal(outside, 0, "split: nothing outside the gate region");
        ktap_equal(postern_exposed_pages(), 3, "split: three pages");
    } else {
        ktap_ok(outside > 0 && postern_exposed_pages() > 256, "shared: the kernel too");
    }
}

static void check_counters(void)
{
    struct postern_counters before, after;
    unsigned per_call = isolation == ISOLATION_SPLIT ? 2 : 0;

    for (int door = 0; door < NR_DOORS; door++) {
        if (!(postern_get(POSTERN_DOORS) & 1 << door))
            continue;
        /* a tick or a first touch in the middle adds its own two: try again then */
        for (int attempt = 0; attempt < 1000; attempt++) {
            postern_counters(&before);
            for (int i = 0; i < CALLS; i++)
                syscall_via(door, NR_brk, 0, 0, 0, 0, 0, 0); /* nothing the gate page knows */
            postern_counters(&after);
            if (postern_undisturbed(&before, &after))
                break;
        }
        ktap_equal(after.cr3_writes - before.cr3_writes, (CALLS + 1) * per_call,
                   "%s: CR3 writes of 100 calls and one more", door_names[door]);
        ktap_equal(after.entries[door] - before.entries[door], CALLS + (door == DOOR_INT80),
                   "%s: entries counted", door_names[door]);
    }
}

static int report_mode(void)
{
    return 10 + postern_get(POSTERN_ISOLATION);
}

/* Reads bytes, answers each with its successor, in whatever mode it was started. */
static int echo(void)
{
    unsigned char byte;

    while (read(0, &byte, 1) == 1) {
        byte++;
        if (write(1, &byte, 1) != 1)
            return 1;
    }
    return 20 + postern_get(POSTERN_ISOLATION);
}

/*
 * Two calls on each side, each two writes in split and none in shared. A switch between two split
 * processes writes none, since both are on the kernel's directory then; any other writes one.
 */
static const unsigned writes_per_round[2][2] = {{8, 6}, {6, 2}};

static void exchange(int to, int from, int rounds)
{
    unsigned char byte = 0;

    while (rounds-- && write(to, &byte, 1) == 1 && read(from, &byte, 1) == 1)
        ;
}

static void check_ping_pong(int mode)
{
    struct postern_counters before, after;
    int there[2], back[2], right = 0, status;
    unsigned char byte;

    if (pipe(there) || pipe(back)) {
        ktap_ok(false, "pipes");
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        char *argv[] = {self, "echo", NULL};
        dup2(there[0], 0);
        dup2(back[1], 1);
        close(there[0]), close(there[1]), close(back[0]), close(back[1]);
        postern_set(POSTERN_ISOLATION_NEXT, mode);
        spawn_exec("isolation", argv);
        _exit(1);
    }
    close(there[0]);
    close(back[1]);
    exchange(there[1], back[0], 5); /* until the other side is up and has touched its pages */
    postern_counters(&before);
    for (int i = 0; i < ROUNDS; i++) {
        byte = i;
        if (write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1)
            right += byte == (unsigned char)(i + 1);
    }
    postern_counters(&after);
    /* a round is four calls and two switches; to the nearest, since ticks add their own */
    ktap_equal((after.cr3_writes - before.cr3_writes + ROUNDS / 2) / ROUNDS,
               writes_per_round[isolation][mode], "CR3 writes of a round, %s with %s",
               isolation_names[isolation], isolation_names[mode]);
    close(there[1]);
    close(back[0]);
    waitpid(pid, &status, 0);
    ktap_equal(right, ROUNDS, "ping-pong with a process in %s", isolation_names[mode]);
    ktap_equal(spawn_status(status), 20 + mode, "which says so itself");
}

static int exec_in(void *mode)
{
    char *argv[] = {self, "mode", NULL};

    postern_set(POSTERN_ISOLATION_NEXT, (long)mode);
    spawn_exec("isolation", argv);
    return 1;
}

static void check_settings(void)
{
    ktap_ok(postern_set(POSTERN_ISOLATION_NEXT, 2) == -1 && errno == EINVAL, "no such mode");
    ktap_ok(postern_set(POSTERN_ISOLATION, 0) == -1 && errno == EINVAL,
            "the mode of a running program stays");
    ktap_ok(postern_set(POSTERN_DOOR_NEXT, 9) == -1 && errno == EINVAL, "no such door");
    ktap_ok(postern_set(POSTERN_COPY, 9) == -1 && errno == EINVAL, "no such copy strategy");
    ktap_ok(postern_get(1000) == -1 && errno == EINVAL, "no such setting");
    ktap_equal(postern_set(POSTERN_COPY, COPY_DIRECT), isolation == ISOLATION_SHARED ? 0 : -1,
               "copy=direct only in shared");
    postern_set(POSTERN_COPY, COPY_WALK);
    ktap_ok(postern_sabotage(SABOTAGE_PANIC) == -1 && errno == EPERM,
            "no sabotage unless booted so");
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc == 2 && !strcmp(argv[1], "mode"))
        return report_mode();
    if (argc == 2 && !strcmp(argv[1], "echo"))
        return echo();
    ktap_begin();
    if (!on_postern()) {
        ktap_skip("Postern only", "isolation");
        return ktap_end();
    }
    /* the one that writes no CR3 of its own: what is counted here is the gate's */
    postern_set(POSTERN_COPY, COPY_WALK);
    isolation = postern_get(POSTERN_ISOLATION);
    check_exposure();
    check_counters();
    for (long mode = 0; mode < 2; mode++) {
        ktap_equal(spawn_status(spawn_body(exec_in, (void *)mode)), 10 + mode,
                   "execve changes the mode to %s", isolation_names[mode]);
        check_ping_pong(mode);
    }
    check_settings();
    return ktap_end();
}
