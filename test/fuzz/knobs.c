/* The kernel command line: any text leaves sound knobs and lines of complaint. */
#include "test/fuzz/fuzz.h"

#include "kernel/knobs.c"

static void complain(const char *line)
{
    fuzz_require(*line && !strchr(line, '\n'));
}

static bool is_terminated(const char *text, size_t size)
{
    return strnlen(text, size) < size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), described[8];
    int result = knobs_parse(text, complain);

    fuzz_require(result == -EINVAL || (!result && copy_serves(knobs.copy, knobs.isolation)));
    fuzz_require(is_terminated(knobs.init, sizeof(knobs.init)) &&
                 is_terminated(knobs.init_arguments, sizeof(knobs.init_arguments)));
    fuzz_require(knobs_describe(described, sizeof(described)) > 0 &&
                 is_terminated(described, sizeof(described)));
    free(text);
    return 0;
}
