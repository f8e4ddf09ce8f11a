/* Mappings and faults. */
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/mman.h>

#include "user/bench/bench.h"
#include "user/lib/syscall.h"

#define PAGE  4096
#define PAGES 4096 /* more than there are samples */
#define MANY  10000

static char *memory;

static void make_pages(struct call *call)
{
    (void)call;
    memory = bench_map(PAGES * PAGE);
}

static void fault(void)
{
    *memory = 1;
    memory += PAGE;
}

static char *map_page(void)
{
    return (char *)bench_call6(NR_mmap2, 0, PAGE, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void map_and_unmap(void)
{
    bench_call(NR_munmap, (long)map_page(), PAGE, 0);
}

static void map_touch_unmap(void)
{
    char *page = map_page();

    *page = 1;
    bench_call(NR_munmap, (long)page, PAGE, 0);
}

/* That many regions: none can be merged with its neighbour. */
static void make_many(struct call *call)
{
    (void)call;
    memory = bench_map(MANY * PAGE);
    for (int i = 0; i < MANY; i += 2)
        mprotect(memory + i * PAGE, PAGE, PROT_READ);
}

static void protect_among_many(void)
{
    long page = (long)memory + MANY / 2 * PAGE;

    bench_call(NR_mprotect, page, PAGE, PROT_READ | PROT_EXEC);
    bench_call(NR_mprotect, page, PAGE, PROT_READ);
}

const struct bench bench_memory[] = {
    {.name = "PageFault", .prepare = make_pages, .body = fault, .doorless = true},
    {.name = "MmapMunmap", .body = map_and_unmap},
    {.name = "MmapTouchMunmap", .body = map_touch_unmap},
    {.name = "MmapMunmapMany", .prepare = make_many, .body = map_and_unmap},
    {.name = "MprotectMany", .prepare = make_many, .body = protect_among_many},
    {.name = NULL},
};
