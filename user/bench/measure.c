#include "user/bench/measure.h"

#include <stdlib.h>

#include "user/bench/mark.h"
#include "user/lib/cpuid.h"
#include "user/lib/postern.h"

#define WARM_UP        10
#define MARKED_SAMPLES 9

/*
 * A function that calls `call *entry` with the call's registers. Everything that can be loaded
 * before START is; what lies between it and STOP besides the call is the same for every entry, and
 * an entry that only returns measures it.
 */
#define CALLER(name, start, begin, end, stop)                                           \
    "\t.globl " name "\n" name ":\n"                                                    \
    "\tpushl %ebx\n"                                                                    \
    "\tpushl %esi\n"                                                                    \
    "\tpushl %edi\n"                                                                    \
    "\tpushl %ebp\n"                                                                    \
    "\tmovl 20(%esp), %eax\n"                                                           \
    "\tmovl %eax, timed_entry\n"                                                        \
    "\tmovl 24(%esp), %ebp\n"                                                           \
    "\tmovl (%ebp), %eax\n"                                                             \
    "\tmovl %eax, timed_number\n"                                                       \
    "\tmovl 12(%ebp), %eax\n"                                                           \
    "\tmovl %eax, timed_third\n"                                                        \
    "\tmovl 4(%ebp), %ebx\n"                                                            \
    "\tmovl 8(%ebp), %ecx\n"                                                            \
    "\tmovl 16(%ebp), %esi\n"                                                           \
    "\tmovl 20(%ebp), %edi\n"                                                           \
    "\tmovl 24(%ebp), %ebp\n" start "\tmovl timed_number, %eax\n"                       \
    "\tmovl timed_third, %edx\n" begin "\tcall *timed_entry\n" end stop "\tpopl %ebp\n" \
    "\tpopl %edi\n"                                                                     \
    "\tpopl %esi\n"                                                                     \
    "\tpopl %ebx\n"                                                                     \
    "\tret\n"

/* Ticks between two RDTSCs. And the same between marks, which counts nothing itself. */
uint32_t timed_call(void (*entry)(void), const struct call *call);
void marked_call(void (*entry)(void), const struct call *call);
__asm__("\t.text\n" CALLER("timed_call", "\trdtsc\n\tmovl %eax, timed_start\n", "", "",
                           "\trdtsc\n\tsubl timed_start, %eax\n")
            CALLER("marked_call", "", MARK_INSTRUCTION(MARK_BEGIN), MARK_INSTRUCTION(MARK_END),
                   "") "\t.lcomm timed_entry, 4\n"
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

static const struct repetition usual = {WARM_UP, MAX_SAMPLES, NULL};

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
    uint32_t samples[MAX_SAMPLES];

    for (int i = -how->warm_up; i < how->samples; i++) {
        uint32_t ticks = prepared_call(how, entry, call);
        if (i >= 0)
            samples[i] = ticks;
    }
    return summary(samples, how->samples);
}

static uint32_t calls_of(const struct postern_counters *counters)
{
    uint32_t calls = counters->answered;

    for (int door = 0; door < NR_DOORS; door++)
        calls += counters->entries[door];
    return calls;
}

/* CR3 writes and calls; none where nobody counts them. */
static struct cost count_events(const struct repetition *how, void (*entry)(void),
                                const struct call *call)
{
    uint32_t cr3_writes[MAX_SAMPLES], calls[MAX_SAMPLES];
    struct postern_counters before, after;

    for (int i = 0; i < how->samples; i++) {
        if (how->prepare)
            how->prepare();
        if (postern_counters(&before))
            return (struct cost){0};
        timed_call(entry, call);
        postern_counters(&after);
        cr3_writes[i] = after.cr3_writes - before.cr3_writes;
        calls[i] = calls_of(&after) - calls_of(&before);
    }
    return (struct cost){
        .cr3_writes = summary(cr3_writes, how->samples).median,
        .calls = summary(calls, how->samples).median,
    };
}

bool measure_exact(void)
{
    const struct call nothing = {0};
    struct cost empty = count_ticks(&usual, empty_stub, &nothing);
    struct cost known = count_ticks(&usual, known_stub, &nothing);

    return known.median - empty.median == KNOWN_INSTRUCTIONS;
}

struct cost measure(void (*entry)(void), const struct call *call, const struct repetition *how)
{
    how = how ? how : &usual;
    struct cost empty = count_ticks(&usual, empty_stub, call);
    struct cost whole = count_ticks(how, entry, call);
    struct cost events = count_events(how, entry, call);
    struct cost no_events = count_events(&usual, empty_stub, call);

    return (struct cost){
        .median = whole.median - (empty.median - EMPTY_INSTRUCTIONS),
        .minimum = whole.minimum - (empty.minimum - EMPTY_INSTRUCTIONS),
        .cr3_writes = events.cr3_writes - no_events.cr3_writes,
        .calls = events.calls - no_events.calls,
        .samples = whole.samples,
    };
}

void measure_marked(void (*entry)(void), const struct call *call, const struct repetition *how)
{
    how = how ? how : &usual;
    MARK(MARK_CELL);
    for (int i = 0; i < MARKED_SAMPLES && i < how->samples; i++) {
        if (how->prepare)
            how->prepare();
        marked_call(entry, call);
    }
}
