/*
 * Fuzz targets: pure parts of the kernel in a program of the host, with libFuzzer's entry point,
 * which AFL++ and test/fuzz/driver.c know too. They include the sources that they try, as the unit
 * tests do, and end where what must hold does not.
 */
#ifndef TEST_FUZZ_FUZZ_H
#define TEST_FUZZ_FUZZ_H

#include "test/unit/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define fuzz_require(condition)                                                            \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                       \
        }                                                                                  \
    } while (0)

/* A terminated copy of the input, which ends at its first zero. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

#endif
