#define _GNU_SOURCE
#include "user/fuzz/run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/fuzz/coverage.h"
#include "user/fuzz/differences.h"
#include "user/fuzz/move.h"
#include "user/fuzz/oracle.h"
#include "user/fuzz/race.h"
#include "user/fuzz/show.h"
#include "user/fuzz/world.h"
#include "user/lib/postern.h"

#define FULL_CHECK_EVERY 128  /* steps */
#define SLEEP_LIMIT      2000 /* microseconds after which a call that sleeps is interrupted */
#define PATIENCE         3    /* seconds without a step */
#define HOST_PATIENCE    30   /* where others run, too, and nice(2) is among the calls */
#define POISON           0xa5
#define POISONED_RUNS    8 /* one in so many */
#define RACES            16
#define LEAKS            4 /* times that a run must leave something behind */

static struct outcome *outcome;
static enum run_mode mode;
static struct postern_usage usage; /* before the first run */

/* --- one step
 * -------------------------------------------------------------------------------------- */

static void fail(const struct run *run, unsigned index, const char *call, const char *reason)
{
    snprintf(outcome->failure, FAILURE_SIZE, "seed=%" PRIu32 " step=%u %s: %s", run->seed, index,
             call, reason);
}

static void arm_timer(void)
{
    static const struct itimerval none;
    struct itimerval interval = {{0, SLEEP_LIMIT}, {0, SLEEP_LIMIT}};

    setitimer(ITIMER_REAL, &interval, NULL);
    /* a call that fails may have armed one before */
    setitimer(ITIMER_VIRTUAL, &none, NULL);
    setitimer(ITIMER_PROF, &none, NULL);
}

static void close_pair(uint32_t address)
{
    const int *fds = (const int *)address;

    close(fds[0]);
    close(fds[1]);
}

/* What a call has made is given back, what it may have changed of the fuzzer's is put back. */
static void undo(const struct attempt *attempt)
{
    static const sigset_t none;
    unsigned number = attempt->call->number;
    long result = attempt->result;
    bool done = result >= 0 || result < -4095;
    bool duplicates = (number == NR_fcntl || number == NR_fcntl64) &&
                      (attempt->values[1] == F_DUPFD || attempt->values[1] == F_DUPFD_CLOEXEC);

    if (done && ((attempt->traits & MAKES_FD) || duplicates))
        close(result);
    if (done && (number == NR_pipe || number == NR_pipe2 || number == NR_endpoint_create))
        close_pair(attempt->values[0]);
    if (done && (attempt->traits & MAPS))
        munmap((void *)result,
               number == NR_mmap ? ((const uint32_t *)attempt->values[0])[1] : attempt->values[1]);
    if (done && (attempt->traits & FORKS))
        while (waitpid(result, NULL, __WALL) < 0 && errno == EINTR)
            ;
    if (attempt->traits & RESETS_MASK)
        sigprocmask(SIG_SETMASK, &none, NULL);
    if (attempt->traits & RESETS_TIMER)
        arm_timer();
    if ((attempt->traits & RESETS_FLAGS) && !race_is_on())
        world_reset_flags(attempt->values[0]);
    for (unsigned i = 0; i < attempt->nr_accesses; i++) {
        if (attempt->accesses[i].right & ARENA_WRITE)
            arena_restore_strings(attempt->accesses[i].address, attempt->accesses[i].size);
    }
}

static void hold_timer(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(how, &set, NULL);
}

long execute(const struct attempt *attempt)
{
    const uint32_t *v = attempt->values;
    bool untimed = options.portable && (attempt->traits & UNTIMED) && v[0] <= FD_SCRATCH;

    if (untimed)
        hold_timer(SIG_BLOCK);
    long result =
        syscall_via(attempt->door, attempt->call->number, v[0], v[1], v[2], v[3], v[4], v[5]);
    if (untimed)
        hold_timer(SIG_UNBLOCK);
    if ((attempt->traits & FORKS) && result == 0)
        _exit(0);
    return result;
}

static bool make_call(struct attempt *attempt, struct step step, char *reason)
{
    oracle_before(attempt, step);
    coverage_clear();
    attempt->result = execute(attempt);
    unsigned news = coverage_news();
    outcome->calls++;
    if (news)
        outcome->news = outcome->step + 1;
    bool good = oracle_after(attempt, reason);
    if (options.portable)
        outcome->hash = differences_hash(outcome->hash, attempt);
    undo(attempt);
    return good;
}

/* False if the run ends here. */
static bool make_step(const struct run *run, unsigned index)
{
    static struct attempt attempt;
    struct step step = run->steps[index];
    char reason[REASON_SIZE], call[300];
    bool is_move = step_is_move(step);

    outcome->step = index;
    if (is_move && race_is_on())
        return true;
    if (!is_move && !call_find(step.number))
        return true;
    if (!is_move)
        generate(&attempt, step);
    if (mode != RUN_QUIET)
        show_step(index, step, is_move ? NULL : &attempt, mode == RUN_DRY);
    if (is_move ? move_make(step, reason, sizeof(reason))
                : mode == RUN_DRY || make_call(&attempt, step, reason)) {
        if (mode == RUN_TRACE && !is_move)
            printf("  = %ld  %016" PRIx64 "\n", attempt.result, outcome->hash);
        fflush(stdout);
        return true;
    }
    if (is_move)
        move_print(step, call, sizeof(call));
    else
        show_call(&attempt, call, sizeof(call));
    fail(run, index, call, reason);
    return false;
}

/* --- the child
 * ------------------------------------------------------------------------------------- */

static void wake(int signal)
{
    (void)signal;
}

static void begin_signals(void)
{
    static const int ignored[] = {SIGPIPE, SIGTTOU, SIGTTIN, SIGTSTP,
                                  SIGHUP,  SIGINT,  SIGQUIT, SIGXFSZ};
    struct sigaction action = {.sa_handler = wake};
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (unsigned i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    sigaction(SIGALRM, &action, NULL);
    move_init();
    arm_timer();
}

/* The strategy that a run's seed names, among those that serve this isolation. */
static int begin_strategy(uint32_t seed)
{
    int strategy = draw_mix(seed ^ 0xc0b1e5) % NR_COPIES;

    while (postern_set(POSTERN_COPY, strategy))
        strategy = (strategy + 1) % NR_COPIES;
    return strategy;
}

static int lowest_fd(void)
{
    int fd = fcntl(FD_NULL, F_DUPFD, 3);

    close(fd);
    return fd;
}

/* first_fd: the lowest that was free before the run; -1 where a race may have changed what pipe()
 * wrote before it was read and closed. */
static void last_checks(const struct run *run, int first_fd)
{
    char reason[REASON_SIZE];
    uint32_t differs;

    if (first_fd >= 0 && lowest_fd() != first_fd) {
        snprintf(reason, sizeof(reason), "descriptor %d is taken", first_fd);
        fail(run, outcome->step, "at the end", reason);
    }
    arena_open();
    differs = arena_differs_anywhere();
    if (differs) {
        snprintf(reason, sizeof(reason), "byte %#x changed", differs);
        fail(run, outcome->step, "at the end", reason);
    }
}

/* Never returns. */
static void child(const void *argument)
{
    const struct run *run = argument;
    bool on = !options.portable,
         poisoned = on && draw_mix(run->seed ^ 0xb0150) % POISONED_RUNS == 0;
    bool races = on && draw_mix(run->seed ^ 0x2ace) % RACES == 0;

    dup2(FD_NULL, 0); /* no byte of a run's may be taken for the fuzzer's */
    if (mode == RUN_QUIET)
        dup2(FD_NULL, 1);
    if (on) {
        begin_strategy(run->seed);
        reference_set_poison(poisoned ? POISON : 0);
    }
    world_begin();
    begin_signals();
    int first_fd = lowest_fd();
    if (races)
        race_begin(run->steps[0]);
    coverage_begin();
    for (unsigned i = 0; i < run->count && !outcome->failure[0]; i++) {
        uint32_t differs;
        if (!make_step(run, i))
            break;
        if (i % FULL_CHECK_EVERY == FULL_CHECK_EVERY / 2 && (differs = arena_differs_anywhere())) {
            char reason[REASON_SIZE];
            snprintf(reason, sizeof(reason), "byte %#x changed since the last look at all",
                     differs);
            fail(run, i, "memory", reason);
        }
        if (race_is_on())
            race_yield();
    }
    if (race_is_on())
        race_end();
    if (!outcome->failure[0] && mode != RUN_DRY)
        last_checks(run, races ? -1 : first_fd);
    outcome->ended = true;
    _exit(0);
}

/* --- the parent
 * ------------------------------------------------------------------------------------ */

bool run_init(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    outcome =
        mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (on_postern())
        usage = postern_usage();
    return outcome != MAP_FAILED;
}

void run_from_seed(struct run *run, uint32_t seed, unsigned count)
{
    struct draw d = draw_from(seed, 0x5eed);

    run->seed = seed;
    run->count = count;
    for (unsigned i = 0; i < count; i++)
        run->steps[i] = generate_step(&d);
}

/* Whether pid ended by itself; one that makes no step for some seconds is ended. */
static bool wait_for(pid_t pid, int *status)
{
    static const struct timespec second = {1, 0};
    unsigned calls = 0, still = 0;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    while (waitpid(pid, status, WNOHANG) != pid) {
        if (sigtimedwait(&set, NULL, &second) > 0)
            continue;
        still = outcome->calls == calls ? still + 1 : 0;
        calls = outcome->calls;
        if (still >= (options.portable ? HOST_PATIENCE : PATIENCE)) {
            kill(pid, SIGKILL);
            waitpid(pid, status, 0);
            return false;
        }
    }
    return true;
}

/* What the child could not tell itself. */
static void judge_end(const struct run *run, bool by_itself, int status)
{
    struct step step = run->steps[outcome->step];
    const struct call *call = step_is_move(step) ? NULL : call_find(step.number);
    const char *name = call ? call->name : "a move";
    char reason[REASON_SIZE];

    if (outcome->failure[0] || outcome->ended)
        return;
    if (!by_itself && call && (call_traits(call) & SLEEPS)) {
        outcome->stuck = 1;
        return;
    }
    if (by_itself)
        snprintf(reason, sizeof(reason), "the process ended, status %x", status);
    else
        snprintf(reason, sizeof(reason), "hangs");
    fail(run, outcome->step, name, reason);
}

const struct outcome *run_make(const struct run *run, enum run_mode how)
{
    int status = 0;
    uint32_t differs;

    mode = how;
    memset(outcome, 0, sizeof(*outcome));
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        arena_run(child, run);
    if (pid < 0) {
        fail(run, 0, "fork", strerror(errno));
        return outcome;
    }
    bool by_itself = wait_for(pid, &status);
    judge_end(run, by_itself, status);
    if (!outcome->failure[0] && (differs = arena_differs_anywhere())) {
        char reason[REASON_SIZE];
        snprintf(reason, sizeof(reason), "byte %#x of the parent's", differs);
        fail(run, outcome->step, "copy-on-write", reason);
        arena_accept(differs & -PAGE, PAGE);
    }
    world_restore();
    return outcome;
}

static bool has_grown(const struct postern_usage *now, const struct postern_usage *before)
{
    return now->frames > before->frames || now->heap > before->heap || now->files > before->files;
}

/* What is in use, once what dies meanwhile is dead. */
static struct postern_usage settled_usage(void)
{
    struct postern_usage now = postern_usage();

    for (int i = 0; i < 50 && has_grown(&now, &usage); i++) {
        syscall_raw(NR_sched_yield, 0, 0, 0);
        now = postern_usage();
    }
    return now;
}

const char *run_leaks(const struct run *run)
{
    static char text[REASON_SIZE];
    struct postern_usage first = usage;

    for (int i = 0; i < LEAKS; i++) {
        struct postern_usage now = settled_usage();
        if (!has_grown(&now, &usage)) {
            usage = now;
            return "";
        }
        usage = now;
        if (i + 1 < LEAKS)
            run_make(run, RUN_QUIET);
    }
    if (!has_grown(&usage, &first)) /* it only came and went */
        return "";
    snprintf(text, sizeof(text), "leaks: frames %d -> %d, heap %d -> %d, files %d -> %d",
             first.frames, usage.frames, first.heap, usage.heap, first.files, usage.files);
    return text;
}

/* --- as text
 * --------------------------------------------------------------------------------------- */

void run_print(const struct run *run)
{
    printf("%" PRIu32 ":", run->seed);
    for (unsigned i = 0; i < run->count; i++)
        printf("%016" PRIx64 " ", step_word(run->steps[i]));
    printf("\n");
}

bool run_parse(struct run *run, const char *text)
{
    char *end;

    run->seed = strtoul(text, &end, 10);
    run->count = 0;
    if (*end++ != ':')
        return false;
    while (run->count < STEPS_MAX) {
        uint64_t word = strtoull(text = end, &end, 16);
        if (end == text)
            break;
        run->steps[run->count++] = step_of_word(word);
    }
    return run->count > 0;
}
