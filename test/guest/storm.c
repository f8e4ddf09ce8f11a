/*
 * Processes and threads that do what they can to one another, at random: they are born, stop, go
 * on, run programs, share memory, files and handlers, wait, wake and end in the middle of each
 * other's calls.
 *
 * Rule: none of it is anybody else's business. A broken kernel panics, hangs, or does not get all
 * of its memory back (test/run counts).
 *
 *     storm [SEED [MILLISECONDS]]
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "test/guest/check.h"
#include "user/lib/postern.h"

#define USER        54321 /* nobody: what the players hit is their own */
#define PLAYERS     4
#define SLOTS       32
#define STACK       16384
#define MOST        24 /* processes and threads at a time, not counting the players */
#define FIRST_PIPES 4

/* Seen by all, whatever else they share. */
struct board {
    volatile int tids[SLOTS]; /* of anybody, dead or alive */
    volatile int words[4];    /* futexes */
    volatile int alive;
    volatile unsigned steps;
};

static struct board *board;
static int pipes[FIRST_PIPES][2];
static char self[256];

static uint32_t next(uint32_t *random)
{
    *random = *random * 1664525 + 1013904223;
    return *random >> 8;
}

static void nothing(int signal)
{
    (void)signal;
}

static void remember(uint32_t random, int tid)
{
    board->tids[random % SLOTS] = tid;
}

/* The kernel's calls, without what the C library keeps in between about threads. */
static long raw(long number, long a, long b, long c, long d, long e, long f)
{
    return syscall(number, a, b, c, d, e, f);
}

static void play(uint32_t *random, unsigned steps);

/* --- births ----------------------------------------------------------------------------------- */

struct start {
    uint32_t random;
    unsigned steps;
};

/* At the top of the thread's stack, which nobody frees before the process ends. */
static int run_thread(void *argument)
{
    struct start *start = argument;

    play(&start->random, start->steps);
    __sync_fetch_and_sub(&board->alive, 1);
    raw(SYS_exit, 0, 0, 0, 0, 0, 0);
    return 0;
}

static bool may_be_born(void)
{
    if (__sync_add_and_fetch(&board->alive, 1) <= MOST)
        return true;
    __sync_fetch_and_sub(&board->alive, 1);
    return false;
}

static void make_thread(uint32_t *random)
{
    static const int shared[] = {
        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD,
        CLONE_VM | CLONE_SIGHAND | CLONE_THREAD,
        CLONE_VM | CLONE_FILES | SIGCHLD,
        CLONE_VM | CLONE_SIGHAND,
        CLONE_VM | CLONE_PARENT,
    };

    if (!may_be_born())
        return;
    char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED)
        return;
    struct start *start = (struct start *)(stack + STACK) - 1;
    *start = (struct start){next(random), 8};
    int flags = shared[next(random) % (COUNT(shared))];
    int tid = clone(run_thread, (char *)((uintptr_t)start & ~15u), flags, start);
    if (tid > 0)
        remember(next(random), tid);
    else
        __sync_fetch_and_sub(&board->alive, 1);
}

static void make_process(uint32_t *random)
{
    uint32_t own = next(random);

    if (!may_be_born())
        return;
    int pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, own & 1 ? SIGCONT : SIGUSR1);
        play(&own, 8);
        __sync_fetch_and_sub(&board->alive, 1);
        raw(SYS_exit_group, own & 1, 0, 0, 0, 0, 0);
    }
    if (pid > 0)
        remember(next(random), pid);
    else
        __sync_fetch_and_sub(&board->alive, 1);
}

static void make_program(uint32_t *random)
{
    char *argv[] = {self, "program", NULL}, *envp[] = {NULL};
    bool fails = next(random) % 4 == 0;
    int pid = vfork();

    if (pid == 0) {
        execve(fails ? "/none" : self, argv, envp);
        _exit(1);
    }
    if (pid > 0)
        remember(next(random), pid);
}

/* The whole process becomes another program, whatever its other threads do. */
static void become_program(uint32_t *random)
{
    char *argv[] = {self, "program", NULL}, *envp[] = {NULL};

    if (next(random) % 4 == 0) {
        __sync_fetch_and_sub(&board->alive, 1);
        execve(self, argv, envp);
    }
}

/* --- what they do to one another -------------------------------------------------------------- */

static void send_signal(uint32_t *random)
{
    static const int signals[] = {SIGSTOP, SIGCONT, SIGUSR1, SIGUSR2, SIGCONT, SIGTSTP,
                                  SIGCONT, SIGKILL, SIGALRM, 40,      SIGCONT, SIGCHLD};
    int tid = board->tids[next(random) % SLOTS];
    int signal = signals[next(random) % (COUNT(signals))];

    if (tid <= 1)
        return;
    if (next(random) % 2)
        kill(tid, signal);
    else
        raw(SYS_tkill, tid, signal, 0, 0, 0, 0);
}

static void use_futex(uint32_t *random)
{
    volatile int *word = &board->words[next(random) % 4], *other = &board->words[next(random) % 4];
    int32_t time[2] = {0, next(random) % 2000000};

    switch (next(random) % 4) {
    case 0:
        raw(SYS_futex, (long)word, 0, *word, (long)time, 0, 0);
        break;
    case 1:
        ++*word;
        raw(SYS_futex, (long)word, 1, next(random) % 3, 0, 0, 0);
        break;
    case 2:
        raw(SYS_futex, (long)word, 3, 1, 2, (long)other, 0);
        break;
    case 3:
        raw(SYS_futex, (long)word, 5, 1, 1, (long)other, next(random));
        break;
    }
}

static void use_pipe(uint32_t *random)
{
    int *ends = pipes[next(random) % FIRST_PIPES];
    char bytes[600];
    struct pollfd row = {.fd = ends[0], .events = POLLIN};

    switch (next(random) % 6) {
    case 0:
        memset(bytes, 1, sizeof(bytes));
        if (poll(&(struct pollfd){.fd = ends[1], .events = POLLOUT}, 1, 0) == 1)
            write(ends[1], bytes, next(random) % sizeof(bytes));
        break;
    case 1:
        if (poll(&row, 1, next(random) % 3) == 1)
            read(ends[0], bytes, next(random) % sizeof(bytes));
        break;
    case 2:
        poll(&row, 1, next(random) % 4);
        break;
    case 3:
        dup2(ends[0], 60 + next(random) % 4);
        break;
    case 4:
        close(60 + next(random) % 4);
        break;
    case 5:
        row.fd = 60 + next(random) % 4;
        poll(&row, 1, next(random) % 4);
        break;
    }
}

static void use_memory(uint32_t *random)
{
    size_t size = 4096 << next(random) % 4;
    int kind = next(random) % 2 ? MAP_SHARED : MAP_PRIVATE;
    volatile char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return;
    for (size_t i = 0; i < size; i += 4096)
        memory[i] = 1;
    if (next(random) % 2)
        mprotect((void *)memory, size, PROT_READ);
    munmap((void *)memory, size);
}

static void use_timer(uint32_t *random)
{
    struct itimerval value = {{0, next(random) % 3000}, {0, next(random) % 3000}};

    setitimer(next(random) % 3, &value, NULL);
}

static void change_mask(uint32_t *random)
{
    uint64_t set = (uint64_t)next(random) << 16 | next(random);

    raw(SYS_rt_sigprocmask, next(random) % 3, (long)&set, 0, 8, 0, 0);
}

static void change_handler(uint32_t *random)
{
    static const int signals[] = {SIGUSR1, SIGUSR2, SIGCHLD, SIGCONT, 40};
    struct sigaction action = {.sa_handler = nothing};

    action.sa_flags = next(random) % 2 ? SA_RESTART : SA_NOCLDWAIT;
    if (next(random) % 4 == 0)
        action.sa_handler = SIG_IGN;
    sigaction(signals[next(random) % 5], &action, NULL);
}

static void take_signal(uint32_t *random)
{
    uint64_t set = ~0ull;
    int32_t time[2] = {0, next(random) % 1000000};

    raw(SYS_rt_sigtimedwait, (long)&set, 0, (long)time, 8, 0, 0);
}

static void wait_for_child(uint32_t *random)
{
    siginfo_t info;
    int status;

    if (next(random) % 2)
        waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED | __WALL);
    else
        waitid(P_ALL, 0, &info, WEXITED | WNOHANG | (next(random) % 2 ? WNOWAIT : WSTOPPED));
}

static void change_group(uint32_t *random)
{
    switch (next(random) % 3) {
    case 0:
        setpgid(0, 0);
        break;
    case 1:
        setpgid(board->tids[next(random) % SLOTS], 0);
        break;
    case 2:
        setsid();
        break;
    }
}

static void sleep_a_little(uint32_t *random)
{
    struct timespec time = {0, next(random) % 1000000};

    nanosleep(&time, NULL);
}

static void yield(uint32_t *random)
{
    (void)random;
    sched_yield();
}

/* What says something about others must not trip over their ends. */
static void read_about(uint32_t *random)
{
    static const char *const names[] = {"stat", "status",  "maps",  "fd",
                                        "task", "cmdline", "limits"};
    char path[64], bytes[256];

    snprintf(path, sizeof(path), "/proc/%d/%s", board->tids[next(random) % SLOTS],
             names[next(random) % COUNT(names)]);
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return;
    while (read(fd, bytes, sizeof(bytes)) > 0 || getdents(fd, (void *)bytes, sizeof(bytes)) > 0)
        sched_yield();
    close(fd);
}

static void ask_about(uint32_t *random)
{
    int tid = board->tids[next(random) % SLOTS];
    uint32_t words[4];

    getpgid(tid);
    getsid(tid);
    getpriority(PRIO_PROCESS, tid);
    raw(SYS_prlimit64, tid, next(random) % 16, 0, (long)words, 0, 0);
    raw(SYS_get_robust_list, tid, (long)words, (long)words, 0, 0, 0);
    raw(SYS_sched_getparam, tid, (long)words, 0, 0, 0, 0);
}

/* Waits that only a timer's signal, which ends the process, or another one's end makes end. */
static void use_file(uint32_t *random)
{
    struct itimerval soon = {{0, 0}, {0, 1000 + next(random) % 3000}};
    struct flock lock = {.l_type = next(random) % 3, .l_start = next(random) % 4, .l_len = 2};
    int fd;

    setitimer(ITIMER_REAL, &soon, NULL);
    if (next(random) % 2) {
        fd = open("fifo", next(random) % 2 ? O_RDONLY : O_WRONLY);
    } else {
        fd = open("file", O_RDWR);
        fcntl(fd, next(random) % 2 ? F_SETLKW : F_SETLK, &lock);
        flock(fd, next(random) % 2 ? LOCK_EX : LOCK_SH);
    }
    if (next(random) % 4)
        close(fd);
}

/* Of this process, one of the allocations that come. */
static void run_out_of_memory(uint32_t *random)
{
    postern_set(POSTERN_FAILALLOC, 1 + next(random) % 40);
}

static void (*const moves[])(uint32_t *random) = {
    make_thread,       make_thread,    make_process,   make_program,
    become_program,    send_signal,    send_signal,    send_signal,
    use_futex,         use_futex,      use_pipe,       use_pipe,
    use_memory,        use_timer,      change_mask,    take_signal,
    change_handler,    wait_for_child, yield,          wait_for_child,
    wait_for_child,    change_group,   sleep_a_little, run_out_of_memory,
    run_out_of_memory, read_about,     ask_about,      use_file,
};

static void play(uint32_t *random, unsigned steps)
{
    while (steps--) {
        moves[next(random) % (COUNT(moves))](random);
        board->steps++;
    }
}

/* --- the game --------------------------------------------------------------------------------- */

static pid_t start_player(uint32_t seed)
{
    pid_t pid = fork();

    if (pid == 0) {
        setpgid(0, 0);
        if (setuid(USER))
            _exit(1);
        for (;;)
            play(&seed, 1);
    }
    board->tids[next(&seed) % SLOTS] = pid;
    return pid;
}

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

/* The user has no other processes. One may be born while this is on its way. */
static void end_all(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        if (setuid(USER) == 0)
            kill(-1, SIGKILL);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    usleep(1000);
}

static void storm(uint32_t seed, int64_t end)
{
    pid_t players[PLAYERS] = {0};

    for (unsigned round = 0; now() < end; round++) {
        board->alive = 0;
        for (unsigned i = 0; i < PLAYERS; i++) {
            if (!players[i] || waitpid(players[i], NULL, WNOHANG) == players[i])
                players[i] = start_player(seed++);
            kill(players[i], SIGCONT);
        }
        usleep(5000);
        /* some wait for what never comes */
        if (round % 16 == 15)
            end_all();
    }
    for (int i = 0; i < 20; i++)
        end_all();
    while (waitpid(-1, NULL, __WALL) > 0)
        continue;
}

int main(int argc, char **argv)
{
    uint32_t seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;

    if (argc == 2 && !strcmp(argv[1], "program"))
        return 0;
    if (getuid()) {
        printf("1..0 # SKIP only root can become somebody else\n");
        return 0;
    }
    if (!realpath(argv[0], self))
        return 1;
    board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (unsigned i = 0; i < FIRST_PIPES; i++) {
        if (pipe(pipes[i]))
            return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* a host's init may be slow to reap; Postern lacks it */
    ktap_begin();
    scratch_enter("storm");
    alarm(0);
    chmod(".", 0777);
    if (mkfifo("fifo", 0666) || chmod("fifo", 0666) || close(open("file", O_CREAT | O_RDWR)) ||
        chmod("file", 0666))
        return 1;
    storm(seed, now() + (argc > 2 ? atoi(argv[2]) : 700));
    ktap_note("%u steps", board->steps);
    ktap_ok(true, "the storm is over");
    scratch_leave();
    return ktap_end();
}
