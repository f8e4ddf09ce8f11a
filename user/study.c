/*
 * study: what isolation costs, live: one line for each benchmark and door with both modes.
 *
 *     study             the calls that every door is shown for
 *     study NAME...     others; names are those of `bench --help`
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/postern.h"
#include "user/lib/spawn.h"

#define MAX_NAMES 64
#define MAX_LINE  256

static char *usual[] = {"Null", "Enosys", "ReadZero1", "ReadZero64K", "WriteNull1", NULL};

/* One line of bench: BenchmarkNull/isolation=split/door=int80/pages=4 101 65 instr/op 2 cr3/op. */
struct figure {
    char name[MAX_LINE]; /* with its parameters: Null/pages=4 */
    char door[16], isolation[16], unit[32];
    unsigned value, cr3_writes;
};

/* Starts `bench OPTION NAME...`; what it prints. */
static FILE *run_bench(const char *option, char **names)
{
    char *argv[MAX_NAMES + 3] = {"bench", (char *)option};
    int ends[2];

    for (int i = 0; names[i] && i < MAX_NAMES; i++)
        argv[i + 2] = names[i];
    if (pipe(ends)) {
        perror("study: pipe");
        exit(1);
    }
    if (fork() == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        spawn_exec("study", argv);
        _exit(127);
    }
    close(ends[1]);
    return fdopen(ends[0], "r");
}

/* The exit status of the program behind it. */
static int end_bench(FILE *bench)
{
    int status;

    fclose(bench);
    return wait(&status) < 0 ? 1 : spawn_status(status);
}

static int count_members(char **names)
{
    FILE *bench = run_bench("--list", names);
    char line[MAX_LINE];
    int count = 0;

    while (fgets(line, sizeof(line), bench))
        count++;
    end_bench(bench);
    return count;
}

/* Takes the value of a KEY=VALUE, or gives the part to the name. */
static void read_part(struct figure *figure, const char *part)
{
    if (sscanf(part, "isolation=%15s", figure->isolation) == 1 ||
        sscanf(part, "door=%15s", figure->door) == 1)
        return;
    strcat(figure->name, "/"); /* no longer than the line */
    strcat(figure->name, part);
}

/* False: the line is no figure of a cost. */
static bool read_figure(char *line, struct figure *figure)
{
    char *name = strtok(line, " "), *rest = strtok(NULL, "\n");

    *figure = (struct figure){.door = "-"};
    if (!name || !rest || strncmp(name, "Benchmark", 9) ||
        sscanf(rest, "%*u %u %31s %u cr3/op", &figure->value, figure->unit, &figure->cr3_writes) !=
            3)
        return false;
    strcpy(figure->name, strtok(name + 9, "/"));
    for (char *part; (part = strtok(NULL, "/"));)
        read_part(figure, part);
    return true;
}

/* --- the table ------------------------------------------------------------------------------- */

static void print_head(const char *unit)
{
    printf("%s\n%-28s %-9s %9s %9s %8s   CR3 writes\n",
           strcmp(unit, "instr/op") ? "least ticks of the time stamp counter: no icount run"
                                    : "instructions of one operation",
           "", "door", "split", "shared", "differ");
}

static void print_row(const struct figure *split, const struct figure *shared, bool again)
{
    printf("%-28s %-9s %9u %9u %+8d   %4u and %u\n", again ? "" : split->name, split->door,
           split->value, shared->value, (int)(split->value - shared->value), split->cr3_writes,
           shared->cr3_writes);
}

/* Over itself, on a terminal. */
static void show_progress(int done, int members, const char *name)
{
    if (isatty(2))
        fprintf(stderr, "\r\033[Kstudy: %d of %d, %s\r", done, members, name);
}

static int study(char **names)
{
    struct figure split = {0}, figure;
    int done = 0, members = count_members(names);
    FILE *bench = run_bench("--isolation=all", names);
    char line[MAX_LINE], last[MAX_LINE] = "";

    show_progress(0, members, names[0]);
    while (fgets(line, sizeof(line), bench)) {
        if (!read_figure(line, &figure))
            continue;
        if (strcmp(figure.isolation, "shared")) {
            split = figure;
            continue;
        }
        if (isatty(2))
            fputs("\r\033[K", stderr);
        if (!*last)
            print_head(figure.unit);
        bool again = !strcmp(last, figure.name);
        print_row(&split, &figure, again);
        strcpy(last, figure.name);
        done += !again;
        fflush(stdout);
        show_progress(done, members, figure.name);
    }
    show_progress(members, members, "done");
    if (isatty(2))
        fputs("\n", stderr);
    return end_bench(bench);
}

int main(int argc, char **argv)
{
    if (!on_postern()) {
        fputs("study: this is not Postern\n", stderr);
        return 1;
    }
    return study(argc > 1 ? argv + 1 : usual);
}
