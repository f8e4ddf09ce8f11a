#include "user/bench/cell.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "user/lib/postern.h"
#include "user/lib/spawn.h"

char **bench_arguments;
int bench_parameter[NR_PARAMETERS];
void (*bench_door)(void);

/* --- what benchmarks use --------------------------------------------------------------------- */

void bench_exec(char **argv)
{
    argv[0] = on_postern() ? "/bin/bench" : "/proc/self/exe";
    spawn_exec("bench", argv);
    exit(127);
}

void bench_be_resident(void)
{
    if (postern_get(POSTERN_RESIDENT) == 0 && !postern_set(POSTERN_RESIDENT_NEXT, 1))
        bench_exec(bench_arguments);
}

static void end_unless(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(1);
}

void *bench_map(unsigned long size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    end_unless(memory != MAP_FAILED, "bench: mmap");
    return memory;
}

int bench_open(const char *path, int flags)
{
    int fd = open(path, flags, 0600);

    end_unless(fd >= 0, path);
    return fd;
}

void bench_pipe(int ends[2])
{
    end_unless(!pipe(ends), "bench: pipe");
}

int bench_fork(void)
{
    int pid = fork();

    end_unless(pid >= 0, "bench: fork");
    return pid;
}

/* The parent waits until its death would be noticed: nobody else ends the partner. */
bool bench_is_partner(void)
{
    int ends[2];
    char none;

    bench_pipe(ends);
    bool partner = bench_fork() == 0;
    if (partner)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(ends[1]);
    if (!partner)
        read(ends[0], &none, 1); /* ends when the partner has closed its end, too */
    close(ends[0]);
    return partner;
}

/* --- the line -------------------------------------------------------------------------------- */

static void print_name(const struct member *member, const struct settings *settings)
{
    char name[MEMBER_NAME];

    member_name(member, name);
    printf("Benchmark%s/isolation=%s", member->bench->name, settings_mode());
    for (int axis = 0; axis < AXIS_ISOLATION; axis++) {
        int value = settings->value[axis];
        if (value != AS_IT_IS && !(axis == AXIS_DOOR && member->bench->doorless))
            printf("/%s=%s", axis_name(axis), axis_value_name(axis, value));
    }
    printf("%s ", name + strlen(member->bench->name));
}

static void print_cost(const struct bench *bench, struct cost cost)
{
    printf("%u ", cost.samples);
    /* a clock's ticks are no instructions, and only their minimum says anything */
    if (measure_exact())
        printf("%u instr/op", cost.median);
    else
        printf("%u min-ticks/op", cost.minimum);
    if (on_postern())
        printf(" %u cr3/op", cost.cr3_writes);
    if (on_postern() && bench->whole)
        printf(" %u calls/op", cost.calls);
    printf("\n");
}

/* --- running it ------------------------------------------------------------------------------ */

/* What is to be called, with the registers in call. */
static void (*prepared(const struct member *member, const struct settings *settings,
                       struct call *call))(void)
{
    const struct bench *bench = member->bench;
    int door = settings->value[AXIS_DOOR];

    *call = (struct call){0};
    memcpy(bench_parameter, member->parameter, sizeof(bench_parameter));
    bench_door = settings_stub(door == AS_IT_IS ? DOOR_INT80 : door);
    if (bench->prepare)
        bench->prepare(call);
    return bench->body ? bench->body : bench_door;
}

int cell_run(const struct member *member, const struct settings *settings, bool marks)
{
    const struct bench *bench = member->bench;
    struct call call;

    if (!settings_apply(settings))
        return CELL_IMPOSSIBLE;
    if (bench->report) {
        bench->report();
        return 0;
    }
    void (*entry)(void) = prepared(member, settings, &call);
    struct cost cost = measure(entry, &call, bench->how);
    if (marks)
        measure_marked(entry, &call, bench->how);
    print_name(member, settings);
    print_cost(bench, cost);
    return 0;
}
