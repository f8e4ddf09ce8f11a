/*
 * Who may signal whom, what the receiver learns of the sender, and who hears of an end.
 *
 * Rule: kill(2), rt_sigqueueinfo(2), prctl(2), wait(2), clone(2). A broken kernel lets a user end
 * another's processes, names a sender that was none, or leaves zombies that nobody can wait for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/guest/check.h"
#include "user/lib/spawn.h"

#define USER            1000
#define USER_OF_TWO     54322 /* who has no other processes on a host */
#define SECONDS_TO_HANG 60

static pid_t target;
static volatile siginfo_t info;
static volatile int calls;

static void note(int signal, siginfo_t *received, void *context)
{
    (void)signal, (void)context;
    info = *received;
    calls++;
}

static void catch (int signal)
{
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};

    sigaction(signal, &action, NULL);
}

static pid_t sleeper(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        alarm(SECONDS_TO_HANG);
        for (;;)
            pause();
    }
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* --- permissions ------------------------------------------------------------------------------ */

static int queue(pid_t pid, int signal)
{
    siginfo_t own = {.si_code = SI_QUEUE};

    return syscall(SYS_rt_sigqueueinfo, pid, signal, &own);
}

/* A bit for each call that was not refused as it should be. */
static int tries(void *unused)
{
    int wrong = 0;

    (void)unused;
    if (setuid(USER))
        return 255;
    wrong |= outcome(kill(target, SIGTERM)) != -EPERM ? 1 : 0;
    wrong |= outcome(kill(target, 0)) != -EPERM ? 2 : 0;
    wrong |= outcome(syscall(SYS_tkill, target, SIGTERM)) != -EPERM ? 4 : 0;
    wrong |= outcome(syscall(SYS_tgkill, target, target, SIGTERM)) != -EPERM ? 8 : 0;
    wrong |= outcome(queue(target, SIGTERM)) != -EPERM ? 16 : 0;
    wrong |= outcome(kill(1, SIGTERM)) != -EPERM ? 32 : 0;
    wrong |= outcome(kill(target, SIGCONT)) ? 64 : 0;
    setsid();
    wrong |= outcome(kill(target, SIGCONT)) != -EPERM ? 128 : 0;
    return wrong;
}

/* Of a group it is enough to reach one, here the caller itself. */
static int tries_group(void *unused)
{
    (void)unused;
    if (setuid(USER))
        return 1;
    return kill(0, 0) ? 2 : 0;
}

static int has_real_or_saved(void *unused)
{
    (void)unused;
    if (setresuid(USER, USER + 1, 0))
        return 1;
    return kill(target, 0) ? 2 : 0;
}

/* The caller and one child are two. */
static int has_two_processes(void *unused)
{
    struct rlimit two = {2, 2};

    (void)unused;
    if (setrlimit(RLIMIT_NPROC, &two) || setuid(USER_OF_TWO))
        return 1;
    pid_t first = sleeper();
    pid_t second = fork();
    if (second == 0)
        _exit(0);
    bool refused = second == -1 && errno == EAGAIN;
    if (first > 0)
        end(first);
    if (first <= 0 || !refused)
        return 2;
    second = fork();
    if (second == 0)
        _exit(0);
    return waitpid(second, NULL, 0) == second ? 0 : 3;
}

static int queues_two(void *unused)
{
    struct rlimit two = {2, 2};
    sigset_t set;

    (void)unused;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    if (setrlimit(RLIMIT_SIGPENDING, &two) || setuid(USER_OF_TWO))
        return 1;
    if (queue(getpid(), SIGRTMIN) || queue(getpid(), SIGRTMIN))
        return 2;
    if (outcome(queue(getpid(), SIGRTMIN)) != -EAGAIN || kill(getpid(), SIGRTMIN))
        return 3;
    sigwaitinfo(&set, NULL);
    return queue(getpid(), SIGRTMIN) ? 4 : 0;
}

static void check_permissions(void)
{
    if (getuid()) {
        ktap_skip("only root can become somebody else", "permissions");
        return;
    }
    target = sleeper();
    ktap_equal(spawn_body(tries, NULL), 0,
               "another user's process: EPERM, but for SIGCONT in the session");
    ktap_equal(spawn_body(has_real_or_saved, NULL), 2 << 8, "a saved user 0 is not enough");
    ktap_equal(spawn_body(tries_group, NULL), 0, "of a group it is enough to reach one");
    ktap_equal(waitpid(target, NULL, WNOHANG), 0, "and nothing happened to it");
    end(target);
    ktap_equal(spawn_body(has_two_processes, NULL), 0, "RLIMIT_NPROC: EAGAIN, until one has ended");
    ktap_equal(spawn_body(queues_two, NULL), 0, "RLIMIT_SIGPENDING: EAGAIN, until one is taken");
}

/* --- what is told ------------------------------------------------------------------------------
 */

static int names_itself(void *unused)
{
    (void)unused;
    catch (SIGUSR1);
    if (setresuid(USER, USER + 1, USER + 2))
        return 1;
    raise(SIGUSR1);
    if (info.si_pid != getpid() || info.si_uid != USER)
        return 2;
    kill(getpid(), SIGUSR1);
    return calls != 2 || info.si_code != SI_USER || info.si_uid != USER ? 3 : 0;
}

static void check_child_info(void)
{
    siginfo_t told;

    catch (SIGCHLD);
    calls = 0;
    pid_t pid = fork();
    if (pid == 0) {
        if (setresuid(USER, USER + 1, USER + 2))
            _exit(1);
        _exit(5);
    }
    while (!calls)
        usleep(1000);
    ktap_ok(info.si_code == CLD_EXITED && info.si_pid == pid && info.si_status == 5,
            "SIGCHLD names the child and its status");
    ktap_equal(info.si_uid, getuid() ? 0 : USER, "and its real user");
    ktap_equal(outcome(waitid(P_PID, pid, &told, WSTOPPED | WCONTINUED)), -ECHILD,
               "a zombie does not stop or continue any more");
    ktap_ok(waitid(P_PID, pid, &told, WEXITED) == 0 && told.si_pid == pid &&
                told.si_uid == info.si_uid,
            "waitid says the same");
    signal(SIGCHLD, SIG_DFL);
}

/* --- a parent's end --------------------------------------------------------------------------- */

static int ends[2];

static void orphan(void)
{
    int asked = -1;
    pid_t parent = getppid();

    catch (SIGUSR1);
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    prctl(PR_GET_PDEATHSIG, &asked);
    write(ends[1], "r", 1);
    while (!calls)
        usleep(1000);
    bool good = asked == SIGUSR1 && info.si_code == SI_USER && info.si_pid == parent;
    write(ends[1], good ? "y" : "n", 1);
    _exit(0);
}

static void check_death_signal(void)
{
    char byte = 0;
    int asked = -1;

    check_error(prctl(PR_SET_PDEATHSIG, 65), EINVAL, "PR_SET_PDEATHSIG: no such signal");
    if (pipe(ends))
        return;
    calls = 0;
    pid_t child = fork();
    if (child == 0) {
        if (fork() == 0)
            orphan();
        read(ends[0], &byte, 1);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    close(ends[1]);
    ktap_ok(read(ends[0], &byte, 1) == 1 && byte == 'y', "a parent's end is told by its signal");
    close(ends[0]);
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    child = fork();
    if (child == 0) {
        prctl(PR_GET_PDEATHSIG, &asked);
        _exit(asked);
    }
    waitpid(child, &asked, 0);
    ktap_equal(asked, 0, "a child does not inherit it");
    prctl(PR_SET_PDEATHSIG, 0);
}

/* A child that tells nobody of its end is waited for with __WALL; init knows no such thing, and the
 * kernel's count of processes would grow for ever (test/run sees the memory). */
static void check_silent_orphan(void)
{
    pid_t child = fork();

    if (child == 0) {
        if (syscall(SYS_clone, 0, 0, 0, 0, 0) == 0) {
            usleep(2000);
            _exit(0);
        }
        _exit(waitpid(-1, NULL, 0) == -1 && errno == ECHILD ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    ktap_equal(status, 0, "a child without a signal is for __WALL alone");
}

/* --- threads ---------------------------------------------------------------------------------- */

static char stack[16384] __attribute__((aligned(16)));
static volatile int go;

static int waits_to_go(void *unused)
{
    (void)unused;
    while (!go)
        sched_yield();
    syscall(SYS_exit, 0);
    return 0;
}

static void check_thread(void)
{
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;

    catch (SIGUSR2);
    calls = 0;
    int tid = clone(waits_to_go, stack + sizeof(stack), flags, NULL);
    ktap_equal(kill(tid, SIGUSR2), 0, "kill by a thread's number");
    while (!calls)
        sched_yield();
    ktap_equal(calls, 1, "is to its process");
    go = 1;
    while (!kill(tid, 0))
        sched_yield();
    ktap_equal(errno, ESRCH, "until the thread has ended");
}

int main(void)
{
    alarm(SECONDS_TO_HANG);
    ktap_begin();
    check_permissions();
    if (getuid())
        ktap_skip("only root can become somebody else", "si_uid");
    else
        ktap_equal(spawn_body(names_itself, NULL), 0, "si_uid is the sender's real user");
    check_child_info();
    check_death_signal();
    check_silent_orphan();
    check_thread();
    return ktap_end();
}
