/*
 * Scripts: "#!interpreter [argument]".
 *
 * Rule: execve(2), Interpreter scripts. A broken kernel loses or splits arguments, follows a script
 * that interprets itself for ever, or reads past a first line that does not end.
 *
 * This program is the interpreter as well: called as one it prints what it got.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"

static char directory[] = "/tmp/postern-script-XXXXXX";
static char self[PATH_MAX];

/* Good until it has been called three times more. */
static const char *path_of(const char *name)
{
    static char paths[4][64];
    static unsigned turn;
    char *path = paths[turn++ % 4];

    snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
    return path;
}

static void make(const char *name, int mode, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, mode);

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    write(fd, text, strlen(text));
    close(fd);
}

/* Runs a script with the arguments "one two" and "3"; what it printed, or its errno. */
static int run(const char *name, char *output, size_t size)
{
    int ends[2], status;
    size_t length = 0;
    ssize_t got;

    if (pipe(ends))
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        char *argv[] = {"unseen", "one two", "3", NULL};
        char *envp[] = {"A=b", NULL};
        dup2(ends[1], 1);
        execve(path_of(name), argv, envp);
        _exit(errno);
    }
    close(ends[1]);
    while ((got = read(ends[0], output + length, size - 1 - length)) > 0)
        length += got;
    output[length] = '\0';
    close(ends[0]);
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

static void expect(const char *name, const char *what, const char *format, ...)
{
    char wanted[1024], got[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(wanted, sizeof(wanted), format, arguments);
    va_end(arguments);
    int error = run(name, got, sizeof(got));
    if (!ktap_ok(!error && !strcmp(wanted, got), "%s", what))
        ktap_note("error %d, printed %s", error, got);
}

static void expect_error(const char *name, int error, const char *what)
{
    char output[1024];

    ktap_equal(run(name, output, sizeof(output)), error, "%s", what);
}

static void check_arguments(void)
{
    char path[64];

    make("plain", 0755, "#!%s\nnothing of this is read\n", self);
    strcpy(path, path_of("plain"));
    expect("plain", "an interpreter alone", "[%s][%s][one two][3] A=b\n", self, path);
    make("argument", 0755, "#! \t%s  -a b c \t\n", self);
    strcpy(path, path_of("argument"));
    expect("argument", "one argument, blanks and all", "[%s][-a b c][%s][one two][3] A=b\n", self,
           path);
    make("short", 0755, "#!%s", self);
    strcpy(path, path_of("short"));
    expect("short", "a line without an end", "[%s][%s][one two][3] A=b\n", self, path);
}

static void check_nested(void)
{
    char inner[64], outer[64];

    make("inner", 0755, "#!%s -i\n", self);
    strcpy(inner, path_of("inner"));
    make("outer", 0755, "#!%s -o\n", inner);
    strcpy(outer, path_of("outer"));
    expect("outer", "a script whose interpreter is a script",
           "[%s][-i][%s][-o][%s][one two][3] A=b\n", self, inner, outer);
    make("loop", 0755, "#!%s\n", path_of("loop"));
    expect_error("loop", ELOOP, "a script that is its own interpreter: ELOOP");
}

static void check_errors(void)
{
    char line[300];

    make("nothing", 0755, "#!\n");
    expect_error("nothing", ENOEXEC, "no interpreter: ENOEXEC");
    make("missing", 0755, "#!/no/such/interpreter\n");
    expect_error("missing", ENOENT, "an interpreter that is not there: ENOENT");
    make("text", 0755, "echo hello\n");
    expect_error("text", ENOEXEC, "a text without #!: ENOEXEC");
    make("empty", 0755, "%s", "");
    expect_error("empty", ENOEXEC, "an empty file: ENOEXEC");
    make("unmarked", 0644, "#!%s\n", self);
    expect_error("unmarked", EACCES, "no execute bit: EACCES");
    make("data", 0755, "#!%s\n", path_of("unmarked"));
    expect_error("data", EACCES, "an interpreter without an execute bit: EACCES");
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\0';
    make("long", 0755, "#!/%s\n", line);
    expect_error("long", ENOEXEC, "a name that is too long for the line: ENOEXEC");
}

static int interpret(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        printf("[%s]", argv[i]);
    printf(" A=%s\n", getenv("A"));
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"plain",    "argument", "short",   "inner", "outer",
                                        "loop",     "nothing",  "missing", "text",  "empty",
                                        "unmarked", "data",     "long"};
    if (argc > 1)
        return interpret(argc, argv);
    ktap_begin();
    if (!realpath(argv[0], self) || !mkdtemp(directory)) {
        ktap_ok(false, "a directory for scripts: %s", strerror(errno));
        return ktap_end();
    }
    check_arguments();
    check_nested();
    check_errors();
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(path_of(names[i]));
    rmdir(directory);
    return ktap_end();
}
