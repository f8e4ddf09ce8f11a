/*
 * Postern's own calls as functions (kernel/postern_abi.h says what they take). On Linux they fail
 * with ENOSYS; on_postern() tells.
 */
#ifndef USER_LIB_POSTERN_H
#define USER_LIB_POSTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/postern_abi.h"

/* Each returns a value or -1 with errno, like a C library's. */
int postern_get(enum postern_setting setting);
int postern_set(enum postern_setting setting, int value);
int postern_counters(struct postern_counters *counters);
/* True if between the two nothing but the caller's own calls ran: no interrupt, no fault, nobody
 * else. */
bool postern_undisturbed(const struct postern_counters *before,
                         const struct postern_counters *after);
/* The number of rows; at most max are written. */
int postern_exposure(struct postern_exposure *rows, size_t max);
int postern_poweroff(int status);
int postern_sabotage(enum postern_sabotage what);
int postern_strike(int vector, int after, int waiting);
int postern_struck(struct postern_struck *struck);

/*
 * A batch as it is written, call by call:
 *
 *     struct postern_batch batch = {0};
 *     postern_batch_add(&batch, 0, NR_open, 2, (long)path, O_RDONLY);
 *     postern_batch_add(&batch, POSTERN_BATCH_RESULT(0), NR_read, 3, 0, (long)buffer, size);
 *     int run = postern_batch_run(&batch);    results[0] to results[run - 1] are valid
 */
struct postern_batch {
    uint32_t words[POSTERN_BATCH_WORDS];
    int32_t results[POSTERN_BATCH_WORDS];
    unsigned nr_words, count;
};

/* flags: POSTERN_BATCH_STOP, POSTERN_BATCH_RESULT(n); then that many arguments, of type long. The
 * index of the call; -1: it does not fit. */
int postern_batch_add(struct postern_batch *batch, uint32_t flags, uint32_t number,
                      unsigned nr_arguments, ...);
int postern_batch_run(struct postern_batch *batch);

bool on_postern(void);

/* What the whole system has in use. */
struct postern_usage {
    int frames, heap, files;
};
struct postern_usage postern_usage(void);

/* Waits until that is what it was, while orphans are reaped and threads end in their own time;
 * false if it stays otherwise, which a note says then. */
bool postern_usage_returns(struct postern_usage before, const char *who);

/* perror(3), which on another kernel says so. */
void postern_perror(const char *who);

/* Names, and their numbers or -1 (doors: -2). */
extern const char *const isolation_names[2];
extern const char *const door_names[NR_DOORS];
extern const char *const copy_names[NR_COPIES];
int isolation_number(const char *name);
int door_number(const char *name); /* "auto" is DOOR_AUTO */
int copy_number(const char *name);

/* Supervisor pages that the caller's directory maps. */
unsigned postern_exposed_pages(void);

#endif
