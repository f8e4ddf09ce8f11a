#include "user/bench/cells.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/bench/cell.h"
#include "user/bench/select.h"
#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"

#define ROUNDS 2

/* One cell but for its isolation. */
struct cell {
    const struct cells *cells;
    const struct member *member;
    struct settings settings;
};

/* --- a program that runs one ----------------------------------------------------------------- */

/* Does not return. */
static void become(const struct cell *cell)
{
    char name[MEMBER_NAME], options[NR_AXES][32];
    char *argv[NR_AXES + 5] = {NULL, "--here"};
    int count = 2;

    for (int axis = 0; axis < AXIS_ISOLATION; axis++) {
        if (cell->settings.value[axis] == AS_IT_IS)
            continue;
        snprintf(options[axis], sizeof(options[axis]), "--%s=%s", axis_name(axis),
                 axis_value_name(axis, cell->settings.value[axis]));
        argv[count++] = options[axis];
    }
    if (cell->cells->marks)
        argv[count++] = "--marks";
    member_name(cell->member, name);
    argv[count++] = name;
    if (!settings_before_exec(&cell->settings))
        _exit(CELL_IMPOSSIBLE);
    bench_exec(argv);
}

/* Runs it with its lines going to a pipe, if there is one; its exit status. */
static int spawn_cell(const struct cell *cell, const int *ends)
{
    int status;

    fflush(stdout);
    pid_t pid = bench_fork();
    if (pid == 0) {
        if (ends) {
            dup2(ends[1], 1);
            close(ends[0]); /* how many files are open is part of what some calls cost */
            close(ends[1]);
        }
        become(cell);
    }
    return waitpid(pid, &status, 0) == pid ? spawn_status(status) : 127;
}

/* The line that it prints; its exit status. */
static int line_of(const struct cell *cell, char *line, size_t size)
{
    int ends[2];

    bench_pipe(ends); /* holds a line, so that nobody need read meanwhile */
    int status = spawn_cell(cell, ends);
    close(ends[1]);
    ssize_t length = read(ends[0], line, size - 1);
    line[length > 0 ? length : 0] = '\0';
    close(ends[0]);
    return status;
}

/* --- each isolation of a cell ---------------------------------------------------------------- */

/* "Null int80 split": what a result is called. */
static void describe(const struct cell *cell, char *name, size_t size)
{
    int length;

    member_name(cell->member, name);
    length = strlen(name);
    for (int axis = 0; axis < NR_AXES; axis++) {
        if (cell->settings.value[axis] != AS_IT_IS)
            length += snprintf(name + length, size - length, " %s",
                               axis_value_name(axis, cell->settings.value[axis]));
    }
}

/* Prints its lines; false if it failed. */
static bool run_once(const struct cell *cell)
{
    char name[2 * MEMBER_NAME];
    int status = spawn_cell(cell, NULL);

    describe(cell, name, sizeof(name));
    if (status == CELL_IMPOSSIBLE)
        printf("# %s: impossible\n", name);
    else if (status)
        fprintf(stderr, "bench: %s: exit status %d\n", name, status);
    return !status || status == CELL_IMPOSSIBLE;
}

/* Prints the first line and a result that says whether the second is the same. */
static void compare(const struct cell *cell, const char *line, const char *again, int status)
{
    char name[2 * MEMBER_NAME];

    describe(cell, name, sizeof(name));
    printf("%s", line);
    if (status == CELL_IMPOSSIBLE) {
        ktap_skip("impossible", "%s", name);
        return;
    }
    const char *reason = NULL;
    if (strstr(line, "ticks/op"))
        reason = "the TSC counts time here, not instructions";
    else if (cell->member->bench->whole)
        reason = "the clock interrupts it at other places each time";
    if (reason && *line && *again) {
        ktap_skip(reason, "%s is the same twice", name);
        return;
    }
    bool same = *line && !strcmp(line, again);
    if (!same)
        ktap_note("the second round: %.*s", (int)strcspn(again, "\n"), again);
    ktap_ok(same, "%s is the same twice", name);
}

/* The values that bits stand for, or AS_IT_IS; their number. */
static int values_of(unsigned bits, int values[static 32])
{
    int count = 0;

    for (int value = 0; value < 32; value++) {
        if (bits & 1u << value)
            values[count++] = value;
    }
    if (!count)
        values[count++] = AS_IT_IS;
    return count;
}

/* A B A B: so that whatever drifts meanwhile would show in both. */
static void run_twice(struct cell *cell, const int *modes, int nr_modes)
{
    char lines[ROUNDS][2][200];
    int status[2];

    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < nr_modes; i++) {
            cell->settings.value[AXIS_ISOLATION] = modes[i];
            status[i] = line_of(cell, lines[round][i], sizeof(lines[round][i]));
        }
    }
    for (int i = 0; i < nr_modes; i++) {
        cell->settings.value[AXIS_ISOLATION] = modes[i];
        compare(cell, lines[0][i], lines[1][i], status[i]);
    }
}

static bool run_modes(struct cell *cell)
{
    int modes[32];
    int nr_modes = values_of(cell->cells->wanted.values[AXIS_ISOLATION], modes);
    bool good = true;

    if (cell->cells->twice) {
        run_twice(cell, modes, nr_modes);
        return true; /* the results say */
    }
    for (int i = 0; i < nr_modes; i++) {
        cell->settings.value[AXIS_ISOLATION] = modes[i];
        good &= run_once(cell);
    }
    return good;
}

/* --- each setting of the other axes ---------------------------------------------------------- */

/* The doors to measure by, as bits. */
static unsigned doors_of(const struct cells *cells, const struct bench *bench)
{
    unsigned there = settings_doors();

    if (bench->whole && !on_postern() && there != 1u << DOOR_INT80)
        there &= ~(1u << DOOR_INT80); /* the vDSO has one door there, and it is the better one */
    return cells->wanted.values[AXIS_DOOR] ? cells->wanted.values[AXIS_DOOR] & there : there;
}

/* Every value that bits has of the axis, with all that is wanted of the axes behind it. */
static bool run_axes(struct cell *cell, enum axis axis, unsigned bits)
{
    int values[32];
    bool good = true;

    for (int i = 0, count = values_of(bits, values); i < count; i++) {
        cell->settings.value[axis] = values[i];
        good &= axis + 1 == AXIS_ISOLATION
                    ? run_modes(cell)
                    : run_axes(cell, axis + 1, cell->cells->wanted.values[axis + 1]);
    }
    return good;
}

/* What all members share. */
struct selection {
    const struct cells *cells;
    bool good;
};

static void run_member(const struct member *member, void *context)
{
    struct selection *selection = context;
    struct cell cell = {.cells = selection->cells, .member = member};
    const struct bench *bench = member->bench;
    unsigned doors = bench->doorless ? 0 : doors_of(selection->cells, bench);

    if (bench->postern_only && !on_postern())
        return;
    if (doors || bench->doorless)
        selection->good &= run_axes(&cell, AXIS_DOOR, doors);
    else
        printf("# %s: this CPU has no such door\n", bench->name);
}

static void ignore_member(const struct member *member, void *context)
{
    (void)member, (void)context;
}

static void print_units(void)
{
    static const char *const units[] = {"instr", "cr3", "calls", "pages", "bytes"};

    for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        printf("Unit %s/op assume=exact\n", units[i]);
}

int cells_run(const struct cells *cells, const char *const *words)
{
    struct selection selection = {cells, true};

    for (const char *const *word = words; *word; word++) {
        if (!select_each(*word, ignore_member, NULL)) {
            fprintf(stderr, "bench: %s: no such benchmark or group; see bench --help\n", *word);
            return 2;
        }
    }
    if (cells->twice)
        ktap_begin();
    print_units();
    for (const char *const *word = words; *word; word++)
        select_each(*word, run_member, &selection);
    if (cells->twice)
        return ktap_end();
    return selection.good ? 0 : 1;
}
