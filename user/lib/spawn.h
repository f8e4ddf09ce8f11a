/* Starting programs and waiting for them. */
#ifndef USER_LIB_SPAWN_H
#define USER_LIB_SPAWN_H

/* Runs argv[0] as a child and waits; its exit status, 128 + the signal that ended it, or 127 with a
 * line on stderr if it cannot be started. */
int spawn_wait(char *const argv[]);

/* Replaces this process: a name without a slash is looked for in /bin. Returns only on failure,
 * with a line on stderr that begins with who. */
void spawn_exec(const char *who, char *const argv[]);

/* Calls body(argument) in a child, which exits with its result; returns what wait gave, or -1. */
int spawn_body(int (*body)(void *argument), void *argument);

/* An exit status from what wait gave. */
int spawn_status(int status);

#endif
