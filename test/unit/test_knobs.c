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
    unit_ok(!parse("\tisolation=shared\tdoor=int80\n") && !nr_complaints &&
                knobs.isolation == ISOLATION_SHARED && knobs.door == DOOR_INT80,
            "tabs and line ends are blanks");
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
    unit_ok(!parse("copy=window") && knobs.copy == COPY_WINDOW && !parse("copy=bounce") &&
                knobs.copy == COPY_BOUNCE,
            "window and bounce go with split");
    unit_ok(parse("copy=direct") == -EINVAL && nr_complaints == 1 &&
                strstr(complaints, "impossible"),
            "an impossible combination");
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\0';
    unit_ok(!parse(line) && nr_complaints == 1 && strstr(complaints, "xxxx..."),
            "a word of 2000 letters is one line that shows how it begins");
    memcpy(line, "init=", 5);
    unit_ok(!parse(line) && nr_complaints == 1 && strstr(complaints, "init=xx"),
            "so is a path of 2000 letters");
    line[5 + 128] = '\0';
    unit_ok(!parse(line) && nr_complaints == 1 && !strcmp(knobs.init, "/init") &&
                strstr(complaints, "127") && strstr(complaints, "using /init"),
            "a path that is too long by one is not cut but refused");
    line[5 + 127] = '\0';
    unit_ok(!parse(line) && !nr_complaints && strlen(knobs.init) == 127, "the longest path");
    unit_ok(!parse("init=") && nr_complaints == 1 && !strcmp(knobs.init, "/init"),
            "an empty path is refused");
    unit_ok(!parse("init=/a init=") && nr_complaints == 1 && !strcmp(knobs.init, "/a"),
            "and leaves the one before");
    unit_ok(!parse("failalloc=120") && !nr_complaints && knobs.failalloc == 120, "a number");
    unit_ok(!parse("failalloc=2147483648") && nr_complaints == 1 && !knobs.failalloc &&
                strstr(complaints, "failalloc=2147483648: not a number; using 0"),
            "a number that does not fit");
    unit_ok(!parse("failalloc= failalloc=1x failalloc=-1") && nr_complaints == 3,
            "what is not a number");
    parse("");
    unit_ok(knobs_describe(text, sizeof(text)) == (int)strlen(text) &&
                !strncmp(text, "isolation=split global=on copy=walk", 35),
            "described as a command line");
    unit_ok(!parse(text) && !nr_complaints, "which can be read again");
    unit_ok(knobs_describe(text, 10) > 10 && strlen(text) == 9, "cut to a small buffer");
    return unit_end();
}
