#include "kernel/knobs.h"

#include "kernel/errno.h"
#include "kernel/format.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "mm/poison.h"

#define WORD_MAX   160
#define VALUES_MAX 6

struct value {
    const char *text;
    int number;
};

static const struct knob {
    const char *name;
    int *place;
    struct value values[VALUES_MAX]; /* the default first; text NULL ends them; none: a number */
} table[] = {
#define VALUE(text, number) {#text, number},
#define NUMBER
#define KNOB(name, values) {#name, &knobs.name, {values}},
#include "kernel/knobs.def"
#undef KNOB
#undef VALUE
#undef NUMBER
};

struct knobs knobs;

static bool is_number(const struct knob *knob)
{
    return !knob->values[0].text;
}

/* The value that knob has now. */
static const char *value_text(const struct knob *knob, char *buffer, size_t size)
{
    const struct value *value = knob->values;

    if (is_number(knob)) {
        snprintf(buffer, size, "%d", *knob->place);
        return buffer;
    }
    while (value->number != *knob->place)
        value++;
    return value->text;
}

/* Decimal digits, up to INT32_MAX; false for anything else. */
static bool parse_number(const char *text, int *number)
{
    int value = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *text - '0', &value))
            return false;
    }
    *number = value;
    return true;
}

static void complain_value(const struct knob *knob, const char *text,
                           void (*complain)(const char *line))
{
    char line[256], number[16];
    int length = snprintf(line, sizeof(line), "postern: %s=%s: not %s", knob->name, text,
                          is_number(knob) ? "a number" : "one of");

    for (const struct value *v = knob->values; v->text && length < (int)sizeof(line); v++)
        length += snprintf(line + length, sizeof(line) - length, "%s %s",
                           v == knob->values ? "" : ",", v->text);
    if (length < (int)sizeof(line))
        snprintf(line + length, sizeof(line) - length, "; using %s",
                 value_text(knob, number, sizeof(number)));
    complain(line);
}

/* True if word names knob: then its value is set or complained about. */
static bool set_knob(const struct knob *knob, const char *word, void (*complain)(const char *line))
{
    size_t length = strlen(knob->name);

    if (strncmp(word, knob->name, length) || word[length] != '=')
        return false;
    const char *text = word + length + 1;
    if (is_number(knob) && parse_number(text, knob->place))
        return true;
    for (const struct value *v = knob->values; v->text; v++) {
        if (!strcmp(v->text, text)) {
            *knob->place = v->number;
            return true;
        }
    }
    complain_value(knob, text, complain);
    return true;
}

static void complain_names(const char *word, void (*complain)(const char *line))
{
    char line[256];
    int length = snprintf(line, sizeof(line), "postern: unknown knob %s; there are: init", word);

    for (unsigned i = 0; i < ARRAY_SIZE(table) && length < (int)sizeof(line); i++)
        length += snprintf(line + length, sizeof(line) - length, ", %s", table[i].name);
    complain(line);
}

static void set_init(const char *path, void (*complain)(const char *line))
{
    char line[256];
    size_t length = strlen(path);

    if (length && length < sizeof(knobs.init)) {
        strlcpy(knobs.init, path, sizeof(knobs.init));
        return;
    }
    snprintf(line, sizeof(line),
             "postern: init=%.40s%s: not a path of 1 to %u characters; using %s", path,
             length > 40 ? "..." : "", (unsigned)sizeof(knobs.init) - 1, knobs.init);
    complain(line);
}

static void complain_length(const char *word, void (*complain)(const char *line))
{
    char line[128];

    snprintf(line, sizeof(line), "postern: %.40s...: longer than %d characters; ignored", word,
             WORD_MAX - 1);
    complain(line);
}

static void take_word(const char *word, void (*complain)(const char *line))
{
    static const char init[] = "init=";

    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        if (set_knob(&table[i], word, complain))
            return;
    }
    if (strncmp(word, init, sizeof(init) - 1))
        complain_names(word, complain);
    else
        set_init(word + sizeof(init) - 1, complain);
}

static int check_combination(void (*complain)(const char *line))
{
    if (!copy_serves(knobs.copy, knobs.isolation)) {
        complain("postern: copy=direct with isolation=split: impossible, the kernel directory maps "
                 "no user page; copy=direct needs isolation=shared");
        return -EINVAL;
    }
    return 0;
}

static void set_defaults(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
        *table[i].place = table[i].values[0].number;
    strlcpy(knobs.init, "/init", sizeof(knobs.init));
    knobs.init_arguments[0] = '\0';
}

/* Boot menus and files are typed by people: tabs and line ends happen. */
static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_blanks(const char *text)
{
    while (is_blank(*text))
        text++;
    return text;
}

int knobs_parse(const char *command_line, void (*complain)(const char *line))
{
    const char *next = command_line;

    set_defaults();
    knobs.command_line = command_line;
    for (;;) {
        char word[WORD_MAX];
        size_t length = 0;

        next = skip_blanks(next);
        while (next[length] && !is_blank(next[length]))
            length++;
        if (!length)
            break;
        strlcpy(word, next, MIN(length + 1, sizeof(word)));
        next += length;
        if (!strcmp(word, "--")) {
            next = skip_blanks(next);
            if (strlcpy(knobs.init_arguments, next, sizeof(knobs.init_arguments)) >=
                sizeof(knobs.init_arguments))
                complain("postern: the arguments of init are too long; cut");
            break;
        }
        if (length >= sizeof(word))
            complain_length(word, complain);
        else
            take_word(word, complain);
    }
    return check_combination(complain);
}

int knobs_describe(char *buffer, size_t size)
{
    int length = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        size_t room = length < (int)size ? size - length : 0;
        char number[16];
        length += snprintf(buffer + length, room, "%s%s=%s", i ? " " : "", table[i].name,
                           value_text(&table[i], number, sizeof(number)));
    }
    return length;
}
