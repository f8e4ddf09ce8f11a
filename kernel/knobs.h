/*
 * The kernel command line: `knob=value` words from the table in kernel/knobs.def, `init=PATH`, and
 * after a word `--` the arguments of init.
 */
#ifndef KERNEL_KNOBS_H
#define KERNEL_KNOBS_H

#include "arch/i386/types.h"
#include "kernel/postern_abi.h"

struct knobs {
#define VALUE(text, number)
#define NUMBER
#define KNOB(name, values) int name;
#include "kernel/knobs.def"
#undef KNOB
#undef VALUE
#undef NUMBER
    const char *command_line; /* the whole of it, as the boot loader gave it */
    char init[128];
    char init_arguments[512];
};

extern struct knobs knobs;

/* Whether the copy strategy, a value of enum postern_copy or not, works with that isolation: the
 * kernel can dereference only on the process's own directory. */
static inline bool copy_serves(int copy, enum postern_isolation isolation)
{
    return copy >= 0 && copy < NR_COPIES && (copy != COPY_DIRECT || isolation == ISOLATION_SHARED);
}

/*
 * Sets knobs from the command line, what it does not name from the defaults. Each word that cannot
 * be understood is one line to complain(), and has no other effect. 0, or -EINVAL after such a line
 * for a combination that cannot work.
 */
int knobs_parse(const char *command_line, void (*complain)(const char *line));

/* All knobs as they are, as words of a command line. The length, as snprintf() counts. */
int knobs_describe(char *buffer, size_t size);

#endif
