/*
 * soak [MINUTES]: storms of everything at once, in both isolation modes side by side, by doors
 * taken at random; rounds of some seconds until the time is over, or one round. `make soak` boots
 * it.
 *
 * Rule: none of a kernel's resources depends on how long it ran or on who else ran. A broken kernel
 * panics, hands one process the registers, pages or bytes of another, or has fewer frames after a
 * round than before it. On Linux the storms must pass as well.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/pty.h"
#include "user/lib/signals.h"
#include "user/lib/spawn.h"
#include "user/lib/syscall.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define PAGE          4096
#define ROUND_SECONDS 4
#define STRIKE_WITHIN 20000 /* bus cycles until the NMI */

static const char *self;

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int random_door(void)
{
    int doors = on_postern() ? postern_get(POSTERN_DOORS) : 1 << DOOR_INT80;
    int door;

    do
        door = rand() % NR_DOORS;
    while (!(doors & 1 << door));
    return door;
}

/* Ends of a child: its exit status, 128 + signal. */
static int reap(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) != pid)
        ;
    return spawn_status(status);
}

/* --- storms: each does a little, and says whether all was well ---------------------------------
 */

static bool fork_storm(void)
{
    pid_t children[8];
    bool good = true;

    for (unsigned i = 0; i < COUNT(children); i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(i);
    }
    for (unsigned i = 0; i < COUNT(children); i++)
        good &= children[i] > 0 && reap(children[i]) == (int)i;
    return good;
}

/* The other program starts in either mode, by any door. */
static void choose_next(void)
{
    postern_set(POSTERN_ISOLATION_NEXT, rand() % 2);
    postern_set(POSTERN_DOOR_NEXT, random_door());
}

static bool exec_storm(void)
{
    char path[128];
    char *argv[] = {path, NULL};
    const char *slash = strrchr(self, '/');

    snprintf(path, sizeof(path), "%.*s/false", slash ? (int)(slash - self) : 1, slash ? self : ".");
    choose_next();
    return spawn_wait(argv) == 1;
}

static volatile unsigned alarms;

static void count_alarm(int signal)
{
    (void)signal;
    alarms++;
}

/* A clock that interrupts calls by every door, and signals from within. */
static bool signal_storm(void)
{
    struct itimerval often = {{0, 1000}, {0, 1000}}, never = {0};
    long parent = getppid();
    bool good = true;

    signal(SIGALRM, count_alarm);
    signal(SIGUSR1, count_alarm);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 300; i++) {
        good &= syscall_via(random_door(), NR_getppid, 0, 0, 0, 0, 0, 0) == parent;
        if (i % 10 == 0)
            raise(SIGUSR1);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    return good && alarms >= 30;
}

static sigjmp_buf after_fault;

static void leave_fault(int signal)
{
    siglongjmp(after_fault, signal);
}

/* What was unmapped a moment ago faults, whatever the CPU still knows of it. */
static bool munmap_storm(void)
{
    volatile bool good = true;

    signal(SIGSEGV, leave_fault);
    for (int i = 0; i < 50 && good; i++) {
        int pages = 1 + rand() % 16;
        char *memory =
            mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        volatile char *page = memory + rand() % pages * PAGE;
        if (memory == MAP_FAILED)
            return false;
        *page = i;
        good &= *page == (char)i;
        if (i % 2)
            munmap(memory, pages * PAGE);
        else
            mprotect(memory, pages * PAGE, PROT_READ);
        if (!sigsetjmp(after_fault, 1)) {
            *page = 1;
            good = false;
        }
        if (i % 2 == 0)
            munmap(memory, pages * PAGE);
    }
    return good;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned added;
static __thread double own_sum;

static void *add(void *number)
{
    for (int i = 0; i < 200; i++) {
        own_sum += (uintptr_t)number * 0.5;
        pthread_mutex_lock(&lock);
        added++;
        pthread_mutex_unlock(&lock);
        if (i % 50 == 0)
            syscall_via(random_door(), NR_sched_yield, 0, 0, 0, 0, 0, 0);
    }
    return own_sum == 200 * ((uintptr_t)number * 0.5) ? number : NULL;
}

static bool thread_storm(void)
{
    pthread_t threads[6];
    void *result;
    bool good = true;

    added = 0;
    for (uintptr_t i = 0; i < COUNT(threads); i++)
        good &= pthread_create(&threads[i], NULL, add, (void *)(i + 1)) == 0;
    for (uintptr_t i = 0; i < COUNT(threads); i++)
        good &= pthread_join(threads[i], &result) == 0 && result == (void *)(i + 1);
    return good && added == 200 * COUNT(threads);
}

/* Bytes that come back from another process as they went. */
static bool pipe_storm(void)
{
    static char sent[8192], received[8192];
    int there[2], back[2];
    bool good = true;

    if (pipe(there) || pipe(back))
        return false;
    pid_t child = fork();
    if (child == 0) {
        ssize_t length;
        close(there[1]);
        while ((length = read(there[0], sent, sizeof(sent))) > 0)
            good &= write(back[1], sent, length) == length;
        _exit(!good);
    }
    close(there[0]);
    close(back[1]);
    for (int i = 0; i < 20; i++) {
        size_t length = 1 + rand() % sizeof(sent), done = 0;
        for (size_t j = 0; j < length; j++)
            sent[j] = i * 31 + j;
        good &= write(there[1], sent, length) == (ssize_t)length;
        while (done < length) {
            ssize_t part = read(back[0], received + done, length - done);
            if (part <= 0)
                break;
            done += part;
        }
        good &= done == length && !memcmp(sent, received, length);
    }
    close(there[1]);
    close(back[0]);
    return reap(child) == 0 && good;
}

static bool pty_storm(void)
{
    struct pty pty;
    bool good = pty_open(&pty);

    if (good) {
        good &= write(pty.slave, "out\n", 4) == 4 && pty_expect(pty.master, "out\r\n", 5);
        pty_close(&pty);
    }
    return good;
}

static bool file_storm(void)
{
    char name[64], other[64], bytes[3000], again[3000];
    bool good = true;

    snprintf(name, sizeof(name), "/tmp/soak-%d", getpid());
    snprintf(other, sizeof(other), "/tmp/soak-%d-b", getpid());
    for (int i = 0; i < 10; i++) {
        memset(bytes, rand(), sizeof(bytes));
        int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
        good &= write(fd, bytes, sizeof(bytes)) == sizeof(bytes) && !rename(name, other) &&
                pread(fd, again, sizeof(again), 0) == sizeof(again) &&
                !memcmp(bytes, again, sizeof(bytes)) && !ftruncate(fd, 100) &&
                lseek(fd, 0, SEEK_END) == 100 && !close(fd) && !unlink(other);
    }
    return good;
}

/* After a fork each side sees its own writes alone. */
static bool copy_storm(void)
{
    char *memory =
        mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool good = memory != MAP_FAILED;

    memset(memory, 'p', 16 * PAGE);
    pid_t child = fork();
    if (child == 0) {
        int fd = open("/dev/zero", O_RDONLY);
        good = read(fd, memory + PAGE - 5, 3 * PAGE) == 3 * PAGE && memory[PAGE - 6] == 'p' &&
               !memory[PAGE - 5] && memory[4 * PAGE - 5] == 'p';
        _exit(!good);
    }
    for (int i = 0; i < 16 * PAGE; i += PAGE)
        memory[i] = i / PAGE;
    good &= reap(child) == 0 && memory[PAGE - 5] == 'p';
    for (int i = 0; i < 16 * PAGE; i += PAGE)
        good &= memory[i] == i / PAGE && memory[i + 1] == 'p';
    munmap(memory, 16 * PAGE);
    return good;
}

/* What no program may do ends the program. */
static void do_wrong(int what)
{
    switch (what) {
    case 0:
        __asm__ volatile("hlt");
        break;
    case 1:
        __asm__ volatile("int $0x81");
        break;
    case 2:
        __asm__ volatile("movl %0, %%eax; jmp *%%eax" : : "i"(GATE_TEXT));
        break;
    case 3:
        __asm__ volatile("movl %0, %%esp; pushl %%eax" : : "i"(GATE_CPU(0) + CPU_WORDS));
        break;
    case 4:
        __asm__ volatile("movw %w0, %%ss" : : "r"(0x18));
        break;
    case 5:
        __asm__ volatile("pushfl; orl $0x4000, (%esp); popfl; iret");
        break;
    case 6:
        __asm__ volatile("pushfl; orl $0x100, (%%esp); popfl; int $0x80" : : "a"(NR_getppid));
        break;
    default:
        __asm__ volatile("pushl $0x10; pushl $0; lret");
    }
}

static bool hazard_storm(void)
{
    bool good = true;

    for (int what = 0; what < 8; what++) {
        pid_t child = fork();
        if (child == 0) {
            do_wrong(what);
            _exit(0);
        }
        good &= reap(child) > 128;
    }
    return good;
}

/* NMIs into whatever comes next; nothing but the machine's health tells. */
static bool strike_storm(void)
{
    long parent = getppid();
    bool good = true;

    for (int i = 0; i < 200; i++) {
        postern_strike(STRIKE_NMI, 1 + rand() % STRIKE_WITHIN, 0);
        good &= syscall_via(random_door(), NR_getppid, 0, 0, 0, 0, 0, 0) == parent;
    }
    return good;
}

static const struct {
    const char *name;
    bool (*body)(void);
} storms[] = {
    {"fork", fork_storm},     {"exec", exec_storm},     {"signal", signal_storm},
    {"munmap", munmap_storm}, {"thread", thread_storm}, {"pipe", pipe_storm},
    {"pty", pty_storm},       {"file", file_storm},     {"copy", copy_storm},
    {"hazard", hazard_storm}, {"strike", strike_storm},
};

/* Guest tests that do not mind who else runs. */
static const char *const tests[] = {
    "doors", "step", "faults", "tls", "sigframe", "fpu", "exec", "mmap", "protect", "hazard_doors",
};

/* One of them, of which nothing but its exit status is looked at. */
static int run_test(const char *name)
{
    char path[128];
    char *argv[] = {path, NULL};
    const char *slash = strrchr(self, '/');

    snprintf(path, sizeof(path), "%.*s/%s", slash ? (int)(slash - self) : 1, slash ? self : ".",
             name);
    dup2(open("/dev/null", O_WRONLY), 1);
    spawn_exec("soak", argv);
    return 127;
}

/* A storm for a round's length: 0, or 1 as soon as it went wrong. Other names are tests. */
static int rage(const char *name, unsigned seed)
{
    double end = now() + ROUND_SECONDS;

    srand(seed);
    for (unsigned i = 0; i < COUNT(storms); i++) {
        if (strcmp(storms[i].name, name))
            continue;
        do {
            if (!storms[i].body())
                return 1;
        } while (now() < end);
        return 0;
    }
    return run_test(name);
}

/* --- rounds ------------------------------------------------------------------------------------
 */

static pid_t start(const char *name, int isolation)
{
    char seed[16];
    char *argv[] = {(char *)self, (char *)name, seed, NULL};

    snprintf(seed, sizeof(seed), "%d", rand());
    postern_set(POSTERN_ISOLATION_NEXT, isolation);
    postern_set(POSTERN_DOOR_NEXT, random_door());
    pid_t pid = fork();
    if (pid == 0) {
        spawn_exec("soak", argv);
        _exit(127);
    }
    return pid;
}

/* Every storm in both modes at once, and a test in each; how many of them failed. */
static unsigned run_round(void)
{
    static unsigned turn;
    const char *test = tests[turn++ % COUNT(tests)];
    pid_t pids[COUNT(storms)][2], tested[2];
    unsigned failed = 0;

    for (int isolation = 0; isolation < 2; isolation++)
        tested[isolation] = start(test, isolation);

    for (unsigned i = 0; i < COUNT(storms); i++) {
        for (int isolation = 0; isolation < 2; isolation++)
            pids[i][isolation] = start(storms[i].name, isolation);
    }
    for (unsigned i = 0; i < COUNT(storms); i++) {
        for (int isolation = 0; isolation < 2; isolation++) {
            int status = pids[i][isolation] < 0 ? -1 : reap(pids[i][isolation]);
            if (status)
                ktap_note("%s in %s: status %d", storms[i].name, isolation_names[isolation],
                          status);
            failed += status != 0;
        }
    }
    for (int isolation = 0; isolation < 2; isolation++) {
        int status = tested[isolation] < 0 ? -1 : reap(tested[isolation]);
        if (status)
            ktap_note("test %s in %s: status %d", test, isolation_names[isolation], status);
        failed += status != 0;
    }
    return failed;
}

int main(int argc, char **argv)
{
    struct postern_usage before = {0};
    unsigned rounds = 0, failed = 0, lost = 0;
    double begin = now(), minutes = argc == 2 ? atof(argv[1]) : 0;

    self = argv[0];
    if (argc == 3)
        return rage(argv[1], atoi(argv[2]));
    ktap_begin();
    if (on_postern()) {
        run_round(); /* once for nothing: afterwards this process has touched what it will touch */
        before = postern_usage();
    }
    do {
        failed += run_round();
        rounds++;
        if (on_postern())
            lost += !postern_usage_returns(before, "a round");
        ktap_note("%.1f minutes, %u rounds, %u storms failed, %u rounds left something behind",
                  (now() - begin) / 60, rounds, failed, lost);
    } while (now() - begin < minutes * 60);
    ktap_equal(failed, 0, "no storm fails");
    ktap_equal(lost, 0, "after each round frames, heap and open files are what they were");
    return ktap_end();
}
