/*
 * Test results in KTAP version 1 (Linux, Documentation/dev-tools/ktap.rst). One program is one
 * document: ktap_begin(), checks, `return ktap_end();`. The plan stands at the end.
 */
#ifndef USER_LIB_KTAP_H
#define USER_LIB_KTAP_H

#include <stdbool.h>

void ktap_begin(void);

/* One result. Returns ok. */
bool ktap_ok(bool ok, const char *name, ...) __attribute__((format(printf, 2, 3)));
void ktap_skip(const char *reason, const char *name, ...) __attribute__((format(printf, 2, 3)));

/* A check of two numbers that shows both when they differ. */
bool ktap_equal(long got, long want, const char *name, ...) __attribute__((format(printf, 3, 4)));

/* A comment that helps to understand a failure. */
void ktap_note(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* Prints the plan and a summary of the results; the program's exit status: 0 if nothing failed. */
int ktap_end(void);

#endif
