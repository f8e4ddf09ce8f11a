#include "user/fuzz/race.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user/fuzz/move.h"
#include "user/fuzz/world.h"

#define BOTH    (PROT_READ | PROT_WRITE)
#define SLEEP   200 /* microseconds */
#define CHANGES 12  /* while one step is made, however long it sleeps */

static struct {
    pthread_t thread;
    struct draw d;
    volatile bool on, ending;
    volatile unsigned left; /* of this step's changes */
} race;

/* Without the model, which says nothing of these pages while it goes on. */
static void change(struct draw *d)
{
    uint32_t page = arena_address(ARENA_CHURN + draw_below(d, ARENA_CHURN_END - ARENA_CHURN));

    switch (draw_below(d, 6)) {
    case 0:
        munmap((void *)page, PAGE);
        break;
    case 1:
    case 2:
        mmap((void *)page, PAGE, BOTH, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        break;
    case 3:
        mprotect((void *)page, PAGE, draw_below(d, 4));
        break;
    case 4:
        write(FD_WRITER, "wakes a reader", 15);
        break;
    case 5:
        read(FD_ZERO, (void *)page, 64);
        break;
    }
}

static void *loop(void *unused)
{
    while (!race.ending) {
        if (race.left) {
            race.left--;
            change(&race.d);
        } else {
            usleep(SLEEP);
        }
        if (draw_once_in(&race.d, 3))
            syscall_raw(NR_sched_yield, 0, 0, 0);
    }
    return unused;
}

bool race_begin(struct step seed)
{
    race.d = draw_for(seed, DRAW_STEP);
    race.ending = false;
    race.left = CHANGES;
    for (unsigned page = ARENA_CHURN; page < ARENA_CHURN_END; page++)
        arena_set_rights(page, 0);
    fcntl(FD_READER, F_SETFL, 0);
    race.on = !pthread_create(&race.thread, NULL, loop, NULL);
    return race.on;
}

bool race_is_on(void)
{
    return race.on;
}

void race_yield(void)
{
    race.left = CHANGES;
    syscall_raw(NR_sched_yield, 0, 0, 0);
}

void race_end(void)
{
    race.ending = true;
    pthread_join(race.thread, NULL);
    race.on = false;
    move_refill();
}
