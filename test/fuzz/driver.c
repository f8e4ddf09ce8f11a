/*
 * Runs a fuzz target on files, or on standard input if there are none: how `make test` replays the
 * corpora, and what AFL++ starts (afl-clang-fast test/fuzz/elf.c test/fuzz/driver.c).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (1u << 20)

/* From memory of exactly its size, so that the sanitizers see one byte too far. */
static void run(FILE *file)
{
    static uint8_t input[INPUT_MAX];
    size_t size = fread(input, 1, sizeof(input), file);
    uint8_t *copy = malloc(size ? size : 1);

    memcpy(copy, input, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

int main(int argc, char **argv)
{
    if (argc == 1)
        run(stdin);
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) {
            perror(argv[i]);
            return 1;
        }
        run(file);
        fclose(file);
    }
    return 0;
}
