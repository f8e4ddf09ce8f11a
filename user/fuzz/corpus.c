#include "user/fuzz/corpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/fuzz/attempt.h"
#include "user/fuzz/run.h"

#define RUNS_MAX 4096

static struct run *runs[RUNS_MAX];
static unsigned nr_runs;

bool corpus_add(const struct run *run, unsigned count)
{
    size_t size = offsetof(struct run, steps) + count * sizeof(struct step);

    if (nr_runs == RUNS_MAX || !(runs[nr_runs] = malloc(size)))
        return false;
    memcpy(runs[nr_runs], run, size);
    runs[nr_runs++]->count = count;
    return true;
}

unsigned corpus_size(void)
{
    return nr_runs;
}

static void remove_steps(struct run *run, unsigned at, unsigned count)
{
    memmove(run->steps + at, run->steps + at + count,
            (run->count - at - count) * sizeof(run->steps[0]));
    run->count -= count;
}

static void insert_steps(struct run *run, unsigned at, const struct step *steps, unsigned count)
{
    if (count > STEPS_MAX - run->count)
        count = STEPS_MAX - run->count;
    memmove(run->steps + at + count, run->steps + at, (run->count - at) * sizeof(run->steps[0]));
    memcpy(run->steps + at, steps, count * sizeof(run->steps[0]));
    run->count += count;
}

/* One change: another draw of an argument or of a step, steps left out, added, or from another run.
 */
static void change(struct run *run, struct draw *d)
{
    unsigned at = draw_below(d, run->count);
    struct step *step = &run->steps[at], new = generate_step(d);
    const struct run *other = runs[draw_below(d, nr_runs)];

    switch (draw_below(d, 8)) {
    case 0:
    case 1:
    case 2:
        step->vary ^= 1u << draw_below(d, 24);
        break;
    case 3:
        step->seed = draw(d) & 0xffffff;
        break;
    case 4:
        *step = new;
        break;
    case 5:
        insert_steps(run, at, &new, 1);
        break;
    case 6:
        if (run->count > 1)
            remove_steps(run, at, 1);
        break;
    case 7:
        insert_steps(run, at, other->steps, 1 + draw_below(d, other->count));
        break;
    }
}

void corpus_mutate(struct run *run, uint32_t seed, unsigned count)
{
    struct draw d = draw_from(seed, 0xc0);

    if (!nr_runs || draw_once_in(&d, 3)) {
        run_from_seed(run, seed, count);
        return;
    }
    const struct run *from = runs[nr_runs - 1 - draw_below(&d, draw_below(&d, nr_runs) + 1)];
    memcpy(run, from, offsetof(struct run, steps) + from->count * sizeof(from->steps[0]));
    run->seed = seed;
    for (unsigned i = 1 + draw_below(&d, 8); i > 0; i--)
        change(run, &d);
}
