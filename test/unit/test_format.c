/* kernel/format.c against the host's printf. */
#include "test/unit/unit.h"

#define vsnprintf kernel_vsnprintf
#define snprintf  kernel_snprintf
#include "kernel/format.c"
#undef vsnprintf
#undef snprintf

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-truncation"

#define CHECK(...)                                                                             \
    do {                                                                                       \
        char ours[128], theirs[128];                                                           \
        int our_length = kernel_snprintf(ours, sizeof(ours), __VA_ARGS__);                     \
        int their_length = snprintf(theirs, sizeof(theirs), __VA_ARGS__);                      \
        unit_ok(our_length == their_length && !strcmp(ours, theirs), "\"%s\" is \"%s\"", ours, \
                theirs);                                                                       \
    } while (0)

/* One value through every combination of flags, width and precision of a conversion. */
static unsigned count_differences(const char *conversion, long long value)
{
    static const char *const widths[] = {"", "1", "9"}, *const precisions[] = {"", ".", ".1", ".6"};
    unsigned differences = 0;

    for (unsigned i = 0; i < 32 * 3 * 4; i++) {
        char format[32], ours[64], theirs[64];
        unsigned flags = i / 12;
        snprintf(format, sizeof(format), "%%%s%s%s%s%s%s%s%s", flags & 1 ? "-" : "",
                 flags & 2 ? "0" : "", flags & 4 ? "+" : "", flags & 8 ? " " : "",
                 flags & 16 ? "#" : "", widths[i % 3], precisions[i / 3 % 4], conversion);
        int our_length = kernel_snprintf(ours, sizeof(ours), format, value);
        int their_length = snprintf(theirs, sizeof(theirs), format, value);
        differences += our_length != their_length || strcmp(ours, theirs);
    }
    return differences;
}

static void check_combinations(void)
{
    static const long long values[] = {0, 1, -1, 7, 8, 255, -128, 32768, INT64_MAX, INT64_MIN};
    static const char *const conversions[] = {"hhd", "hu",  "d",   "u",   "x",   "X",  "o",
                                              "lld", "llu", "llx", "llX", "llo", "lx", "zu"};

    for (unsigned i = 0; i < sizeof(conversions) / sizeof(conversions[0]); i++) {
        unsigned differences = 0;
        for (unsigned j = 0; j < sizeof(values) / sizeof(values[0]); j++)
            differences += count_differences(conversions[i], values[j]);
        unit_ok(!differences, "%%%s with every flag, width and precision", conversions[i]);
    }
}

static void check_truncation(void)
{
    for (size_t size = 0; size < 12; size++) {
        char *buffer = malloc(size ? size : 1);
        int length = kernel_snprintf(buffer, size, "%s-%d", "hello", 42);
        unit_ok(length == 8 && (!size || strlen(buffer) == (size < 9 ? size - 1 : 8)),
                "into %zu bytes", size);
        free(buffer);
    }
}

int main(void)
{
    printf("KTAP version 1\n");
    CHECK("plain %% text");
    CHECK("%d %i %u", -1, 2147483647, 4294967295u);
    CHECK("%d", (int)0x80000000);
    CHECK("%x %X %#x %#X %#x", 0xdeadbeef, 0xdeadbeef, 255, 255, 0);
    CHECK("%o %#o %#o", 8, 8, 0);
    CHECK("[%5d] [%-5d] [%05d] [%+d] [% d]", 42, 42, 42, 42, 42);
    CHECK("[%5d] [%-5d] [%05d] [%+d] [% d]", -42, -42, -42, -42, -42);
    CHECK("[%.3d] [%8.3d] [%-8.3d] [%08.3d] [%.0d]", 7, 7, 7, 7, 0);
    CHECK("[%#10x] [%#010x] [%-#10x] [%#.5x]", 255, 255, 255, 255);
    CHECK("%ld %lu %zu", -5l, 5ul, (size_t)9);
    CHECK("%lld %llu %llx", -9223372036854775807ll - 1, 18446744073709551615ull,
          0x123456789abcdefull);
    CHECK("%hd %hhd %hu %hhu", 65537, 257, 65537, 257);
    CHECK("[%s] [%10s] [%-10s] [%.2s] [%.0s]", "text", "text", "text", "text", "text");
    CHECK("[%c] [%3c] [%-3c]", 'a', 'b', 'c');
    CHECK("[%*d] [%-*d] [%.*s] [%*d]", 6, 42, 6, 42, 3, "abcdef", -6, 42);
    CHECK("%p", (void *)0xc0100000);
    check_combinations();
    check_truncation();
    return unit_end();
}
