/*
 * Batches: many calls by one entry (kernel/postern_abi.h), which only Postern has.
 *
 * Rule: each call does and answers what it does alone; the words are fetched once, before the
 * first; what is no batch is an errno, and how far a batch came is known to the call. A broken
 * kernel reads a word again that another process has changed, runs past the last word, lets a call
 * through that works on the entry's own frame, or keeps a signal waiting.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "test/guest/check.h"
#include "user/lib/postern.h"
#include "user/lib/syscall.h"

#define PAGE           4096
#define KERNEL_ADDRESS 0xc0100000
#define HEADER(number, arguments, flags) \
    ((number) | (arguments) << POSTERN_BATCH_COUNT_SHIFT | (uint32_t)(flags))

static struct postern_batch batch;
static int door, pipe_ends[2];
static volatile int handled;

static void handle(int signal)
{
    handled += signal == SIGUSR1 || signal == SIGALRM;
}

/* --- making and running -------------------------------------------------------------------------
 */

static void clear(void)
{
    batch.nr_words = batch.count = 0;
    memset(batch.results, 0x5a, sizeof(batch.results));
}

static long run_words(const void *words, unsigned nr_words, void *results)
{
    return syscall_via(door, NR_postern_batch, (long)words, nr_words, (long)results, 0, 0, 0);
}

static long run(void)
{
    return run_words(batch.words, batch.nr_words, batch.results);
}

static void add_getpid(void)
{
    postern_batch_add(&batch, 0, NR_getpid, 0);
}

/* A byte for the pipe, in the batch. */
static void add_write(void)
{
    postern_batch_add(&batch, 0, NR_write, 3, (long)pipe_ends[1], (long)"x", 1L);
}

static void add_read(void)
{
    static char byte;

    postern_batch_add(&batch, 0, NR_read, 3, (long)pipe_ends[0], (long)&byte, 1L);
}

/* How many bytes are in the pipe; they are taken out. */
static int pipe_bytes(void)
{
    char bytes[64];
    int flags = fcntl(pipe_ends[0], F_GETFL), got;

    fcntl(pipe_ends[0], F_SETFL, flags | O_NONBLOCK);
    got = read(pipe_ends[0], bytes, sizeof(bytes));
    fcntl(pipe_ends[0], F_SETFL, flags);
    return got < 0 ? 0 : got;
}

/* --- what a batch does --------------------------------------------------------------------------
 */

static void check_calls(void)
{
    clear();
    add_getpid();
    add_write();
    add_read();
    postern_batch_add(&batch, 0, 1023, 1, 5L);
    long done = run();
    ktap_ok(done == 4 && batch.results[0] == getpid() && batch.results[1] == 1 &&
                batch.results[2] == 1 && batch.results[3] == -ENOSYS,
            "%s: calls and their results", door_names[door]);

    clear();
    postern_batch_add(&batch, 0, NR_mmap2, 6, 0L, (long)PAGE, (long)(PROT_READ | PROT_WRITE),
                      (long)(MAP_PRIVATE | MAP_ANONYMOUS), -1L, 0L);
    postern_batch_add(&batch, POSTERN_BATCH_RESULT(0), NR_munmap, 2, 0L, (long)PAGE);
    postern_batch_add(&batch, POSTERN_BATCH_RESULT(0), NR_madvise, 3, 0L, (long)PAGE, 0L);
    done = run();
    ktap_ok(done == 3 && (uint32_t)batch.results[0] < KERNEL_ADDRESS && batch.results[1] == 0 &&
                batch.results[2] == -ENOMEM,
            "%s: six arguments, and a result as an argument", door_names[door]);
}

static uint32_t least_of(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The least of many tries, since interrupts write CR3 too. */
static void check_counters(void)
{
    uint32_t without = UINT32_MAX, with = UINT32_MAX, entries = 0;

    clear();
    for (int i = 0; i < 16; i++)
        add_getpid();
    for (int i = 0; i < 20; i++) {
        struct postern_counters before, between, after;
        postern_counters(&before);
        postern_counters(&between);
        run();
        postern_counters(&after);
        without = least_of(without, between.cr3_writes - before.cr3_writes);
        with = least_of(with, after.cr3_writes - between.cr3_writes);
        entries = after.entries[door] - between.entries[door] - (door == DOOR_INT80);
    }
    /* two for the entry; and for each copy, of the words and of the results, on that directory */
    uint32_t expected = postern_get(POSTERN_ISOLATION) != ISOLATION_SPLIT ? 0
                        : postern_get(POSTERN_COPY) == COPY_BOUNCE        ? 6
                                                                          : 2;
    ktap_equal(with - without, expected, "%s: CR3 writes of sixteen calls", door_names[door]);
    ktap_equal(entries, 1, "%s: entries of sixteen calls", door_names[door]);
}

static void check_references(void)
{
    char byte = 1;

    clear();
    postern_batch_add(&batch, POSTERN_BATCH_STOP, NR_open, 2, (long)"/dev/zero", (long)O_RDONLY);
    postern_batch_add(&batch, POSTERN_BATCH_RESULT(0), NR_read, 3, 0L, (long)&byte, 1L);
    postern_batch_add(&batch, POSTERN_BATCH_RESULT(0), NR_close, 1, 0L);
    ktap_ok(run() == 3 && batch.results[1] == 1 && !byte && batch.results[2] == 0,
            "open, read, close by one entry");

    for (long index = 1; index < 3; index++) {
        clear();
        add_getpid();
        postern_batch_add(&batch, POSTERN_BATCH_RESULT(0), NR_close, 1, index);
        add_getpid();
        ktap_ok(run() == 2 && batch.results[1] == -EINVAL, "the result of a call to come: %ld",
                index - 1);
    }
    clear();
    postern_batch_add(&batch, POSTERN_BATCH_RESULT(0), NR_close, 1, -1L);
    ktap_ok(run() == 1 && batch.results[0] == -EINVAL, "the result of call 2^32 - 1");
}

static void check_stop(void)
{
    for (int stop = 0; stop < 2; stop++) {
        clear();
        postern_batch_add(&batch, stop ? POSTERN_BATCH_STOP : 0, NR_close, 1, -1L);
        add_getpid();
        ktap_equal(run(), stop ? 1 : 2, "a call fails, %s", stop ? "and stops" : "and goes on");
        ktap_equal(batch.results[0], -EBADF, "its errno");
    }
    clear();
    postern_batch_add(&batch, POSTERN_BATCH_STOP, NR_getpid, 0);
    add_getpid();
    ktap_equal(run(), 2, "a call succeeds, and nothing stops");
}

/* --- what is no batch ---------------------------------------------------------------------------
 */

static void check_refused(void)
{
    static const struct {
        long number;
        int error;
    } rows[] = {
        {NR_sigreturn, EINVAL},    {NR_rt_sigreturn, EINVAL}, {NR_execve, EINVAL},
        {NR_fork, EINVAL},         {NR_vfork, EINVAL},        {NR_clone, EINVAL},
        {NR_exit, EINVAL},         {NR_exit_group, EINVAL},   {NR_restart_syscall, EINVAL},
        {NR_postern_batch, ELOOP}, {0xffff, ENOSYS},
    };

    for (unsigned i = 0; i < COUNT(rows); i++) {
        for (unsigned arguments = 0; arguments < 2; arguments++) {
            clear();
            postern_batch_add(&batch, 0, rows[i].number, arguments, 0L);
            add_getpid();
            ktap_ok(run() == 2 && batch.results[0] == -rows[i].error &&
                        batch.results[1] == getpid(),
                    "call %ld with %u arguments is refused", rows[i].number, arguments);
        }
    }
}

static void check_malformed(void)
{
    static const struct {
        const char *name;
        uint32_t words[3];
        unsigned nr_words;
        long done;
        int32_t last;
    } rows[] = {
        {"no words", {0}, 0, 0, 0},
        {"seven arguments", {HEADER(NR_getpid, 7, 0)}, 3, 1, -EINVAL},
        {"bit 20", {HEADER(NR_getpid, 0, 1 << 20)}, 1, 1, -EINVAL},
        {"bit 31", {HEADER(NR_getpid, 0, 1u << 31)}, 1, 1, -EINVAL},
        {"all bits", {~0u}, 1, 1, -EINVAL},
        {"an argument that is missing", {HEADER(NR_getpid, 1, 0)}, 1, 1, -EINVAL},
        {"five arguments that are missing", {HEADER(NR_getpid, 6, 0), 1}, 2, 1, -EINVAL},
        {"a call more than the words", {NR_close, HEADER(NR_getpid, 2, 0), 0}, 3, 2, -EINVAL},
    };

    for (unsigned i = 0; i < COUNT(rows); i++) {
        clear();
        long done = run_words(rows[i].words, rows[i].nr_words, batch.results);
        ktap_ok(done == rows[i].done && (!done || batch.results[done - 1] == rows[i].last) &&
                    batch.results[done] == 0x5a5a5a5a,
                "%s", rows[i].name);
    }
    clear();
    for (unsigned i = 0; i < POSTERN_BATCH_WORDS; i++)
        batch.words[i] = NR_getpid;
    ktap_equal(run_words(batch.words, POSTERN_BATCH_WORDS, batch.results), POSTERN_BATCH_WORDS,
               "as many words as may be");
    ktap_equal(run_words(batch.words, POSTERN_BATCH_WORDS + 1, batch.results), -E2BIG, "one more");
    ktap_equal(run_words(batch.words, -1, batch.results), -E2BIG, "2^32 - 1 words");
}

static void check_pointers(void)
{
    char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    mprotect(pages, PAGE, PROT_READ);
    munmap(pages + 2 * PAGE, PAGE);
    uint32_t *last = (uint32_t *)(pages + 2 * PAGE); /* behind the last word that is there */
    const struct {
        const char *name;
        void *address;
    } rows[] = {
        {"NULL", NULL},
        {"unmapped", last},
        {"a kernel address", (void *)KERNEL_ADDRESS},
        {"the last address", (void *)-4},
        {"half of it unmapped", last - 2},
    };

    for (unsigned i = 0; i < COUNT(rows); i++) {
        clear();
        add_write();
        ktap_equal(run_words(rows[i].address, batch.nr_words, batch.results), -EFAULT,
                   "words at %s", rows[i].name);
        ktap_equal(
            run_words(batch.words, batch.nr_words, i == COUNT(rows) - 1 ? pages : rows[i].address),
            -EFAULT, "results at %s", i == COUNT(rows) - 1 ? "read-only" : rows[i].name);
        ktap_equal(pipe_bytes(), 1, "without words nothing has run, without results all has");
    }
    clear();
    add_write();
    memcpy(last - batch.nr_words, batch.words, batch.nr_words * sizeof(uint32_t));
    ktap_ok(run_words(last - batch.nr_words, batch.nr_words, last - 1) == 1 && last[-1] == 1,
            "words and results up to the end of a page, and in the same place");
    ktap_equal(pipe_bytes(), 1, "that call has run once");
}

/* --- signals and calls that wait ----------------------------------------------------------------
 */

static void check_signals(void)
{
    sigset_t usr1;

    signal(SIGUSR1, handle);
    handled = 0;
    clear();
    add_getpid();
    postern_batch_add(&batch, 0, NR_kill, 2, (long)getpid(), (long)SIGUSR1);
    add_write();
    ktap_equal(run(), 2, "a signal ends the batch behind the call that sent it");
    ktap_equal(batch.results[1], 0, "which has succeeded");
    ktap_equal(handled, 1, "and its handler has run");
    ktap_equal(pipe_bytes(), 0, "and nothing behind");

    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    ktap_equal(run(), 3, "one that is blocked does not");
    sigprocmask(SIG_UNBLOCK, &usr1, NULL);
    signal(SIGUSR1, SIG_IGN);
    ktap_equal(run(), 3, "nor one that is ignored");
    ktap_equal(pipe_bytes(), 2, "all of those calls have run");
}

static void arm(void)
{
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 30000}, NULL);
}

static void check_interrupted(void)
{
    struct timespec second = {1, 0};
    uint32_t no_mask[2] = {0};
    struct {
        const char *name;
        uint32_t number;
        unsigned count;
        long arguments[5];
    } rows[] = {
        {"read", NR_read, 3, {pipe_ends[0], (long)&handled, 1}},
        {"nanosleep", NR_nanosleep, 2, {(long)&second, 0}},
        {"rt_sigsuspend", NR_rt_sigsuspend, 2, {(long)no_mask, 8}},
        {"ppoll", NR_ppoll, 5, {0, 0, 0, (long)no_mask, 8}},
        {"pause", NR_pause, 0, {0}},
    };

    for (int flags = 0; flags <= SA_RESTART; flags += SA_RESTART) {
        sigaction(SIGALRM, &(struct sigaction){.sa_handler = handle, .sa_flags = flags}, NULL);
        for (unsigned i = 0; i < COUNT(rows); i++) {
            const long *a = rows[i].arguments;
            handled = 0;
            clear();
            add_getpid();
            postern_batch_add(&batch, 0, rows[i].number, rows[i].count, a[0], a[1], a[2], a[3],
                              a[4]);
            add_getpid();
            arm();
            long done = run();
            ktap_ok(done == 2 && batch.results[1] == -EINTR && handled == 1,
                    "%s is interrupted%s, and the last", rows[i].name,
                    flags ? " in spite of SA_RESTART" : "");
        }
    }
    signal(SIGALRM, SIG_DFL);
    alarm(60);
}

/* A child writes to the pipe when the batch waits for it; before that it changes shared words. */
static void check_changed(void)
{
    uint32_t *words = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    clear();
    add_getpid();
    add_read();
    add_getpid();
    memcpy(words, batch.words, sizeof(batch.words));
    pid_t child = fork();
    if (child == 0) {
        usleep(30000);
        for (unsigned i = 0; i < batch.nr_words; i++)
            words[i] = HEADER(NR_kill, 2, 0);
        _exit(write(pipe_ends[1], "x", 1) != 1);
    }
    long done = run_words(words, batch.nr_words, batch.results);
    waitpid(child, NULL, 0);
    ktap_ok(done == 3 && batch.results[1] == 1 && batch.results[2] == getpid(),
            "a call waits for another process, which changes the words in vain");
    munmap(words, PAGE);
}

static void check_watched(void)
{
    clear();
    postern_batch_add(&batch, 0, NR_postern_set, 2, (long)POSTERN_TRACE, 1L);
    postern_batch_add(&batch, 0, NR_getuid, 0);
    postern_batch_add(&batch, 0, NR_postern_set, 2, (long)POSTERN_TRACE, 0L);
    ktap_equal(run(), 3, "calls that are traced");
}

int main(void)
{
    ktap_begin();
    if (!on_postern()) {
        ktap_skip("only Postern has batches", "batches");
        return ktap_end();
    }
    alarm(60);
    if (pipe(pipe_ends))
        return 1;
    for (door = 0; door < NR_DOORS; door++) {
        if (postern_get(POSTERN_DOORS) & 1 << door) {
            check_calls();
            check_counters();
            check_signals();
        }
    }
    door = DOOR_INT80;
    check_references();
    check_stop();
    check_refused();
    check_malformed();
    check_pointers();
    check_interrupted();
    check_changed();
    check_watched();
    return ktap_end();
}
