/*
 * bench: what system calls cost, in Go's benchmark format.
 *
 *     bench                 every benchmark through every door, in this process's isolation mode
 *     bench NAME [DOOR]     one of them
 *     bench copies          each copy strategy, by size, alignment and direction
 *     bench --all           every benchmark, door and mode, interleaved in this one boot, twice: a
 *                           KTAP result says for each whether both rounds agree to the digit
 *     bench profile NAME [DOOR]
 *                           runs it a few times for scripts/profile_operation.py, prints nothing
 *
 * The figures are instructions where the TSC counts them (an icount run); elsewhere they are called
 * min-ticks/op, which is what they are.
 */
#include "user/bench/bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"
#include "user/lib/syscall.h"

static const struct bench *const lists[] = {bench_calls, bench_ipc, bench_operations, bench_memory};

#define for_each_bench(bench)                                                   \
    for (unsigned list_ = 0; list_ < sizeof(lists) / sizeof(lists[0]); list_++) \
        for (const struct bench *bench = lists[list_]; bench->name; bench++)

void (*bench_door)(void);

static char **arguments;

void bench_be_resident(void)
{
    if (postern_get(POSTERN_RESIDENT) != 0 || postern_set(POSTERN_RESIDENT_NEXT, 1))
        return;
    spawn_exec("bench", arguments);
    exit(1);
}

void *bench_map(unsigned long size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("bench: mmap");
        exit(1);
    }
    return memory;
}

int bench_open(const char *path, int flags)
{
    int fd = open(path, flags);

    if (fd < 0) {
        perror(path);
        exit(1);
    }
    return fd;
}

static int doors(void)
{
    return on_postern() ? postern_get(POSTERN_DOORS) : 1 << DOOR_INT80;
}

const char *bench_mode(void)
{
    return on_postern() ? isolation_names[postern_get(POSTERN_ISOLATION)] : "linux";
}

void bench_print_cost(struct cost cost)
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

/* What is to be called, with the registers in call. door: any for a benchmark that has none. */
static void (*prepared(const struct bench *bench, int door, struct call *call))(void)
{
    *call = (struct call){0};
    bench_door = syscall_stub(door);
    if (bench->prepare)
        bench->prepare(call);
    return bench->body ? bench->body : bench_door;
}

static void run(const struct bench *bench, int door)
{
    struct call call;
    void (*entry)(void) = prepared(bench, door, &call);
    struct cost cost = measure(entry, &call);

    printf("Benchmark%s/isolation=%s", bench->name, bench_mode());
    if (!bench->doorless)
        printf("/door=%s", door_names[door]);
    printf(" %u ", cost.samples);
    bench_print_cost(cost);
}

static void profile(const struct bench *bench, int door)
{
    struct call call;
    void (*entry)(void) = prepared(bench, door, &call);

    measure_profile(entry, &call);
}

static void print_units(void)
{
    printf("Unit instr/op assume=exact\nUnit cr3/op assume=exact\n"
           "Unit pages/op assume=exact\nUnit bytes/op assume=exact\n");
}

static void print_exposure(void)
{
    unsigned pages = postern_exposed_pages();

    printf("BenchmarkExposure/isolation=%s 1 %u pages/op %u bytes/op\n", bench_mode(), pages,
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
    for_each_bench(bench)
    {
        for (int door = 0; door < (bench->doorless ? 1 : NR_DOORS); door++) {
            if (available & 1 << door)
                compare_modes(bench->name, door_names[door]);
            else
                ktap_skip("this CPU lacks the door", "%s %s", bench->name, door_names[door]);
        }
    }
    compare_modes("exposure", NULL);
    return ktap_end();
}

/* In a program of its own: what one leaves behind, such as pages, another would pay for. */
static int run_each(void)
{
    print_units();
    for_each_bench(bench)
    {
        for (int door = 0; door < (bench->doorless ? 1 : NR_DOORS); door++) {
            char *argv[] = {"bench", (char *)bench->name, (char *)door_names[door], NULL};
            fflush(stdout);
            if (doors() & 1 << door)
                spawn_wait(argv);
        }
    }
    if (on_postern())
        print_exposure();
    return 0;
}

static int usage(void)
{
    fprintf(stderr,
            "usage: bench [--all | copies | exposure | [profile] NAME [DOOR]]\n       NAME:");
    for_each_bench(bench) fprintf(stderr, " %s", bench->name);
    fprintf(stderr, "\n");
    return 2;
}

static int run_named(const char *name, int door, void (*body)(const struct bench *bench, int door))
{
    if (door < 0 || !(doors() & 1 << door))
        return usage();
    for_each_bench(bench)
    {
        if (!strcmp(bench->name, name)) {
            body(bench, door);
            return 0;
        }
    }
    return usage();
}

/* What asks Postern about itself. */
static int run_here_only(const char *what)
{
    if (!on_postern()) {
        printf("1..0 # SKIP this is not Postern\n");
        return 0;
    }
    if (!strcmp(what, "--all"))
        return run_all();
    print_exposure();
    return 0;
}

int main(int argc, char **argv)
{
    arguments = argv;
    if (!measure_possible()) {
        printf("1..0 # SKIP this CPU has no time stamp counter\n");
        return 0;
    }
    if (argc == 1)
        return run_each();
    if (!strcmp(argv[1], "copies")) {
        print_units();
        bench_copies();
        return 0;
    }
    if (!strcmp(argv[1], "--all") || !strcmp(argv[1], "exposure"))
        return run_here_only(argv[1]);
    int name = argc > 2 && !strcmp(argv[1], "profile") ? 2 : 1;
    return run_named(argv[name], argc > name + 1 ? door_number(argv[name + 1]) : DOOR_INT80,
                     name == 2 ? profile : run);
}
