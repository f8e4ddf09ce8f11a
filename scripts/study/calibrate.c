/*
 * calibrate [CR3-CYCLES]: measures, in user mode on the machine that it runs on, the weights of the
 * model's estimate, and prints them as lines for a section of cpus.ini. For x86 Linux with glibc.
 *
 * Everything is the time of one load in a chain of dependent loads, in cycles of a chain of
 * dependent additions. A CR3 write needs ring 0: without an argument its line is left out, and
 * [all]'s holds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <x86intrin.h>

#define LINE                 64
#define PAGE                 4096
#define LARGE_PAGE           (2u << 20)
#define ARENA                (256u << 20)
#define LOADS                (1u << 16) /* short, so that some trial is not disturbed */
#define TRIALS               300
#define FEW_PAGES            256 /* more than a first-level TLB has, fewer than a second-level one */
#define MANY_PAGES           8192 /* more than any second-level TLB */
#define LINES_WHERE_TLB_HITS (128 * 1024 / LINE)

static char *small_pages, *large_pages;

/* --- time ----------------------------------------------------------------------------------------
 */

static double ticks_per_cycle;

/* Ticks of 16 * rounds dependent additions, each of which takes a cycle. */
static uint64_t time_additions(unsigned rounds)
{
    uint64_t begin = __rdtsc();

    for (unsigned i = 0; i < rounds; i++)
        __asm__ volatile(".rept 16\n\tadd $1, %%eax\n\t.endr" : : : "eax", "cc");
    return __rdtsc() - begin;
}

static void find_cycle(void)
{
    for (int trial = 0; trial < TRIALS; trial++) {
        double ticks = (double)time_additions(LOADS / 16) / LOADS;
        if (!trial || ticks < ticks_per_cycle)
            ticks_per_cycle = ticks;
    }
}

/* --- chains of loads -----------------------------------------------------------------------------
 */

static uint32_t random_below(uint32_t limit)
{
    static uint64_t state = 88172645463325252ull;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % limit;
}

/* Links n words, stride bytes apart, into one circle in random order (Sattolo's shuffle), which no
 * prefetcher follows; returns its first. */
static void **make_chain(char *memory, uint32_t n, uint32_t stride)
{
    uint32_t *order = malloc(n * sizeof(*order));

    if (!order)
        exit(1);
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    for (uint32_t i = n - 1; i > 0; i--) {
        uint32_t other = random_below(i), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
    for (uint32_t i = 0; i < n; i++)
        *(void **)(memory + (size_t)order[i] * stride) =
            memory + (size_t)order[(i + 1) % n] * stride;
    free(order);
    return (void **)memory;
}

static uint64_t time_loads(void **word)
{
    uint64_t begin = __rdtsc();

    for (unsigned i = 0; i < LOADS; i++)
        word = *word;
    __asm__ volatile("" : : "r"(word));
    return __rdtsc() - begin;
}

/* Cycles of a load from a circle of n words; the least of many trials, since what disturbs only
 * adds. */
static double load_cycles(char *memory, uint32_t n, uint32_t stride)
{
    void **chain = make_chain(memory, n, stride);
    double least = 0;

    for (int trial = 0; trial < TRIALS; trial++) {
        double cycles = (double)time_loads(chain) / LOADS / ticks_per_cycle;
        if (!trial || cycles < least)
            least = cycles;
    }
    return least;
}

/* --- weights -------------------------------------------------------------------------------------
 */

static char *make_arena(int advice)
{
    char *arena = mmap(NULL, ARENA + LARGE_PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (arena == MAP_FAILED) {
        perror("calibrate: mmap");
        exit(1);
    }
    arena += LARGE_PAGE - (uintptr_t)arena % LARGE_PAGE;
    madvise(arena, ARENA, advice);
    return arena;
}

static void print_weight(const char *event, double cycles)
{
    printf("cycles-%s = %.1f\n", event, cycles > 0 ? cycles : 0);
}

/* Where the caches are concerned, large pages keep the TLB out of it. */
static double print_caches(void)
{
    long l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
    double first = load_cycles(large_pages, PAGE / LINE, LINE);
    double second = load_cycles(large_pages, LINES_WHERE_TLB_HITS, LINE);
    double beyond =
        load_cycles(large_pages, (l2 > 0 && l2 <= ARENA / 4 ? 4 * l2 : ARENA) / LINE, LINE);

    printf("# a load from the first-level cache takes %.1f cycles\n", first);
    print_weight("l1d-misses", second - first);
    print_weight("l1i-misses", second - first); /* not measured: the same cache answers */
    print_weight("l2-misses", beyond - second);
    return second - first;
}

/* What so many lines cost more, each in a page of its own and a line further in it, than side by
 * side: they fill the same sets of the caches. */
static double pages_cycles(uint32_t pages)
{
    return load_cycles(small_pages, pages, PAGE + LINE) - load_cycles(small_pages, pages, LINE);
}

/* The entries that the walks of so many pages read are in the second-level cache. */
static void print_translations(double l1d_miss)
{
    double second = pages_cycles(FEW_PAGES);

    print_weight("tlb2-hits", second);
    print_weight("walks", second);
    print_weight("walk-accesses", pages_cycles(MANY_PAGES) - second - l1d_miss);
}

int main(int argc, char **argv)
{
    large_pages = make_arena(MADV_HUGEPAGE);
    small_pages = make_arena(MADV_NOHUGEPAGE);
    find_cycle();
    print_translations(print_caches());
    if (argc > 1)
        print_weight("cr3", atof(argv[1]));
    return 0;
}
