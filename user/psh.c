/*
 * A small shell: words and quotes, pipelines, ; && ||, < and >, $? -- enough to start programs and
 * look around. Programs are looked for in /bin.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/spawn.h"

#define LINE_MAX_LENGTH 1024
#define WORDS_MAX       64
#define COMMANDS_MAX    8

static int last_status;

/* One program of a pipeline. */
struct command {
    char *words[WORDS_MAX + 1];
    int nr_words;
    const char *input, *output;
};

struct pipeline {
    struct command commands[COMMANDS_MAX];
    int nr_commands;
};

enum token {
    TOKEN_WORD,
    TOKEN_PIPE,
    TOKEN_INPUT,
    TOKEN_OUTPUT,
    TOKEN_SEQUENCE, /* ; */
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_END,
    TOKEN_ERROR,
};

static enum token syntax_error(const char *what)
{
    fprintf(stderr, "psh: %s\n", what);
    return TOKEN_ERROR;
}

static bool is_special(char c)
{
    return c == '\0' || c == ' ' || c == '\t' || strchr("|<>;&", c);
}

/*
 * A word with its quotes taken off and, but in single quotes, $? replaced; written to *buffer,
 * which moves on.
 */
static enum token read_word(const char **line, char **buffer, const char **word)
{
    const char *c = *line;
    char *to = *buffer, quote = '\0';

    *word = to;
    while (quote ? *c != '\0' : !is_special(*c)) {
        if (quote ? *c == quote : *c == '\'' || *c == '"') {
            quote = quote ? '\0' : *c;
            c++;
        } else if (quote != '\'' && c[0] == '$' && c[1] == '?') {
            to += sprintf(to, "%d", last_status);
            c += 2;
        } else {
            *to++ = *c++;
        }
    }
    if (quote)
        return syntax_error("a quote without its partner");
    *to++ = '\0';
    *line = c;
    *buffer = to;
    return TOKEN_WORD;
}

static enum token next_token(const char **line, char **buffer, const char **word)
{
    static const struct {
        const char *text;
        enum token token;
    } operators[] = {
        {"&&", TOKEN_AND},  {"||", TOKEN_OR},    {"|", TOKEN_PIPE},
        {"<", TOKEN_INPUT}, {">", TOKEN_OUTPUT}, {";", TOKEN_SEQUENCE},
    };

    *line += strspn(*line, " \t");
    if (**line == '\0' || **line == '#')
        return TOKEN_END;
    for (unsigned i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        size_t length = strlen(operators[i].text);
        if (!strncmp(*line, operators[i].text, length)) {
            *line += length;
            return operators[i].token;
        }
    }
    if (**line == '&')
        return syntax_error("& is not supported: there is no job control");
    return read_word(line, buffer, word);
}

/* Reads a pipeline, which may be empty; returns the token that ended it. */
static enum token parse(const char **line, char **buffer, struct pipeline *pipeline)
{
    struct command *command = &pipeline->commands[0];

    memset(pipeline, 0, sizeof(*pipeline));
    pipeline->nr_commands = 1;
    for (;;) {
        const char *word;
        enum token token = next_token(line, buffer, &word);
        if (token == TOKEN_INPUT || token == TOKEN_OUTPUT) {
            const char *path;
            if (next_token(line, buffer, &path) != TOKEN_WORD)
                return syntax_error("< and > need a file name");
            *(token == TOKEN_INPUT ? &command->input : &command->output) = path;
        } else if (token == TOKEN_WORD && command->nr_words < WORDS_MAX) {
            command->words[command->nr_words++] = (char *)word;
        } else if (token == TOKEN_PIPE && command->nr_words &&
                   pipeline->nr_commands < COMMANDS_MAX) {
            command = &pipeline->commands[pipeline->nr_commands++];
        } else if (token == TOKEN_ERROR) {
            return token;
        } else if (command->nr_words && (token == TOKEN_WORD || token == TOKEN_PIPE)) {
            return syntax_error("too long");
        } else if (!command->nr_words && (token == TOKEN_PIPE || pipeline->nr_commands > 1 ||
                                          command->input || command->output)) {
            return syntax_error("a command is missing");
        } else {
            return token;
        }
    }
}

static void help(void)
{
    printf("Programs are in /bin: hello echo cat true false isolate door exposure counters\n"
           "postern-top study bench sabotage poweroff; tests in /test (/test/run runs them all).\n"
           "  isolate shared -- /bin/bench     runs a program in the other mode\n"
           "  door int80 -- hello              chooses its __kernel_vsyscall\n"
           "Built in: help, exit [status]. a | b, a && b, a || b, a ; b, < file, > device, $?\n");
}

/* True if the command was one of the shell's own. */
static bool builtin(const struct command *command)
{
    if (!strcmp(command->words[0], "exit"))
        exit(command->words[1] ? atoi(command->words[1]) : last_status);
    if (strcmp(command->words[0], "help"))
        return false;
    help();
    last_status = 0;
    return true;
}

/* In the child: puts path's file at descriptor fd. */
static void redirect(const char *path, int flags, int fd)
{
    int file = path ? open(path, flags) : fd;

    if (file < 0) {
        fprintf(stderr, "psh: %s: %s\n", path, strerror(errno));
        _exit(1);
    }
    if (file != fd) {
        dup2(file, fd);
        close(file);
    }
}

static pid_t start(struct command *command, int input, int output, int unused)
{
    pid_t pid = fork();

    if (pid)
        return pid;
    if (unused >= 0)
        close(unused);
    if (input != 0) {
        dup2(input, 0);
        close(input);
    }
    if (output != 1) {
        dup2(output, 1);
        close(output);
    }
    redirect(command->input, O_RDONLY, 0);
    redirect(command->output, O_WRONLY, 1);
    spawn_exec("psh", command->words);
    _exit(127);
}

static void run(struct pipeline *pipeline)
{
    pid_t last = -1;
    int input = 0, started = 0;

    for (int i = 0; i < pipeline->nr_commands; i++) {
        int ends[2] = {-1, 1};
        bool more = i + 1 < pipeline->nr_commands;
        if (more && pipe(ends)) {
            perror("psh: pipe");
            break;
        }
        last = start(&pipeline->commands[i], input, ends[1], ends[0]);
        if (input != 0)
            close(input);
        if (more)
            close(ends[1]);
        input = more ? ends[0] : 0;
        if (last < 0) {
            perror("psh: fork");
            break;
        }
        started++;
    }
    if (input != 0)
        close(input);
    last_status = 127;
    while (started--) {
        int status;
        pid_t dead = wait(&status);
        if (dead == last)
            last_status = spawn_status(status);
    }
}

static void run_line(const char *line)
{
    static struct pipeline pipeline;
    char buffer[LINE_MAX_LENGTH * 4], *end = buffer; /* $? is the one thing that grows: by half */
    enum token token = TOKEN_SEQUENCE;
    bool skip = false;

    do {
        bool needed = token == TOKEN_AND || token == TOKEN_OR;
        token = parse(&line, &end, &pipeline);
        struct command *first = &pipeline.commands[0];
        if (token != TOKEN_ERROR && !first->nr_words &&
            (needed || token == TOKEN_AND || token == TOKEN_OR))
            token = syntax_error("&& and || need a command on each side");
        if (token == TOKEN_ERROR) {
            last_status = 2;
            return;
        }
        if (first->nr_words && !skip && (pipeline.nr_commands > 1 || !builtin(first)))
            run(&pipeline);
        skip = (token == TOKEN_AND && last_status) || (token == TOKEN_OR && !last_status);
    } while (token != TOKEN_END);
}

/*
 * Reads a line, byte by byte: what follows it on the same pipe is for the programs that it starts.
 * False at the end of the input. A line that does not fit comes back empty.
 */
static bool read_line(char *line, size_t size)
{
    size_t length = 0;
    bool newline = false;
    char byte;

    while (!newline && read(0, &byte, 1) == 1) {
        newline = byte == '\n';
        if (!newline && length++ < size)
            line[length - 1] = byte;
    }
    if (length >= size) {
        syntax_error("the line is too long");
        length = 0;
        last_status = 2;
    }
    line[length] = '\0';
    return newline || length;
}

int main(int argc, char **argv)
{
    char line[LINE_MAX_LENGTH];

    if (argc == 3 && !strcmp(argv[1], "-c")) {
        if (strlen(argv[2]) >= sizeof(line)) {
            syntax_error("the line is too long");
            return 2;
        }
        run_line(argv[2]);
        return last_status;
    }
    if (argc > 1) {
        fprintf(stderr, "usage: psh [-c LINE]\n");
        return 2;
    }
    for (;;) {
        printf("postern$ ");
        fflush(stdout);
        if (!read_line(line, sizeof(line)))
            break;
        run_line(line);
        fflush(stdout);
    }
    printf("\n");
    return last_status;
}
