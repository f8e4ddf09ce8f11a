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
/* The number of rows; at most max are written. */
int postern_exposure(struct postern_exposure *rows, size_t max);
int postern_poweroff(int status);
int postern_sabotage(enum postern_sabotage what);
int postern_strike(int vector, int after, int waiting);
int postern_struck(struct postern_struck *struck);

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
int isolation_number(const char *name);
int door_number(const char *name); /* "auto" is DOOR_AUTO */

/* Supervisor pages that the caller's directory maps. */
unsigned postern_exposed_pages(void);

#endif
