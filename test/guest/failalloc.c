/*
 * Every allocation of every call fails once: the first in the first turn, the second in the second,
 * until the call gets through. Each time the answer is an error that Linux has for it, or the end
 * of the process that asked; the call then works; and what the kernel has in use is what it was.
 * Postern only.
 *
 * Rule: the manual pages' ENOMEM and their relatives. A broken kernel panics, leaks what it had
 * when it gave up, undoes what it had not done, or tells of success.
 *
 * A turn is a child that calls once, with the pages that the call will write to not there yet: a
 * copy that finds no memory for one is no EFAULT, but the end of the process.
 */
#define _GNU_SOURCE
#include "test/guest/calls.h"
#include "user/lib/spawn.h"

#define TURNS 500 /* more allocations than any call makes */

/* exit statuses of a turn: whether the call got through before its Nth allocation */
#define COMPLETE 100
#define FIRED    101

static struct report {
    long result, again; /* of the call; of a second one after an error for want of memory */
} * report;             /* shared with the children */

static bool lacks_memory(long result)
{
    return result == -ENOMEM || result == -EAGAIN || result == -ENFILE || result == -ENOSPC ||
           result == -ENOLCK;
}

/* --- a turn, in the child ------------------------------------------------------------------ */

struct turn {
    const struct call *call;
    int number;
};

static int exit_status(void)
{
    return postern_get(POSTERN_FAILALLOC) ? COMPLETE : FIRED;
}

static int take_turn(void *argument)
{
    const struct turn *turn = argument;

    alarm(20);
    calls_prepare(0);
    if (turn->call->before)
        turn->call->before();
    madvise(arena.out, PAGE, MADV_DONTNEED);
    madvise(calls.signal_stack, sizeof(calls.signal_stack), MADV_DONTNEED);
    postern_set(POSTERN_FAILALLOC, turn->number);
    report->result = calls_do(turn->call);
    int status = exit_status();
    postern_set(POSTERN_FAILALLOC, 0);
    if (lacks_memory(report->result))
        report->again = calls_do(turn->call);
    return status;
}

/* --- the turns of a call ------------------------------------------------------------------- */

/* Values may differ from turn to turn, errors not. */
static bool same(long result, long usual)
{
    bool error = result < 0 && result > -4096, usual_error = usual < 0 && usual > -4096;

    return error || usual_error ? result == usual : true;
}

static bool acceptable(int status, long usual)
{
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGKILL;
    return lacks_memory(report->result) ? same(report->again, usual) : same(report->result, usual);
}

static int do_turn(const struct call *call, int number)
{
    *report = (struct report){0, 0};
    int status = spawn_body(take_turn, &(struct turn){call, number});
    calls_restore();
    return status;
}

/* With less in use than before, something that the first turn left to die is dead now. */
static bool has_grown(struct postern_usage now, struct postern_usage before)
{
    return now.frames > before.frames || now.heap > before.heap || now.files > before.files;
}

static void check(const struct call *call)
{
    int bad = 0, leaks = 0, turn, status = do_turn(call, 0);
    struct postern_usage usage = postern_usage();
    long usual = report->result;

    for (turn = 1; turn <= TURNS; turn++) {
        status = do_turn(call, turn);
        if (!postern_usage_returns(usage, call->name)) {
            struct postern_usage before = usage;
            usage = postern_usage();
            ktap_note("%s: lost with allocation %d", call->name, turn);
            leaks += has_grown(usage, before);
        }
        if (!acceptable(status, usual)) {
            ktap_note("%s: allocation %d: status %x, result %ld, again %ld, not %ld", call->name,
                      turn, status, report->result, report->again, usual);
            bad++;
        }
        if (WIFEXITED(status) && WEXITSTATUS(status) == COMPLETE)
            break;
    }
    ktap_ok(turn <= TURNS && !bad && !leaks, "%s: %d failures", call->name, turn - 1);
}

static void check_setting(void)
{
    ktap_equal(postern_get(POSTERN_FAILALLOC), 0, "off at first");
    ktap_ok(postern_set(POSTERN_FAILALLOC, -1) < 0 && errno == EINVAL, "not negative");
    postern_set(POSTERN_FAILALLOC, 1000);
    ktap_equal(postern_get(POSTERN_FAILALLOC), 1000, "armed: what is left");
    call_fork();
    ktap_ok(postern_get(POSTERN_FAILALLOC) < 1000, "this process's allocations count");
    int left = postern_get(POSTERN_FAILALLOC);
    postern_set(POSTERN_FAILALLOC, left);
    ktap_equal(postern_get(POSTERN_FAILALLOC), left, "a set counts from now on");
    postern_set(POSTERN_FAILALLOC, 0);
    ktap_equal(postern_get(POSTERN_FAILALLOC), 0, "off again");
}

int main(int argc, char **argv)
{
    static char self[256];

    if (argc == 2)
        return exit_status();
    ktap_begin();
    if (!on_postern()) {
        ktap_skip("Postern only", "failing allocations");
        return ktap_end();
    }
    calls_program = realpath(argv[0], self);
    report = mmap(NULL, PAGE, BOTH, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    usleep(1);
    calls_enter("failalloc");
    alarm(0);
    check_setting();
    calls_check();
    for (unsigned i = 0; i < COUNT(all_calls); i++)
        check(&all_calls[i]);
    calls_leave();
    return ktap_end();
}
