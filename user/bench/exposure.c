/* What a user directory maps with the supervisor bit: beside what it costs, what it hides. */
#include <stdio.h>

#include "user/bench/bench.h"
#include "user/bench/settings.h"
#include "user/lib/postern.h"
#include "user/lib/syscall.h"

static void print_exposure(void)
{
    unsigned pages = postern_exposed_pages();

    printf("BenchmarkExposure/isolation=%s 1 %u pages/op %u bytes/op\n", settings_mode(), pages,
           pages << PAGE_SHIFT);
}

const struct bench bench_exposure[] = {
    {.name = "Exposure", .report = print_exposure, .doorless = true, .postern_only = true},
    {.name = NULL},
};
