#include "kernel/script.h"

#include "kernel/string.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char *skip_blanks(char *text)
{
    while (is_blank(*text))
        text++;
    return text;
}

static char *find_newline(char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (line[i] == '\n')
            return line + i;
    }
    return NULL;
}

int script_parse(struct script *script, size_t length)
{
    char *end = find_newline(script->line, length);

    if (length < 2 || script->line[0] != '#' || script->line[1] != '!')
        return -ENOEXEC;
    /* without a newline the whole of a short file is the line, but a cut one is no name to trust */
    if (!end && length == SCRIPT_LINE)
        return -ENOEXEC;
    if (!end)
        end = script->line + length;
    while (is_blank(end[-1]))
        end--;
    *end = '\0';

    script->interpreter = skip_blanks(script->line + 2);
    if (!*script->interpreter)
        return -ENOEXEC;
    char *behind = script->interpreter;
    while (*behind && !is_blank(*behind))
        behind++;
    script->argument = *behind ? skip_blanks(behind) : NULL;
    *behind = '\0';
    return 0;
}

struct arguments *script_arguments(const struct script *script, const char *path,
                                   const struct arguments *arguments, int *error)
{
    struct arguments *result = arguments_create();
    uint32_t name = arguments_length(arguments, 0);

    *error = -ENOMEM;
    if (!result)
        return NULL;
    *error = arguments_add(result, path);
    if (!*error)
        *error = arguments_add(result, script->interpreter);
    if (!*error && script->argument)
        *error = arguments_add(result, script->argument);
    if (!*error)
        *error = arguments_add(result, path);
    /* behind the program's name and argv[0], which nobody sees any more */
    if (!*error)
        *error = arguments_append(result, arguments, name + arguments_length(arguments, name));
    if (*error) {
        arguments_free(result);
        return NULL;
    }
    result->argc = arguments->argc + (script->argument ? 2 : 1);
    result->envc = arguments->envc;
    return result;
}
