#include "user/bench/measure.h"

#include <stdlib.h>

#include "user/lib/cpuid.h"
#include "user/lib/postern.h"

#define SAMPLES         101
#define WARM_UP         10
#define PROFILE_SAMPLES 9

/*
 * timed_call(entry, call): ticks between two RDTSCs around `call *entry`. Everything that can be
 * loaded before the first RDTSC is; what lies between besides the call is the same for every entry,
 * and an entry that only returns measures it.
 */
uint32_t timed_call(void (*entry)(void), const struct call *call);
__asm__("\t.text\n"
        "timed_call:\n"
        "\tpushl %ebx\n"
        "\tpushl %esi\n"
        "\tpushl %edi\n"
        "\tpushl %ebp\n"
        "\tmovl 20(%esp), %eax\n"
        "\tmovl %eax, timed_entry\n"
        "\tmovl 24(%esp), %ebp\n"
        "\tmovl (%ebp), %eax\n"
        "\tmovl %eax, timed_number\n"
        "\tmovl 12(%ebp), %eax\n"
        "\tmovl %eax, timed_third\n"
        "\tmovl 4(%ebp), %ebx\n"
        "\tmovl 8(%ebp), %ecx\n"
        "\tmovl 16(%ebp), %esi\n"
        "\tmovl 20(%ebp), %edi\n"
        "\tmovl 24(%ebp), %ebp\n"
        "\trdtsc\n"
        "\tmovl %eax, timed_start\n"
        "\tmovl timed_number, %eax\n"
        "\tmovl timed_third, %edx\n"
        "\tcall *timed_entry\n"
        "\trdtsc\n"
        "\tsubl timed_start, %eax\n"
        "\tpopl %ebp\n"
        "\tpopl %edi\n"
        "\tpopl %esi\n"
        "\tpopl %ebx\n"
        "\tret\n"
        "\t.lcomm timed_entry, 4\n"
        "\t.lcomm timed_number, 4\n"
        "\t.lcomm timed_third, 4\n"
        "\t.lcomm timed_start, 4\n"
        "\t.globl empty_stub\n"
        "empty_stub:\n"
        "\tret\n"
        "\t.globl known_stub\n"
        "known_stub:\n"
        "\tmovl $1000, %ecx\n"
        "1:\tdecl %ecx\n"
        "\tjnz 1b\n"
        "\tret\n");

void empty_stub(void);
void known_stub(void);
#define EMPTY_INSTRUCTIONS 2    /* the empty stub's call and ret, which every stub has */
#define KNOWN_INSTRUCTIONS 2001 /* that known_stub has more than empty_stub */

bool measure_possible(void)
{
    return cpuid_features() & CPUID_TSC;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* How an operation is repeated. */
struct repetition {
    int warm_up, samples;
    void (*prepare)(void); /* before each; NULL: nothing */
};

static const struct repetition usual = {WARM_UP, SAMPLES, NULL};

static struct cost summary(uint32_t *values, int samples)
{
    qsort(values, samples, sizeof(*values), compare);
    return (struct cost){.median = values[samples / 2], .minimum = values[0], .samples = samples};
}

static uint32_t prepared_call(const struct repetition *how, void (*entry)(void),
                              const struct call *call)
{
    if (how->prepare)
        how->prepare();
    return timed_call(entry, call);
}

static struct cost count_ticks(const struct repetition *how, void (*entry)(void),
                               const struct call *call)
{
    uint32_t samples[SAMPLES];

    for (int i = -how->warm_up; i < how->samples; i++) {
        uint32_t ticks = prepared_call(how, entry, call);
        if (i >= 0)
            samples[i] = ticks;
    }
    return summary(samples, how->samples);
}

static uint32_t count_cr3_writes(const struct repetition *how, void (*entry)(void),
                                 const struct call *call)
{
    uint32_t samples[SAMPLES];
    struct postern_counters before, after;

    for (int i = 0; i < how->samples; i++) {
        if (how->prepare)
            how->prepare();
        if (postern_counters(&before))
            return 0;
        timed_call(entry, call);
        postern_counters(&after);
        samples[i] = after.cr3_writes - before.cr3_writes;
    }
    return summary(samples, how->samples).median;
}

bool measure_exact(void)
{
    const struct call nothing = {0};
    struct cost empty = count_ticks(&usual, empty_stub, &nothing);
    struct cost known = count_ticks(&usual, known_stub, &nothing);

    return known.median - empty.median == KNOWN_INSTRUCTIONS;
}

static struct cost difference(const struct repetition *how, void (*entry)(void),
                              const struct call *call)
{
    struct cost empty = count_ticks(&usual, empty_stub, call);
    struct cost whole = count_ticks(how, entry, call);

    return (struct cost){
        .median = whole.median - (empty.median - EMPTY_INSTRUCTIONS),
        .minimum = whole.minimum - (empty.minimum - EMPTY_INSTRUCTIONS),
        .cr3_writes =
            count_cr3_writes(how, entry, call) - count_cr3_writes(&usual, empty_stub, call),
        .samples = whole.samples,
    };
}

struct cost measure(void (*entry)(void), const struct call *call)
{
    return difference(&usual, entry, call);
}

struct cost measure_prepared(void (*entry)(void), const struct call *call, void (*prepare)(void))
{
    const struct repetition few = {2, 5, prepare};

    return difference(&few, entry, call);
}

void measure_profile(void (*entry)(void), const struct call *call)
{
    for (int i = 0; i < PROFILE_SAMPLES; i++)
        timed_call(empty_stub, call);
    for (int i = -WARM_UP; i < PROFILE_SAMPLES; i++)
        timed_call(entry, call);
}
