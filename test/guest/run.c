/*
 * run: every guest test, or those named, in each isolation mode and, where it matters, with each
 * door behind the C library's calls; one KTAP document with the tests nested in it.
 *
 *     run [-i ISOLATION] [TEST...]      -i: in this mode alone
 *
 * After each program the kernel's frames, heap and open files must be what they were. On Linux
 * every test runs once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"

/* Where a test may see what another setting would not show. */
enum where {
    DOORS_TOO,      /* in each isolation mode, by each door */
    EACH_ISOLATION, /* by the best door: what it tests is behind all of them */
};

static const struct test {
    const char *name;
    enum where where;
} all_tests[] = {
    {"doors", DOORS_TOO},
    {"step", DOORS_TOO},
    {"fork", DOORS_TOO},
    {"exec", DOORS_TOO},
    {"faults", DOORS_TOO},
    {"pointers", DOORS_TOO},
    {"copies", EACH_ISOLATION},
    {"tls", DOORS_TOO},
    {"isolation", DOORS_TOO},
    {"resident", EACH_ISOLATION},
    {"signal", DOORS_TOO},
    {"signal_handler", DOORS_TOO},
    {"signal_restart", DOORS_TOO},
    {"signal_frame", DOORS_TOO},
    {"sigframe", DOORS_TOO},
    {"ipc_death", DOORS_TOO},
    {"ipc", EACH_ISOLATION},
    {"hazard_doors", EACH_ISOLATION},
    {"hazard_sweep", EACH_ISOLATION},
    {"hazard_far", EACH_ISOLATION},
    {"hazard_frames", EACH_ISOLATION},
    {"hazard_memory", EACH_ISOLATION},
    {"hazard_copy", EACH_ISOLATION},
    {"hazard_fpu", EACH_ISOLATION},
    {"hazard_refused", EACH_ISOLATION},
    {"script", EACH_ISOLATION},
    {"elf", EACH_ISOLATION},
    {"memory", EACH_ISOLATION},
    {"pipe", EACH_ISOLATION},
    {"files", EACH_ISOLATION},
    {"time", EACH_ISOLATION},
    {"fpu", EACH_ISOLATION},
    {"sched", EACH_ISOLATION},
    {"leak", EACH_ISOLATION},
    {"oom", EACH_ISOLATION},
    {"signal_info", EACH_ISOLATION},
    {"signal_stack", EACH_ISOLATION},
    {"signal_errors", EACH_ISOLATION},
    {"sigframe_fpu", EACH_ISOLATION},
    {"kill", EACH_ISOLATION},
    {"kcov", EACH_ISOLATION},
    {"late_faults", EACH_ISOLATION},
    {"storm", EACH_ISOLATION},
    {"stop", EACH_ISOLATION},
    {"jobs", EACH_ISOLATION},
    {"timers", EACH_ISOLATION},
    {"clone", EACH_ISOLATION},
    {"threads", EACH_ISOLATION},
    {"threads_exit", EACH_ISOLATION},
    {"futex", EACH_ISOLATION},
    {"poll", EACH_ISOLATION},
    {"fifo", EACH_ISOLATION},
    {"descriptors", EACH_ISOLATION},
    {"paths", EACH_ISOLATION},
    {"directories", EACH_ISOLATION},
    {"rename", EACH_ISOLATION},
    {"attributes", EACH_ISOLATION},
    {"filesystem", EACH_ISOLATION},
    {"mmap", EACH_ISOLATION},
    {"protect", EACH_ISOLATION},
    {"memory_calls", EACH_ISOLATION},
    {"system", EACH_ISOLATION},
    {"proc", EACH_ISOLATION},
    {"numbers", EACH_ISOLATION},
    {"errnos", EACH_ISOLATION},
    {"order", EACH_ISOLATION},
    {"badargs", EACH_ISOLATION},
    {"badnumbers", EACH_ISOLATION},
    {"poison", EACH_ISOLATION},
    {"batch", EACH_ISOLATION},
    {"failalloc", EACH_ISOLATION},
};
#define NR_TESTS (sizeof(all_tests) / sizeof(all_tests[0]))

static char directory[128];
static int only_isolation = -1;

/* How a test is started; on Linux neither matters. */
struct setting {
    int isolation, door;
};

static void start(const char *test, struct setting setting, int output)
{
    char path[256];
    char *argv[] = {path, NULL};

    snprintf(path, sizeof(path), "%s/%s", directory, test);
    dup2(output, 1);
    close(output);
    if (on_postern()) {
        postern_set(POSTERN_ISOLATION_NEXT, setting.isolation);
        postern_set(POSTERN_DOOR_NEXT, setting.door);
    }
    spawn_exec("run", argv);
    _exit(127);
}

/* Passes the test's output on, indented as a subtest's is. */
static void indent(int input)
{
    char bytes[512];
    ssize_t length;
    bool line_start = true;

    while ((length = read(input, bytes, sizeof(bytes))) > 0) {
        for (ssize_t i = 0; i < length; i++) {
            if (line_start)
                fputs("    ", stdout);
            putchar(bytes[i]);
            line_start = bytes[i] == '\n';
        }
    }
    fflush(stdout);
}

static void run(const char *test, struct setting setting, const char *name)
{
    int ends[2], status;
    struct postern_usage before = postern_usage();

    fflush(stdout);
    if (pipe(ends)) {
        ktap_ok(false, "%s: pipe: %s", name, strerror(errno));
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        start(test, setting, ends[1]);
    }
    close(ends[1]);
    indent(ends[0]);
    close(ends[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        ktap_ok(false, "%s: fork: %s", name, strerror(errno));
        return;
    }
    bool whole = !on_postern() || postern_usage_returns(before, name);
    ktap_ok(spawn_status(status) == 0 && whole, "%s", name);
}

static void run_everywhere(const struct test *test)
{
    char name[64];
    int doors = postern_get(POSTERN_DOORS);
    int first = test->where == DOORS_TOO ? 0 : DOOR_AUTO,
        end = test->where == DOORS_TOO ? NR_DOORS : 0;

    for (int isolation = 0; isolation < 2; isolation++) {
        if (only_isolation >= 0 && isolation != only_isolation)
            continue;
        for (int door = first; door < end; door++) {
            snprintf(name, sizeof(name), "%s/%s/%s", isolation_names[isolation],
                     door == DOOR_AUTO ? "auto" : door_names[door], test->name);
            if (door == DOOR_AUTO || (doors & 1 << door))
                run(test->name, (struct setting){isolation, door}, name);
            else
                ktap_skip("this CPU lacks the door", "%s", name);
        }
    }
}

/* Where a test runs that was named; one that is not listed sees all. */
static struct test find_test(const char *name)
{
    for (unsigned i = 0; i < NR_TESTS; i++) {
        if (!strcmp(all_tests[i].name, name))
            return all_tests[i];
    }
    return (struct test){name, DOORS_TOO};
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    char **tests = argv + 1;

    if (argc > 2 && !strcmp(tests[0], "-i")) {
        only_isolation = isolation_number(tests[1]);
        tests += 2;
    }
    int count = *tests ? argv + argc - tests : (int)NR_TESTS;

    snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - argv[0]) : 1,
             slash ? argv[0] : ".");
    ktap_begin();
    /* once for nothing, so that this process has touched every page that it will: it sleeps only
     * when a test left an orphan, and the page of usleep() must not count as that test's */
    printf("# warm-up\n");
    usleep(1);
    for (int i = 0; i < count; i++) {
        struct test test = *tests ? find_test(tests[i]) : all_tests[i];
        if (on_postern())
            run_everywhere(&test);
        else
            run(test.name, (struct setting){0, 0}, test.name);
    }
    return ktap_end();
}
