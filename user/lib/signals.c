#include "user/lib/signals.h"

#include <sys/wait.h>
#include <unistd.h>

#define NUDGE_MICROSECONDS 4000

void signal_catch(int signal, int flags, signal_handler *handler)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};

    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

void signal_dispose(int signal, void (*disposition)(int))
{
    struct sigaction action = {.sa_handler = disposition};

    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

sigset_t signal_set(int signal)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, signal);
    return set;
}

void signal_mask(int how, int signal)
{
    sigset_t set = signal_set(signal);

    sigprocmask(how, &set, NULL);
}

int signal_blocked(int signal)
{
    sigset_t set;

    sigprocmask(SIG_SETMASK, NULL, &set);
    return sigismember(&set, signal);
}

int signal_pending(int signal)
{
    sigset_t set;

    sigpending(&set);
    return sigismember(&set, signal);
}

pid_t nudge_start(int signal)
{
    pid_t target = getpid(), nudger = fork();

    if (nudger == 0) {
        while (getppid() == target) {
            kill(target, signal);
            usleep(NUDGE_MICROSECONDS);
        }
        _exit(0);
    }
    return nudger;
}

void nudge_stop(pid_t nudger)
{
    kill(nudger, SIGKILL);
    while (waitpid(nudger, NULL, 0) < 0)
        ;
}
