/* Interpreter scripts: "#!interpreter [argument]" at the start of a file (execve(2)). */
#ifndef KERNEL_SCRIPT_H
#define KERNEL_SCRIPT_H

#include "kernel/arguments.h"

#define SCRIPT_LINE 256 /* bytes of the file that the first line must fit in */

/* What the first line of a script says; both terminated, inside line. */
struct script {
    char line[SCRIPT_LINE];
    char *interpreter;
    char *argument; /* NULL: none */
};

/* Reads length bytes of script->line. 0, or -ENOEXEC: it is none, or its line is too long. */
int script_parse(struct script *script, size_t length);

/* The arguments with which the interpreter of the script at path runs in place of it; NULL with
 * *error: -ENOMEM, -E2BIG. */
struct arguments *script_arguments(const struct script *script, const char *path,
                                   const struct arguments *arguments, int *error);

#endif
