/*
 * bench: what system calls cost, in Go's benchmark format.
 *
 *     bench                 every benchmark through every door, in this process's isolation mode
 *     bench NAME DOOR       one of them
 *     bench operations [NAME]  what is more than one call: faults, processes, mappings
 *     bench --all           every benchmark, door and mode, interleaved in this one boot, twice: a
 *                           KTAP result says for each whether both rounds agree to the digit
 *
 * The figures are instructions where the TSC counts them (an icount run); elsewhere they are called
 * min-ticks/op, which is what they are.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/bench/ipc.h"
#include "user/bench/measure.h"
#include "user/bench/operations.h"
#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"
#include "user/lib/syscall.h"

#define NO_SUCH_CALL 999
#define BUFFER_SIZE  65536

/* One row a benchmark: the call, and the file that its first argument is. */
static const struct bench {
    const char *name;
    long number;
    const char *path;
    int flags;
    long size; /* third argument; the second is the buffer where this is not 0 */
    int ipc;   /* enum postern_ipc, of a call that a server answers */
} benches[] = {
    {"Null", NR_getppid, NULL, 0, 0, 0},
    {"Enosys", NO_SUCH_CALL, NULL, 0, 0, 0},
    {"ReadZero1", NR_read, "/dev/zero", O_RDONLY, 1, 0},
    {"ReadZero64K", NR_read, "/dev/zero", O_RDONLY, BUFFER_SIZE, 0},
    {"WriteNull1", NR_write, "/dev/null", O_WRONLY, 1, 0},
    {"IpcRoundTrip", NR_ipc_call, NULL, 0, 0, IPC_DIRECT},
    {"IpcRoundTripKernel", NR_ipc_call, NULL, 0, 0, IPC_KERNEL},
};

#define NR_BENCHES (sizeof(benches) / sizeof(benches[0]))

static int doors(void)
{
    return on_postern() ? postern_get(POSTERN_DOORS) : 1 << DOOR_INT80;
}

static const char *mode(void)
{
    return on_postern() ? isolation_names[postern_get(POSTERN_ISOLATION)] : "linux";
}

static void print_cost(struct cost cost)
{
    /* a clock's ticks are no instructions, and only their minimum says anything */
    if (measure_exact())
        printf("%u instr/op", cost.median);
    else
        printf("%u min-ticks/op", cost.minimum);
    if (on_postern())
        printf(" %u cr3/op", cost.cr3_writes);
    printf("\n");
}

/* All, or the one of that name. */
static void run_operations(const char *name)
{
    const struct call nothing = {0};

    for (const struct operation *operation = operations; operation->name; operation++) {
        if (name && strcmp(name, operation->name))
            continue;
        struct cost cost = measure(operation->body, &nothing);
        printf("Benchmark%s/isolation=%s %u ", operation->name, mode(), cost.samples);
        print_cost(cost);
    }
}

static void run(const struct bench *bench, int door)
{
    struct call call = {.number = bench->number};

    if (bench->path) {
        char *buffer =
            mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        int fd = open(bench->path, bench->flags);
        if (buffer == MAP_FAILED || fd < 0) {
            perror(bench->path);
            exit(1);
        }
        memset(buffer, 1, BUFFER_SIZE);
        call.arguments[0] = fd;
        call.arguments[1] = (long)buffer;
        call.arguments[2] = bench->size;
    }
    if (bench->number == NR_ipc_call)
        call.arguments[0] = ipc_server_start(door, bench->ipc);
    struct cost cost = measure(syscall_stub(door), &call);
    printf("Benchmark%s/isolation=%s/door=%s %u ", bench->name, mode(), door_names[door],
           cost.samples);
    print_cost(cost);
}

static void print_units(void)
{
    printf("Unit instr/op assume=exact\nUnit cr3/op assume=exact\n"
           "Unit pages/op assume=exact\nUnit bytes/op assume=exact\n");
}

static void print_exposure(void)
{
    unsigned pages = postern_exposed_pages();

    printf("BenchmarkExposure/isolation=%s 1 %u pages/op %u bytes/op\n", mode(), pages,
           pages << PAGE_SHIFT);
}

/* --- all of them, interleaved ------------------------------------------------------------- */

/* The line that `bench first second` prints in the given mode. */
static void line_of(int isolation, const char *first, const char *second, char *line, size_t size)
{
    int ends[2];
    size_t length = 0;
    ssize_t part;

    fflush(stdout);
    if (pipe(ends)) {
        perror("bench: pipe");
        exit(1);
    }
    pid_t pid = fork();
    if (pid == 0) {
        char *argv[] = {"bench", (char *)first, (char *)second, NULL};
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        postern_set(POSTERN_ISOLATION_NEXT, isolation);
        spawn_exec("bench", argv);
        _exit(127);
    }
    close(ends[1]);
    while (length < size - 1 && (part = read(ends[0], line + length, size - 1 - length)) > 0)
        length += part;
    line[length] = '\0';
    close(ends[0]);
    waitpid(pid, NULL, 0);
}

/* Both modes, A B A B; prints the first round's lines and whether the second agreed. */
static void compare_modes(const char *first, const char *second)
{
    char lines[2][2][160], name[80];

    for (int round = 0; round < 2; round++) {
        for (int isolation = 0; isolation < 2; isolation++)
            line_of(isolation, first, second, lines[round][isolation], sizeof(lines[0][0]));
    }
    for (int isolation = 0; isolation < 2; isolation++) {
        const char *line = lines[0][isolation], *again = lines[1][isolation];
        snprintf(name, sizeof(name), "%s%s%s %s is the same twice", first, second ? " " : "",
                 second ? second : "", isolation_names[isolation]);
        printf("%s", line);
        if (strstr(line, "ticks/op") && *again) {
            ktap_skip("the TSC counts time here, not instructions", "%s", name);
            continue;
        }
        bool same = *line && !strcmp(line, again);
        if (!same)
            ktap_note("the second round: %.*s", (int)strcspn(again, "\n"), again);
        ktap_ok(same, "%s", name);
    }
}

static int run_all(void)
{
    int available = doors();

    ktap_begin();
    print_units();
    for (unsigned i = 0; i < NR_BENCHES; i++) {
        for (int door = 0; door < NR_DOORS; door++) {
            if (available & 1 << door)
                compare_modes(benches[i].name, door_names[door]);
            else
                ktap_skip("this CPU lacks the door", "%s %s", benches[i].name, door_names[door]);
        }
    }
    compare_modes("exposure", NULL);
    return ktap_end();
}

static const struct bench *find(const char *name)
{
    for (unsigned i = 0; i < NR_BENCHES; i++) {
        if (!strcmp(benches[i].name, name))
            return &benches[i];
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (!measure_possible()) {
        printf("1..0 # SKIP this CPU has no time stamp counter\n");
        return 0;
    }
    if (argc == 2 && (!strcmp(argv[1], "exposure") || !strcmp(argv[1], "--all"))) {
        if (!on_postern()) {
            printf("1..0 # SKIP this is not Postern\n");
            return 0;
        }
        if (!strcmp(argv[1], "--all"))
            return run_all();
        print_exposure();
        return 0;
    }
    if (argc >= 2 && !strcmp(argv[1], "operations")) {
        print_units();
        run_operations(argv[2]);
        return 0;
    }
    if (argc == 1) {
        print_units();
        for (unsigned i = 0; i < NR_BENCHES; i++) {
            for (int door = 0; door < NR_DOORS; door++) {
                if ((doors() & 1 << door) && (benches[i].number != NR_ipc_call || on_postern()))
                    run(&benches[i], door);
            }
        }
        if (on_postern())
            print_exposure();
        return 0;
    }
    const struct bench *bench = argc == 3 ? find(argv[1]) : NULL;
    int door = argc == 3 ? door_number(argv[2]) : -2;
    if (!bench || door < 0 || !(doors() & 1 << door)) {
        fprintf(stderr,
                "usage: bench [--all | exposure | operations [NAME] | NAME DOOR]\n       NAME:");
        for (unsigned i = 0; i < NR_BENCHES; i++)
            fprintf(stderr, " %s", benches[i].name);
        fprintf(stderr, "\n");
        return 2;
    }
    run(bench, door);
    return 0;
}
