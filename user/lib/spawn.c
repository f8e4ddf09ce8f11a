#include "user/lib/spawn.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int spawn_status(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void spawn_exec(const char *who, char *const argv[])
{
    char path[256];

    snprintf(path, sizeof(path), "%s%s", strchr(argv[0], '/') ? "" : "/bin/", argv[0]);
    execve(path, argv, environ);
    fprintf(stderr, "%s: %s: %s\n", who, argv[0], errno == ENOENT ? "not found" : strerror(errno));
}

int spawn_wait(char *const argv[])
{
    int status;
    pid_t pid = fork();

    if (pid < 0) {
        fprintf(stderr, "%s: cannot fork: %s\n", argv[0], strerror(errno));
        return 127;
    }
    if (pid == 0) {
        spawn_exec("spawn", argv);
        _exit(127);
    }
    return waitpid(pid, &status, 0) == pid ? spawn_status(status) : 127;
}

int spawn_body(int (*body)(void *argument), void *argument)
{
    int status;

    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0)
        return -1;
    if (pid == 0)
        _exit(body(argument));
    return waitpid(pid, &status, 0) == pid ? status : -1;
}
