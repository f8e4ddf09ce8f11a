#include "user/fuzz/show.h"

#include <stdio.h>
#include <string.h>

#include "user/fuzz/move.h"
#include "user/lib/postern.h"

static const char *format_of(int kind)
{
    switch (kind) {
    case KIND_INT:
    case KIND_FD:
    case KIND_PID:
    case KIND_SIGNAL:
        return "%s%s=%d";
    case KIND_OCTAL:
        return "%s%s=%#o";
    case KIND_UINT:
    case KIND_SIZE:
        return "%s%s=%u";
    default:
        return "%s%s=%#x";
    }
}

void show_call(const struct attempt *attempt, char *text, unsigned size)
{
    unsigned used = snprintf(text, size, "%s(", attempt->call->name);

    for (unsigned i = 0; i < 6 && attempt->call->arguments[i].kind && used < size; i++) {
        const struct argument *a = &attempt->call->arguments[i];
        used += snprintf(text + used, size - used, format_of(a->kind), i ? ", " : "", a->name,
                         attempt->values[i]);
        if (attempt->classes[i] && used < size)
            used += snprintf(text + used, size - used, " (%s)", attempt->classes[i]);
    }
    if (used < size)
        snprintf(text + used, size - used, ")");
}

/* --- as C
 * ------------------------------------------------------------------------------------------ */

/* What the generator stored where the kernel may read, as far as it is not the pattern. */
static void print_contents(const struct access *a)
{
    uint32_t size = arena_reach(a->address, a->size, ARENA_READ);
    bool stored = false;

    if (a->right != ARENA_READ || !arena_has(a->address) || size > 512)
        return;
    for (uint32_t i = 0; i < size; i++)
        stored |= !arena_has(a->address + i) ||
                  *arena_model(a->address + i) != arena_pattern(a->address + i);
    if (!stored)
        return;
    printf("test:     fuzzed_put(%#x, %u, \"", a->address, size);
    for (uint32_t i = 0; i < size; i++)
        printf("\\x%02x", *arena_model(a->address + i));
    printf("\");\n");
}

static void print_call(const struct attempt *attempt)
{
    char text[300];

    show_call(attempt, text, sizeof(text));
    for (unsigned i = 0; i < attempt->nr_accesses; i++)
        print_contents(&attempt->accesses[i]);
    printf("test:     /* %s */\ntest:     fuzzed_call(%d, NR_%s", text, attempt->door,
           attempt->call->name);
    for (unsigned i = 0; i < 6; i++)
        printf(attempt->values[i] < 4096 ? ", %u" : ", %#x", attempt->values[i]);
    printf(");\n");
}

void show_step(unsigned index, struct step step, const struct attempt *attempt, bool as_test)
{
    char text[300];

    if (attempt)
        show_call(attempt, text, sizeof(text));
    else
        move_print(step, text, sizeof(text));
    printf("step %u: %s%s%s\n", index, attempt ? door_names[attempt->door] : "", attempt ? " " : "",
           text);
    if (as_test && attempt)
        print_call(attempt);
    else if (as_test)
        printf("test:     %s;\n", text);
    fflush(stdout);
}
