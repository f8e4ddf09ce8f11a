/* printk's formats against the host's, one directive at a time. */
#include "test/fuzz/fuzz.h"

#define vsnprintf kernel_vsnprintf
#define snprintf  kernel_snprintf
#include "kernel/format.c"
#undef vsnprintf
#undef snprintf

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

/* What the input chooses. */
struct choice {
    uint8_t flags, width, precision, length, conversion, room;
    uint64_t value;
} __attribute__((packed));

static void write_format(char format[32], const struct choice *c)
{
    static const char flags[] = "-0+ #", conversions[] = "diuxXoc";
    static const char *const lengths[] = {"", "hh", "h", "l", "ll", "z"};
    char *end = format;

    *end++ = '%';
    for (unsigned i = 0; i < 5; i++) {
        if (c->flags & 1u << i)
            *end++ = flags[i];
    }
    if (c->width)
        end += sprintf(end, "%u", c->width % 80);
    if (c->precision)
        end += sprintf(end, ".%u", c->precision % 80);
    char conversion = conversions[c->conversion % (sizeof(conversions) - 1)];
    sprintf(end, "%s%c", conversion == 'c' ? "" : lengths[c->length % 6], conversion);
}

/* C leaves it open what 0 and precision do to a character, and + to an unsigned number. */
static bool is_defined(const char *format)
{
    size_t last = strlen(format) - 1;

    return format[last] != 'c' || !strpbrk(format, "0+ #.");
}

static void compare(const char *format, uint64_t value, size_t room)
{
    char theirs[256], *ours = malloc(room);
    int our_length = kernel_snprintf(ours, room, format, value);
    int their_length = snprintf(theirs, sizeof(theirs), format, value);

    theirs[room - 1] = '\0';
    fuzz_require(our_length == their_length && !strcmp(ours, theirs));
    free(ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct choice choice = {0};
    char format[32];

    memcpy(&choice, data, size < sizeof(choice) ? size : sizeof(choice));
    write_format(format, &choice);
    if (is_defined(format))
        compare(format, choice.value, choice.room + 1);
    return 0;
}
