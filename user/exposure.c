/*
 * exposure: what this process's own directory maps with the supervisor bit. -w: then stays, in user
 * mode, for who wants to look at that directory from outside.
 */
#include <stdio.h>
#include <string.h>

#include "user/lib/postern.h"

#define ROWS 64

int main(int argc, char **argv)
{
    struct postern_exposure rows[ROWS];
    int count = postern_exposure(rows, ROWS);
    unsigned total = 0;

    if (count < 0) {
        postern_perror("exposure");
        return 1;
    }
    printf("%-19s %10s  %-6s %s\n", "range", "KiB", "flags", "what");
    for (int i = 0; i < count && i < ROWS; i++) {
        unsigned size = (rows[i].end - rows[i].start) / 1024;
        printf("%08x-%08x   %9u  %s%s    %s\n", rows[i].start, rows[i].end - 1, size,
               rows[i].flags & EXPOSURE_WRITABLE ? "w" : "-",
               rows[i].flags & EXPOSURE_GLOBAL ? "g" : "-", rows[i].what);
        total += size;
    }
    printf("%d ranges, %u KiB\n", count, total);
    fflush(stdout);
    while (argc == 2 && !strcmp(argv[1], "-w"))
        ;
    return 0;
}
