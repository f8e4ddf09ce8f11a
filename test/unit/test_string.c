/* kernel/string.c against the host's C library, at every small size and alignment. */
#include "test/unit/unit.h"

#define memcpy  kernel_memcpy
#define memmove kernel_memmove
#define memset  kernel_memset
#define memcmp  kernel_memcmp
#define strlen  kernel_strlen
#define strcmp  kernel_strcmp
#define strncmp kernel_strncmp
#define strchr  kernel_strchr
#define strrchr kernel_strrchr
#define strlcpy kernel_strlcpy
#undef KERNEL_STRING_H
#include "kernel/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strlcpy

#define SIZE 64

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void fill(uint8_t *bytes)
{
    for (int i = 0; i < SIZE; i++)
        bytes[i] = i * 7 + 1;
}

static void check_memory(void)
{
    uint8_t from[SIZE], ours[SIZE], theirs[SIZE];
    unsigned wrong[3] = {0, 0, 0};

    fill(from);
    for (int start = 0; start < 8; start++) {
        for (int to = 0; to < 8; to++) {
            for (int size = 0; size < SIZE - 8; size++) {
                memset(ours, 0, SIZE), memset(theirs, 0, SIZE);
                kernel_memcpy(ours + to, from + start, size);
                memcpy(theirs + to, from + start, size);
                wrong[0] += memcmp(ours, theirs, SIZE) != 0;
                fill(ours), fill(theirs);
                kernel_memmove(ours + to, ours + start, size);
                memmove(theirs + to, theirs + start, size);
                wrong[1] += memcmp(ours, theirs, SIZE) != 0;
                kernel_memset(ours + to, 0x1a5, size);
                memset(theirs + to, 0x1a5, size);
                wrong[2] += memcmp(ours, theirs, SIZE) != 0;
            }
        }
    }
    unit_ok(!wrong[0], "memcpy");
    unit_ok(!wrong[1], "memmove, overlapping");
    unit_ok(!wrong[2], "memset");
}

static void check_strings(void)
{
    static const char *const strings[] = {"",    "a",     "b",     "ab",  "abc",
                                          "abd", "a\xff", "hello", "hell"};
    unsigned count = sizeof(strings) / sizeof(strings[0]), wrong[5] = {0, 0, 0, 0, 0};

    for (unsigned i = 0; i < count; i++) {
        wrong[0] += kernel_strlen(strings[i]) != strlen(strings[i]);
        for (unsigned j = 0; j < count; j++) {
            wrong[1] +=
                sign(kernel_strcmp(strings[i], strings[j])) != sign(strcmp(strings[i], strings[j]));
            for (unsigned n = 0; n < 6; n++)
                wrong[2] += sign(kernel_strncmp(strings[i], strings[j], n)) !=
                            sign(strncmp(strings[i], strings[j], n));
        }
        for (int c = 0; c < 128; c++) {
            wrong[3] += kernel_strchr(strings[i], c) != strchr(strings[i], c);
            wrong[4] += kernel_strrchr(strings[i], c) != strrchr(strings[i], c);
        }
    }
    unit_ok(!wrong[0], "strlen");
    unit_ok(!wrong[1], "strcmp");
    unit_ok(!wrong[2], "strncmp");
    unit_ok(!wrong[3], "strchr");
    unit_ok(!wrong[4], "strrchr");
    unit_ok(sign(kernel_memcmp("ab\0c", "ab\0d", 4)) < 0 && !kernel_memcmp("ab", "ac", 1),
            "memcmp");
}

static void check_strlcpy(void)
{
    for (size_t size = 0; size < 8; size++) {
        char *to = malloc(size ? size : 1);
        size_t length = kernel_strlcpy(to, "abcde", size);
        unit_ok(length == 5 && (!size || (strlen(to) == (size < 6 ? size - 1 : 5) &&
                                          !strncmp(to, "abcde", strlen(to)))),
                "strlcpy into %zu bytes", size);
        free(to);
    }
}

int main(void)
{
    printf("KTAP version 1\n");
    check_memory();
    check_strings();
    check_strlcpy();
    return unit_end();
}
