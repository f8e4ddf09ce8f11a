#include "user/lib/ktap.h"

#include <stdarg.h>
#include <stdio.h>

static unsigned done, failed, skipped;

void ktap_begin(void)
{
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    printf("KTAP version 1\n");
}

static void result(bool ok, const char *directive, const char *name, va_list arguments)
{
    char text[160];

    vsnprintf(text, sizeof(text), name, arguments);
    printf("%sok %u - %s%s\n", ok ? "" : "not ", ++done, text, directive);
    failed += !ok;
    fflush(stdout);
}

bool ktap_ok(bool ok, const char *name, ...)
{
    va_list arguments;

    va_start(arguments, name);
    result(ok, "", name, arguments);
    va_end(arguments);
    return ok;
}

void ktap_skip(const char *reason, const char *name, ...)
{
    char directive[120];
    va_list arguments;

    snprintf(directive, sizeof(directive), " # SKIP %s", reason);
    va_start(arguments, name);
    result(true, directive, name, arguments);
    skipped++;
    va_end(arguments);
}

bool ktap_equal(long got, long want, const char *name, ...)
{
    va_list arguments;

    if (got != want)
        ktap_note("got %ld (%#lx), want %ld (%#lx)", got, got, want, want);
    va_start(arguments, name);
    result(got == want, "", name, arguments);
    va_end(arguments);
    return got == want;
}

void ktap_note(const char *text, ...)
{
    va_list arguments;

    printf("# ");
    va_start(arguments, text);
    vprintf(text, arguments);
    va_end(arguments);
    printf("\n");
}

int ktap_end(void)
{
    printf("1..%u\n", done);
    printf("# Totals: pass:%u fail:%u skip:%u\n", done - failed - skipped, failed, skipped);
    fflush(stdout);
    return failed != 0;
}
