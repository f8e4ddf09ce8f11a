/*
 * The first program. Without arguments: a banner, then a login shell on the console, and power off
 * when it ends. With arguments (what the kernel's command line has after `--`): runs that program,
 * and powers off with its exit status. Signals end the machine as busybox's halt, poweroff and
 * reboot expect of the first program.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/cpuid.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"

static const struct {
    int signal, command;
} endings[] = {
    {SIGUSR1, RB_HALT_SYSTEM},
    {SIGUSR2, RB_POWER_OFF},
    {SIGTERM, RB_AUTOBOOT},
};

/* A handler; what the kernel does not know how to do is done by powering off. */
static void end_machine(int signal)
{
    for (unsigned i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (endings[i].signal == signal)
            reboot(endings[i].command);
    }
    postern_poweroff(0);
}

static void listen_for_endings(void)
{
    for (unsigned i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
        sigaction(endings[i].signal, &(struct sigaction){.sa_handler = end_machine}, NULL);
}

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

/* Job control needs a session whose terminal the console is. */
static void own_console(void)
{
    int console;

    setsid();
    console = open("/dev/console", O_RDWR);
    if (console < 0)
        return;
    ioctl(console, TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; fd++)
        dup2(console, fd);
    if (console > 2)
        close(console);
}

/* The dash in its name makes a shell a login shell. */
static void become_shell(void)
{
    char *argv[] = {"-sh", NULL};

    own_console();
    chdir(getenv("HOME"));
    if (cpuid_features() & CPUID_CMOV)
        execv("/bin/sh", argv);
    else
        fprintf(stderr, "init: Debian's busybox needs a CPU with CMOV; psh stands in\n");
    execv("/bin/psh", argv);
    perror("init: no shell");
}

/* Without argv: the shell. */
static int run(char *const argv[])
{
    pid_t pid = fork();

    if (pid == 0) {
        if (argv)
            spawn_exec("init", argv);
        else
            become_shell();
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
    setenv("HOME", "/root", 1);
    setenv("PATH", "/bin:/test", 1);
    setenv("TERM", "linux", 1);
    listen_for_endings();
    if (argc == 1)
        banner();
    status = run(argc > 1 ? argv + 1 : NULL);
    postern_poweroff(status);
    return status;
}
