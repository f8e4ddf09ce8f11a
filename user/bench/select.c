#include "user/bench/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

typedef void visitor(const struct member *member, void *context);

static const struct bench *const lists[] = {
    bench_calls, bench_ipc,         bench_operations, bench_memory, bench_exposure,
    bench_rings, bench_working_set, bench_programs,   bench_copies,
};

static const char *const micro[] = {"calls", "ipc", "operations", "memory", "Exposure", NULL};
static const char *const everything[] = {
    "micro", "Ring", "working-set", "programs", "copies", NULL,
};
static const char *const lmbench[] = {
    "Null",
    "ReadZero1",
    "WriteNull1",
    "StatNull",
    "OpenClose",
    "Sigaction",
    "KillSelf",
    "FaultHandled",
    "PipePingPong",
    "Ring",
    "YieldTwo",
    "ForkExitWait",
    "ForkExecExitWait",
    "ShellExit",
    "PageFault",
    "MmapMunmap",
    "MmapTouchMunmap",
    NULL,
};

/* A list, or names of other groups and benchmarks. */
static const struct group {
    const char *name, *what;
    const struct bench *list;
    const char *const *names;
} groups[] = {
    {"everything", "all that there is, once", NULL, everything},
    {"micro", "every single operation: what scripts/bench.txt holds", NULL, micro},
    {"calls", "of them: one call each", bench_calls, NULL},
    {"ipc", "of them: short messages", bench_ipc, NULL},
    {"operations", "of them: several calls, signals, processes", bench_operations, NULL},
    {"memory", "of them: mappings and faults", bench_memory, NULL},
    {"lmbench", "what lmbench measures: null to fork + exec, pipes, rings of processes", NULL,
     lmbench},
    {"working-set", "pages touched by user and kernel between CR3 switches", bench_working_set,
     NULL},
    {"programs", "whole programs of busybox", bench_programs, NULL},
    {"copies", "copies by size, alignment and direction", bench_copies, NULL},
};

static int next_value(const struct parameter *parameter, int value)
{
    return value ? value * parameter->step : 1;
}

void member_name(const struct member *member, char name[MEMBER_NAME])
{
    const struct bench *bench = member->bench;
    int length = snprintf(name, MEMBER_NAME, "%s", bench->name);

    for (int i = 0; i < NR_PARAMETERS && bench->parameters[i].name; i++)
        length += snprintf(name + length, MEMBER_NAME - length, "/%s=%d", bench->parameters[i].name,
                           member->parameter[i]);
}

/* Whether the part of a word behind the benchmark's name, such as /pages=64, says otherwise. */
static bool excludes(const char *filter, const struct parameter *parameter, int value)
{
    size_t length = strlen(parameter->name);

    for (; filter; filter = strchr(filter + 1, '/')) {
        if (!strncmp(filter + 1, parameter->name, length) && filter[1 + length] == '=')
            return atoi(filter + 1 + length + 1) != value;
    }
    return false;
}

/* Every combination of the parameters from number i on. */
static void each_member(struct member *member, int i, const char *filter, visitor *visit,
                        void *context)
{
    const struct parameter *parameter = &member->bench->parameters[i];

    if (i == NR_PARAMETERS || !parameter->name) {
        visit(member, context);
        return;
    }
    for (int value = parameter->first; value <= parameter->last;
         value = next_value(parameter, value)) {
        member->parameter[i] = value;
        if (!excludes(filter, parameter, value))
            each_member(member, i + 1, filter, visit, context);
    }
}

static void each_of(const struct bench *bench, const char *filter, visitor *visit, void *context)
{
    struct member member = {.bench = bench};

    each_member(&member, 0, filter, visit, context);
}

static const struct bench *bench_named(const char *word, size_t length)
{
    for (unsigned i = 0; i < LENGTH(lists); i++) {
        for (const struct bench *bench = lists[i]; bench->name; bench++) {
            if (strlen(bench->name) == length && !memcmp(bench->name, word, length))
                return bench;
        }
    }
    return NULL;
}

static void each_of_group(const struct group *group, visitor *visit, void *context)
{
    for (const struct bench *bench = group->list; bench && bench->name; bench++)
        each_of(bench, NULL, visit, context);
    for (const char *const *name = group->names; name && *name; name++)
        select_each(*name, visit, context);
}

bool select_each(const char *word, visitor *visit, void *context)
{
    const char *filter = strchr(word, '/');
    const struct bench *bench = bench_named(word, filter ? (size_t)(filter - word) : strlen(word));

    if (bench) {
        each_of(bench, filter, visit, context);
        return true;
    }
    for (unsigned i = 0; i < LENGTH(groups); i++) {
        if (!strcmp(groups[i].name, word)) {
            each_of_group(&groups[i], visit, context);
            return true;
        }
    }
    return false;
}

void select_describe_groups(void)
{
    for (unsigned i = 0; i < LENGTH(groups); i++)
        printf("  %-12s %s\n", groups[i].name, groups[i].what);
}
