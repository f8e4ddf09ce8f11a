/*
 * bench: what system calls cost, in Go's benchmark format. `bench --help` has the command line.
 *
 * The figures are instructions where the TSC counts them (an icount run); elsewhere they are called
 * min-ticks/op, which is what they are.
 */
#include <stdio.h>
#include <string.h>

#include "user/bench/cell.h"
#include "user/bench/cells.h"
#include "user/bench/first_program.h"
#include "user/bench/select.h"
#include "user/bench/settings.h"

static const char help[] =
    "usage: bench [OPTION]... [NAME]...\n"
    "Measures what system calls cost, each in a process of its own, and prints a line of Go's\n"
    "benchmark format for each. Without a NAME: micro.\n"
    "\n"
    "A NAME is a benchmark (Null), a family of them (WorkingSet), some of a family\n"
    "(WorkingSet/pages=64), or a group:\n";

static const char help_options[] =
    "\n"
    "What is varied; a LIST is values with commas between, or `all`:\n"
    "  --isolation=LIST   split, shared        varies fastest, so two modes are interleaved\n"
    "  --door=LIST        int80, sysenter, syscall, callgate; without it every one there is\n"
    "  --copy=LIST        walk, direct, window, bounce\n"
    "  --resident=LIST    off, on\n"
    "  --ipc=LIST         direct, kernel\n"
    "What is not given is as this process has it, and is not named in the lines. What is\n"
    "impossible (copy=direct in split) is left out with a line that begins with #.\n"
    "\n"
    "How:\n"
    "  --twice            in two rounds; a KTAP result for each says whether they agree\n"
    "  --marks            after each measurement some operations between marks "
    "(user/bench/mark.h)\n"
    "                     for a plugin of QEMU; its cells are the lines, in their order\n"
    "  --all              --isolation=all --twice micro\n"
    "  --list             prints the names of what would be measured, one a line\n"
    "  --here             one benchmark with one setting of each, in this process\n";

static int usage(void)
{
    fputs(help, stdout);
    select_describe_groups();
    fputs(help_options, stdout);
    return 0;
}

static int wrong(const char *word)
{
    fprintf(stderr, "bench: %s: neither an option nor a name; see bench --help\n", word);
    return 2;
}

struct command {
    enum { RUN, LIST, HERE } what;
    struct cells cells;
};

static void print_member(const struct member *member, void *context)
{
    char name[MEMBER_NAME];

    (void)context;
    member_name(member, name);
    puts(name);
}

static int list(const char *const *words)
{
    for (; *words; words++) {
        if (!select_each(*words, print_member, NULL))
            return wrong(*words);
    }
    return 0;
}

static void take_member(const struct member *member, void *context)
{
    *(struct member *)context = *member;
}

/* The one member that the first word means, with the lowest of the settings. */
static int run_here(const struct command *command, const char *const *words)
{
    struct settings settings = settings_single(&command->cells.wanted);
    struct member member;

    if (!*words || !select_each(*words, take_member, &member))
        return wrong(*words ? *words : "--here");
    return cell_run(&member, &settings, command->cells.marks);
}

/* False: the word is no option. */
static bool read_option(struct command *command, const char *word)
{
    if (!strcmp(word, "--twice"))
        command->cells.twice = true;
    else if (!strcmp(word, "--marks"))
        command->cells.marks = true;
    else if (!strcmp(word, "--list"))
        command->what = LIST;
    else if (!strcmp(word, "--here"))
        command->what = HERE;
    else if (!strcmp(word, "--all"))
        command->cells.twice = settings_option(&command->cells.wanted, "--isolation=all");
    else
        return settings_option(&command->cells.wanted, word);
    return true;
}

static int run(int argc, char **argv)
{
    static const char *const usual[] = {"micro", NULL};
    struct command command = {RUN, {{{0}}, false, false}};
    int i = 1;

    for (; i < argc && !strncmp(argv[i], "--", 2); i++) {
        if (!strcmp(argv[i], "--help"))
            return usage();
        if (!read_option(&command, argv[i]))
            return wrong(argv[i]);
    }
    const char *const *words = i < argc ? (const char *const *)argv + i : usual;
    if (command.what == LIST)
        return list(words);
    if (!measure_possible()) {
        printf("1..0 # SKIP this CPU has no time stamp counter\n");
        return 0;
    }
    if (command.what != RUN)
        return run_here(&command, words);
    return cells_run(&command.cells, words);
}

int main(int argc, char **argv)
{
    bench_arguments = argv;
    first_program_begin();
    int status = run(argc, argv);
    first_program_end(status);
    return status;
}
