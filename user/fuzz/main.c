/*
 * Fuzzes the kernel below it with system calls whose outcomes it knows: README.md has how to use
 * it.
 *
 *     fuzz --seed N --runs N     those runs; --seconds N: as many as fit
 *     fuzz --inputs FILE         the runs in FILE, a line each
 *         --steps N              of each run (default 128)
 *         --stop                 after the first that fails
 *         --announce             says each run's seed before it, and how many calls were made
 *         --trace | --test       each step in words, or without making it also as C
 *         --hash                 each run's outcomes as one number, if it was not stuck in a sleep
 *         --words                each run as a line that --inputs takes
 *         --portable             only what Linux has too; what other kernels are given anyway
 *         --cover [--corpus FILE]  guided by the kernel's coverage, from the runs in FILE on
 *         --believe              something wrong: for the test of the fuzzer's own tools
 */
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "user/fuzz/attempt.h"
#include "user/fuzz/corpus.h"
#include "user/fuzz/coverage.h"
#include "user/fuzz/run.h"
#include "user/fuzz/world.h"
#include "user/lib/postern.h"

#define NOBODY         65534
#define PROGRESS_EVERY 2000 /* calls */

static struct {
    uint32_t seed, runs, seconds, steps;
    const char *inputs, *corpus;
    int stop, announce, trace, test, hash, words, portable, cover, believe;
} arguments = {.seed = 1, .steps = STEPS_MAX};

static struct {
    unsigned runs, calls, failures, stuck;
    time_t started;
} totals;

static const struct option names[] = {
    {"seed", required_argument, NULL, 's'},
    {"runs", required_argument, NULL, 'r'},
    {"seconds", required_argument, NULL, 't'},
    {"steps", required_argument, NULL, 'n'},
    {"inputs", required_argument, NULL, 'i'},
    {"corpus", required_argument, NULL, 'c'},
    {"stop", no_argument, &arguments.stop, 1},
    {"announce", no_argument, &arguments.announce, 1},
    {"trace", no_argument, &arguments.trace, 1},
    {"test", no_argument, &arguments.test, 1},
    {"hash", no_argument, &arguments.hash, 1},
    {"words", no_argument, &arguments.words, 1},
    {"portable", no_argument, &arguments.portable, 1},
    {"cover", no_argument, &arguments.cover, 1},
    {"believe", no_argument, &arguments.believe, 1},
    {NULL, 0, NULL, 0},
};

static bool parse(int argc, char **argv)
{
    int c;

    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (c) {
        case 's':
            arguments.seed = strtoul(optarg, NULL, 10);
            break;
        case 'r':
            arguments.runs = strtoul(optarg, NULL, 10);
            break;
        case 't':
            arguments.seconds = strtoul(optarg, NULL, 10);
            break;
        case 'n':
            arguments.steps = strtoul(optarg, NULL, 10);
            break;
        case 'i':
            arguments.inputs = strdup(optarg);
            break;
        case 'c':
            arguments.corpus = strdup(optarg);
            break;
        case '?':
            return false;
        }
    }
    return optind == argc && arguments.steps && arguments.steps <= STEPS_MAX;
}

/* --- the runs
 * ------------------------------------------------------------------------------------- */

static void say_progress(const char *what)
{
    printf("fuzz: %s calls=%u runs=%u edges=%u corpus=%u failures=%u stuck=%u seconds=%ld\n", what,
           totals.calls, totals.runs, coverage_edges(), corpus_size(), totals.failures,
           totals.stuck, (long)(time(NULL) - totals.started));
    fflush(stdout);
}

static void say_failure(const struct run *run, const char *failure)
{
    totals.failures++;
    printf("fuzz: run ");
    run_print(run);
    printf("fuzz: FAIL %s\n", failure);
    fflush(stdout);
}

static void keep_news(const struct run *run, const struct outcome *outcome)
{
    if (!outcome->news || !corpus_add(run, outcome->news))
        return;
    struct run kept = *run;
    kept.count = outcome->news;
    printf("fuzz: corpus ");
    run_print(&kept);
}

static void make(const struct run *run)
{
    unsigned before = totals.calls / PROGRESS_EVERY;
    const char *leaks;
    char text[FAILURE_SIZE];

    if (arguments.words)
        run_print(run);
    if (arguments.announce) {
        printf("@%" PRIu32 " %u\n", run->seed, totals.calls);
        fflush(stdout);
    }
    const struct outcome *outcome = run_make(run, arguments.test    ? RUN_DRY
                                                  : arguments.trace ? RUN_TRACE
                                                                    : RUN_QUIET);
    totals.runs++;
    totals.calls += outcome->calls;
    totals.stuck += outcome->stuck;
    if (arguments.hash && !outcome->stuck)
        printf("#%" PRIu32 " %016" PRIx64 "\n", run->seed, outcome->hash);
    if (arguments.cover)
        keep_news(run, outcome);
    if (outcome->failure[0])
        say_failure(run, outcome->failure);
    if (on_postern() && *(leaks = run_leaks(run))) {
        snprintf(text, sizeof(text), "seed=%" PRIu32 " step=%u %s", run->seed, run->count, leaks);
        say_failure(run, text);
    }
    if (totals.calls / PROGRESS_EVERY != before)
        say_progress("progress");
}

static bool is_over(void)
{
    if (arguments.stop && totals.failures)
        return true;
    if (arguments.runs && totals.runs >= arguments.runs)
        return true;
    return arguments.seconds && time(NULL) - totals.started >= (time_t)arguments.seconds;
}

static void make_seeds(void)
{
    static struct run run;

    for (uint32_t seed = arguments.seed; !is_over(); seed++) {
        if (arguments.cover)
            corpus_mutate(&run, seed, arguments.steps);
        else
            run_from_seed(&run, seed, arguments.steps);
        make(&run);
    }
}

static void for_each_run(FILE *file, void (*take)(const struct run *))
{
    static char line[20 * STEPS_MAX];
    static struct run run;

    while (!(arguments.stop && totals.failures) && fgets(line, sizeof(line), file)) {
        if (run_parse(&run, line))
            take(&run);
    }
    fclose(file);
}

/* Without making it, as what is made out of it is not. */
static void keep(const struct run *run)
{
    corpus_add(run, run->count);
}

/* --- before them
 * ---------------------------------------------------------------------------------- */

/* On a host the fuzzer is nobody: what a kernel allows root would be done. */
static bool become_nobody(void)
{
    return getuid() || (!setgid(NOBODY) && !setuid(NOBODY));
}

static bool prepare(void)
{
    options.believes = arguments.believe;
    options.portable = arguments.portable || !on_postern();
    options.doors = on_postern() ? postern_get(POSTERN_DOORS) : 1;
    if (options.portable && !become_nobody()) {
        perror("fuzz: cannot become nobody");
        return false;
    }
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){1024, 1024}); /* the same on every kernel */
    if (!world_build(options.portable))
        return false;
    arena_build(FD_FILE);
    if (!run_init())
        return false;
    if (arguments.cover && !coverage_open()) {
        fprintf(stderr, "fuzz: this kernel has no kcov\n");
        return false;
    }
    totals.started = time(NULL);
    return true;
}

/* NULL if there is no name; what cannot be opened is the end. */
static FILE *open_named(const char *path)
{
    FILE *file = path ? fopen(path, "r") : NULL;

    if (path && !file) {
        perror(path);
        exit(2);
    }
    return file;
}

int main(int argc, char **argv)
{
    if (!parse(argc, argv)) {
        fprintf(stderr, "fuzz: see user/fuzz/main.c for what it takes\n");
        return 2;
    }
    /* before it is nobody, who might not be let into their directory */
    FILE *inputs = open_named(arguments.inputs), *corpus = open_named(arguments.corpus);
    if (!prepare())
        return 2;
    if (corpus) {
        for_each_run(corpus, arguments.test ? keep : make);
        say_progress("taken");
    }
    if (inputs)
        for_each_run(inputs, make);
    else
        make_seeds();
    say_progress("done");
    world_leave();
    return totals.failures != 0;
}
