/*
 * run: every guest test, or those named, in each isolation mode and with each door behind the C
 * library's calls; one KTAP document with the tests nested in it.
 *
 *     run [TEST...]
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

static const char *const all_tests[] = {
    "doors",
    "step",
    "fork",
    "exec",
    "script",
    "elf",
    "memory",
    "faults",
    "pointers",
    "pipe",
    "files",
    "time",
    "fpu",
    "tls",
    "sched",
    "isolation",
    "leak",
    "oom",
    "signal",
    "signal_info",
    "signal_handler",
    "signal_stack",
    "signal_restart",
    "signal_frame",
    "sigframe",
    "sigframe_fpu",
    "futex",
    "threads",
    "threads_exit",
    "failalloc",
    "memory_calls",
    "poll",
    "system",
    "proc",
};
#define NR_TESTS (sizeof(all_tests) / sizeof(all_tests[0]))

static char directory[128];

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

static void run_everywhere(const char *test)
{
    char name[64];
    int doors = postern_get(POSTERN_DOORS);

    for (int isolation = 0; isolation < 2; isolation++) {
        for (int door = 0; door < NR_DOORS; door++) {
            snprintf(name, sizeof(name), "%s/%s/%s", isolation_names[isolation], door_names[door],
                     test);
            if (doors & 1 << door)
                run(test, (struct setting){isolation, door}, name);
            else
                ktap_skip("this CPU lacks the door", "%s", name);
        }
    }
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    int count = argc > 1 ? argc - 1 : (int)NR_TESTS;

    snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - argv[0]) : 1,
             slash ? argv[0] : ".");
    ktap_begin();
    /* once for nothing, so that this process has touched every page that it will: it sleeps only
     * when a test left an orphan, and the page of usleep() must not count as that test's */
    printf("# warm-up\n");
    usleep(1);
    for (int i = 0; i < count; i++) {
        const char *test = argc > 1 ? argv[i + 1] : all_tests[i];
        if (on_postern())
            run_everywhere(test);
        else
            run(test, (struct setting){0, 0}, test);
    }
    return ktap_end();
}
