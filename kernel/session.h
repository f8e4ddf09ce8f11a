/* Sessions and process groups (credentials(7), setsid(2), setpgid(2)). Thread context. */
#ifndef KERNEL_SESSION_H
#define KERNEL_SESSION_H

#include "kernel/process.h"

struct tty;

struct session {
    unsigned references; /* processes in it, and its terminal */
    int32_t sid;
    struct tty *tty; /* controlling terminal, or NULL */
};

/* A session with one reference; NULL: no memory. */
struct session *session_create(int32_t sid);
void session_get(struct session *session);
void session_put(struct session *session);

/* True if no member has a parent in another group of the same session: nobody would continue it. */
bool group_is_orphaned(int32_t group);

bool group_exists(int32_t group);

/* True if group has a member in session. */
bool group_is_in_session(int32_t group, const struct session *session);

/* A process is about to end: stopped groups that this orphans get SIGHUP and SIGCONT (POSIX 2.4.3,
 * _exit()), and a leader's terminal is given up. */
void session_exit(struct process *process);

#endif
