/*
 * The first program. Without arguments: a banner, then the shell, and power off when it ends. With
 * arguments (what the kernel's command line has after `--`): runs that program, and powers off with
 * its exit status.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/postern.h"
#include "user/lib/spawn.h"

/* Waits for pid and for whatever orphans die meanwhile. */
static int reap_until(pid_t pid)
{
    int status;

    for (;;) {
        pid_t dead = wait(&status);
        if (dead == pid)
            return spawn_status(status);
        if (dead < 0 && errno == ECHILD)
            return 127;
    }
}

static int run(char *const argv[])
{
    pid_t pid = fork();

    if (pid == 0) {
        spawn_exec("init", argv);
        _exit(127);
    }
    if (pid < 0) {
        perror("init: fork");
        return 127;
    }
    return reap_until(pid);
}

static void banner(void)
{
    int doors = postern_get(POSTERN_DOORS), isolation = postern_get(POSTERN_ISOLATION);
    unsigned pages = postern_exposed_pages();

    printf("\nPostern, isolation=%s. Doors:", isolation_names[isolation]);
    for (int door = 0; door < NR_DOORS; door++) {
        if (doors & 1 << door)
            printf(" %s", door_names[door]);
    }
    printf(".\nThis process exposes %u supervisor pages (%u KiB); %d MiB of memory.\n"
           "Type help.\n\n",
           pages, pages * 4, postern_get(POSTERN_MEMORY_KIB) / 1024);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int status;

    if (!on_postern()) {
        fprintf(stderr, "init: this is not Postern\n");
        return 1;
    }
    if (argc > 1) {
        status = run(argv + 1);
    } else {
        char *shell[] = {"sh", NULL};
        banner();
        status = run(shell);
    }
    postern_poweroff(status);
    return status;
}
