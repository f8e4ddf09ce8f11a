#include "user/fuzz/attempt.h"

#include <string.h>

#include "user/fuzz/move.h"

struct options options = {.doors = 1};

/* Calls that move bytes about are made more often than those that have few ways to go wrong. */
static const uint16_t favourites[] = {
    NR_read,    NR_write,    NR_readv,   NR_writev, NR_pread64,      NR_pwrite64, NR_preadv,
    NR_pwritev, NR_ioctl,    NR_fcntl64, NR_futex,  NR_prctl,        NR_poll,     NR_execve,
    NR_getcwd,  NR_readlink, NR_stat64,  NR_uname,  NR_gettimeofday, NR_pipe,     NR_postern_batch,
};

static bool is_wanted(unsigned number)
{
    return !call_skipped(number) && !(options.portable && number >= POSTERN_CALL_BASE);
}

/* Always sleeps until the timer interrupts it, or looks at all of memory. */
static bool is_slow(unsigned number)
{
    return number == NR_postern_exposure || number == NR_pause || number == NR_sigsuspend ||
           number == NR_rt_sigsuspend || (number >= NR_ipc_send && number <= NR_ipc_reply_and_wait);
}

/* Postern's calls in a list of their own, so that a seed means the same steps on both kernels. */
struct step generate_step(struct draw *d)
{
    unsigned number, seed;

    if (draw_once_in(d, 10))
        return move_draw(d);
    do {
        number =
            draw_once_in(d, 4) ? draw_of(d, favourites) : calls[draw_below(d, nr_calls)].number;
    } while (!is_wanted(number) || (is_slow(number) && !draw_once_in(d, 8)));
    seed = draw(d) & 0xffffff;
    return (struct step){number, 0, seed};
}

/* A length that makes the end of the buffer wrap round, or reach to where it should not. */
static void bend_length(struct attempt *attempt, unsigned argument, struct draw *d)
{
    const struct argument *a = &attempt->call->arguments[argument];

    if ((a->kind == KIND_IN_BYTES || a->kind == KIND_OUT_BYTES) && draw_once_in(d, 48))
        attempt->values[a->detail] = draw_below(d, 64) - attempt->values[argument];
}

static void draw_scalars(struct attempt *attempt, struct step step)
{
    for (unsigned i = 0; i < 6; i++) {
        struct draw d = draw_for(step, i);
        int kind = attempt->call->arguments[i].kind;
        if (kind == KIND_NONE || kind_is_pointer(kind))
            continue;
        if (draw_once_in(&d, kind == KIND_MAYBE || kind == KIND_ADDRESS ? 2 : 24))
            attempt->values[i] = pointer_draw(attempt, i, 16, &d);
        else
            attempt->values[i] = scalar_draw(attempt, i, &d);
    }
}

static void draw_pointers(struct attempt *attempt, struct step step)
{
    for (unsigned i = 0; i < 6; i++) {
        struct draw d = draw_for(step, i);
        if (!kind_is_pointer(attempt->call->arguments[i].kind))
            continue;
        uint32_t size = call_extent(attempt->call, i, attempt->values);
        attempt->values[i] = pointer_draw(attempt, i, size, &d);
        bend_length(attempt, i, &d);
    }
    for (unsigned i = 0; i < 6; i++) {
        struct draw d = draw_for(step, i + DRAW_STEP + 1);
        if (attempt->call->arguments[i].kind)
            contents_write(attempt, i, &d);
    }
}

static int draw_door(struct step step)
{
    struct draw d = draw_for(step, DRAW_STEP);
    unsigned door;

    do {
        door = draw_below(&d, NR_DOORS);
    } while (!(options.doors & 1u << door));
    return door;
}

void generate(struct attempt *attempt, struct step step)
{
    memset(attempt, 0, offsetof(struct attempt, accesses));
    attempt->nr_accesses = 0;
    attempt->call = call_find(step.number);
    attempt->traits = call_traits(attempt->call);
    attempt->door = draw_door(step);
    draw_scalars(attempt, step);
    draw_pointers(attempt, step);
    filter(attempt);
    accesses_find(attempt);
    if (filter_overwrites(attempt))
        accesses_find(attempt);
}
