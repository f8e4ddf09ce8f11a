/*
 * What a CR3 write costs the program that comes after it: the translations of the pages that it
 * touches. The user side touches so many pages, then the kernel as many, and so on.
 *
 *     WorkingSet         one process: its pages, a call that touches the kernel's
 *     WorkingSetSwitch   two that do this in turn, each with pages of its own
 */
#include <string.h>

#include "user/bench/bench.h"
#include "user/lib/syscall.h"

#define STRIDE POSTERN_TOUCH_STRIDE

static char *pages;

/* One load from each page: what the kernel does for its part. */
static void touch_pages(void)
{
    for (int i = 0; i < bench_parameter[0]; i++)
        (void)*(volatile char *)(pages + i * STRIDE);
}

static void touch_both(void)
{
    touch_pages();
    bench_call(NR_postern_touch, bench_parameter[0], 0, 0);
}

static void touch_and_yield(void)
{
    touch_both();
    bench_call(NR_sched_yield, 0, 0, 0);
}

static void make_pages(struct call *call)
{
    (void)call;
    pages = bench_map(POSTERN_TOUCH_PAGES * STRIDE);
    memset(pages, 1, bench_parameter[0] * STRIDE);
}

static void make_two(struct call *call)
{
    make_pages(call);
    if (!bench_is_partner())
        return;
    memset(pages, 2, bench_parameter[0] * STRIDE); /* no longer the parent's */
    for (;;)
        touch_and_yield();
}

const struct bench bench_working_set[] = {
    {.name = "WorkingSet",
     .parameters = {{"pages", 0, POSTERN_TOUCH_PAGES, 2}},
     .prepare = make_pages,
     .body = touch_both,
     .postern_only = true},
    {.name = "WorkingSetSwitch",
     .parameters = {{"pages", 0, POSTERN_TOUCH_PAGES, 2}},
     .prepare = make_two,
     .body = touch_and_yield,
     .postern_only = true},
    {.name = NULL},
};
