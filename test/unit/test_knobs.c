/* kernel/knobs.c: the command line. */
#include "test/unit/unit.h"

#include "kernel/knobs.c"

static char complaints[2048];
static int nr_complaints;

static void complain(const char *line)
{
    strcat(complaints, line);
    strcat(complaints, "\n");
    nr_complaints++;
}

static int parse(const char *line)
{
    complaints[0] = '\0';
    nr_complaints = 0;
    return knobs_parse(line, complain);
}

int main(void)
{
    char text[256], line[2000];

    printf("KTAP version 1\n");
    unit_ok(!parse("") && !nr_complaints && knobs.isolation == ISOLATION_SPLIT && knobs.global &&
                knobs.copy == COPY_WALK && knobs.door == DOOR_AUTO && !strcmp(knobs.init, "/init"),
            "an empty line: the defaults");
    unit_ok(!parse("  isolation=shared   copy=direct door=callgate ") && !nr_complaints &&
                knobs.isolation == ISOLATION_SHARED && knobs.copy == COPY_DIRECT &&
                knobs.door == DOOR_CALLGATE,
            "knobs and blanks");
    unit_ok(!parse("init=/bin/sh -- a  b isolation=x") && !strcmp(knobs.init, "/bin/sh") &&
                !strcmp(knobs.init_arguments, "a  b isolation=x") && !nr_complaints,
            "init and its arguments");
    unit_ok(!parse("--") && !knobs.init_arguments[0], "-- and nothing");
    unit_ok(!parse("isolation=foo global=off") && nr_complaints == 1 &&
                strstr(complaints, "isolation=foo: not one of split, shared; using split") &&
                !knobs.global,
            "a bad value is one line, the rest holds");
    unit_ok(!parse("isolatio=split") && nr_complaints == 1 &&
                strstr(complaints, "unknown knob isolatio=split"),
            "an unknown knob is one line");
    unit_ok(!parse("isolation") && nr_complaints == 1, "a knob without a value");
    unit_ok(!parse("isolation=") && nr_complaints == 1, "a knob with an empty value");
    unit_ok(parse("copy=direct") == -EINVAL && nr_complaints == 1 &&
                strstr(complaints, "impossible"),
            "an impossible combination");
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\0';
    unit_ok(!parse(line) && nr_complaints == 1, "a word of 2000 letters");
    memcpy(line, "init=", 5);
    line[150] = '\0';
    unit_ok(!parse(line) && nr_complaints == 1 && strlen(knobs.init) < sizeof(knobs.init),
            "a path that is too long");
    parse("");
    unit_ok(knobs_describe(text, sizeof(text)) == (int)strlen(text) &&
                !strncmp(text, "isolation=split global=on copy=walk", 35),
            "described as a command line");
    unit_ok(!parse(text) && !nr_complaints, "which can be read again");
    unit_ok(knobs_describe(text, 10) > 10 && strlen(text) == 9, "cut to a small buffer");
    return unit_end();
}
