/*
 * Short messages whose partner dies, gives up, closes or runs another program: the one who is left
 * gets an error that says so, at once, and nothing stays behind (run.c looks at frames, heap and
 * files). With ipc=direct and ipc=kernel; each after some round trips, so that both sides are used
 * to each other.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

#include "test/guest/check.h"
#include "user/lib/ipc.h"
#include "user/lib/postern.h"

enum doom {
    DIES_OWING,     /* exits with a request in hand */
    KILLED_OWING,   /* is killed while it works on it */
    KILLED_WAITING, /* is killed in the wait for a request */
    EXECS_OWING,    /* runs another program with a request in hand */
    FORGETS,        /* receives again without a reply */
    CLOSES,         /* closes its end with a request in hand */
    FAULTS,         /* dies of SIGSEGV */
    NR_DOOMS,
};

static const char *const doom_names[NR_DOOMS] = {
    "exits",  "is killed at work", "is killed while it waits",
    "execs",  "receives the next", "closes its end",
    "faults",
};

static const char *const ipc_names[] = {"direct", "kernel"};
static const char *setting;

#define ROUNDS 5

static void meet_doom(enum doom doom, int fd)
{
    char *argv[] = {"true", NULL};
    uint32_t words[4];

    switch (doom) {
    case DIES_OWING:
        _exit(0);
    case EXECS_OWING:
        execv("/test/true", argv);
        _exit(1);
    case FORGETS:
        ipc_receive(fd, words); /* the send */
        _exit(0);
    case CLOSES:
        close(fd);
        pause();
        _exit(1);
    case FAULTS:
        raise(SIGSEGV);
        _exit(1);
    default:
        pause();
        _exit(1);
    }
}

static pid_t start_server(enum doom doom, const int *fds)
{
    fflush(stdout);
    pid_t pid = fork();

    if (pid == 0) {
        uint32_t words[4];
        close(fds[1]);
        ipc_receive(fds[0], words);
        for (int i = 0; i < ROUNDS; i++)
            ipc_reply_and_wait(fds[0], words);
        meet_doom(doom, fds[0]);
    }
    return pid;
}

/* Kills it when it has had the time to be where it is to die. */
static void kill_later(pid_t victim)
{
    if (fork() == 0) {
        usleep(20000);
        kill(victim, SIGKILL);
        _exit(0);
    }
}

static void check_server(enum doom doom)
{
    int fds[2], want = doom == KILLED_WAITING ? EPIPE : ECONNRESET;
    uint32_t words[4] = {0};

    endpoint_create(fds, 0);
    pid_t pid = start_server(doom, fds);
    close(fds[0]);
    int rounds = doom == KILLED_WAITING ? ROUNDS - 1 : ROUNDS;
    for (int i = 0; i < rounds; i++)
        ipc_call(fds[1], words);
    if (doom == KILLED_OWING)
        kill_later(pid);
    if (doom == KILLED_WAITING) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    ktap_equal(ipc_call(fds[1], words) == -1 ? errno : 0, want, "%s: call, the server %s", setting,
               doom_names[doom]);
    ktap_equal(ipc_send(fds[1], words) == -1 ? errno : 0, doom == FORGETS ? 0 : EPIPE,
               "%s: and then a send", setting);
    if (doom == CLOSES)
        kill(pid, SIGKILL);
    close(fds[1]);
    while (wait(NULL) > 0)
        ;
}

/* --- callers ---------------------------------------------------------------------------------- */

static void check_caller(bool and_wait)
{
    int fds[2];
    uint32_t words[4] = {0};

    endpoint_create(fds, 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        for (;;)
            ipc_call(fds[1], words);
    }
    ipc_receive(fds[0], words);
    for (int i = 0; i < ROUNDS; i++)
        ipc_reply_and_wait(fds[0], words);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    long result = and_wait ? ipc_reply_and_wait(fds[0], words) : ipc_reply(fds[0], words);
    ktap_equal(result == -1 ? errno : 0, ESRCH, "%s: %s to a caller that is dead", setting,
               and_wait ? "reply and wait" : "reply");
    close(fds[1]);
    check_error(ipc_receive(fds[0], words), EPIPE, "there are no others");
    close(fds[0]);
}

/* Those that wait in the queue die too. */
static void check_queue(void)
{
    int fds[2];
    uint32_t words[4];
    pid_t pids[3];

    endpoint_create(fds, 0);
    fflush(stdout);
    for (uint32_t i = 0; i < 3; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            words[0] = i;
            _exit(ipc_call(fds[1], words));
        }
        usleep(10000);
    }
    kill(pids[0], SIGKILL);
    waitpid(pids[0], NULL, 0);
    ktap_equal(ipc_receive(fds[0], words), 1, "%s: behind a dead caller", setting);
    ktap_equal(words[0], 1, "%s: is the next", setting);
    ktap_equal(ipc_reply_and_wait(fds[0], words), 1, "%s: and the one after", setting);
    ktap_equal(words[0], 2, "%s: is the last", setting);
    ipc_reply(fds[0], words);
    while (wait(NULL) > 0)
        ;
    close(fds[0]);
    close(fds[1]);
}

/* The last who could send goes while a receiver waits. */
static void check_last_sender(void)
{
    int fds[2], status;

    endpoint_create(fds, 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        uint32_t words[4];
        close(fds[1]);
        int result = ipc_receive(fds[0], words);
        while (result >= 0)
            result = ipc_reply_and_wait(fds[0], words);
        _exit(errno);
    }
    close(fds[0]);
    for (int i = 0; i < ROUNDS; i++)
        ipc_call(fds[1], (uint32_t[4]){0});
    usleep(10000);
    close(fds[1]);
    waitpid(pid, &status, 0);
    ktap_equal(WEXITSTATUS(status), EPIPE, "%s: receive, the last sender closes", setting);
}

/* --- threads of one process ------------------------------------------------------------------- */

static void *thread_call(void *fd)
{
    uint32_t words[4] = {0};

    return (void *)(long)(ipc_call((int)(long)fd, words) ? errno : 0);
}

static void check_closed_by_thread(void)
{
    int fds[2];
    pthread_t thread;
    void *result;

    endpoint_create(fds, 0);
    pthread_create(&thread, NULL, thread_call, (void *)(long)fds[1]);
    usleep(10000);
    close(fds[1]);
    pthread_join(thread, &result);
    ktap_equal((long)result, EBADF, "%s: call, another thread closes the descriptor", setting);
    close(fds[0]);
}

static void *thread_exec(void *nothing)
{
    char *argv[] = {"true", NULL};

    (void)nothing;
    usleep(20000);
    execv("/test/true", argv);
    return NULL;
}

/* A process runs another program while one of its threads is in a call that was received. */
static void check_exec_under_call(void)
{
    int fds[2], status;
    uint32_t words[4];

    endpoint_create(fds, 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, thread_exec, NULL);
        thread_call((void *)(long)fds[1]);
        _exit(77);
    }
    ktap_equal(ipc_receive(fds[0], words), 1, "%s: a call of a thread", setting);
    waitpid(pid, &status, 0);
    ktap_equal(status, 0, "%s: whose process runs another program", setting);
    check_error(ipc_reply(fds[0], words), ESRCH, "the thread is gone");
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    ktap_begin();
    if (!on_postern()) {
        ktap_skip("Postern only", "short messages to the dead");
        return ktap_end();
    }
    alarm(120);
    for (int ipc = 0; ipc < 2; ipc++) {
        setting = ipc_names[ipc];
        postern_set(POSTERN_IPC, ipc);
        for (int doom = 0; doom < NR_DOOMS; doom++)
            check_server(doom);
        check_caller(false);
        check_caller(true);
        check_queue();
        check_last_sender();
        check_closed_by_thread();
        check_exec_under_call();
    }
    return ktap_end();
}
