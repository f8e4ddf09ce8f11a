/*
 * What the copy strategies cost, as calls whose work is a copy:
 *
 *     CopyZeroes   read /dev/zero: one stretch of zeroes to the user, whatever the size
 *     CopyOut      pread of a file in memory: to the user, page by page of the file
 *     CopyIn       pwrite of a file whose pages are there: from the user, likewise
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user/bench/bench.h"
#include "user/lib/syscall.h"

#define PATH    "/tmp/bench-copies"
#define LARGEST (1 << 20)
#define PAGE    4096

enum { SIZE, OFFSET, FRESH }; /* fresh: into pages that are not there yet */

static char *buffer;

/* With what an offset adds. */
static unsigned buffer_size(void)
{
    return bench_parameter[SIZE] + PAGE;
}

static void touch_or_forget(void)
{
    if (bench_parameter[FRESH])
        madvise(buffer, buffer_size(), MADV_DONTNEED);
    else
        memset(buffer, 1, buffer_size());
}

static void copy(struct call *call, int number, const char *path)
{
    buffer = bench_map(buffer_size());
    *call = (struct call){number,
                          {bench_open(path, O_RDWR), (long)buffer + bench_parameter[OFFSET],
                           bench_parameter[SIZE], 0, 0}};
}

static void copy_zeroes(struct call *call)
{
    copy(call, NR_read, "/dev/zero");
}

/* A file that has its pages; nobody else needs to see it. */
static void copy_file(struct call *call, int number)
{
    int fd = bench_open(PATH, O_CREAT | O_RDWR);

    copy(call, number, PATH);
    memset(buffer, 1, buffer_size());
    if (write(fd, buffer, bench_parameter[SIZE]) != bench_parameter[SIZE])
        perror(PATH);
    close(fd);
    unlink(PATH);
}

static void copy_out(struct call *call)
{
    copy_file(call, NR_pread64);
}

static void copy_in(struct call *call)
{
    copy_file(call, NR_pwrite64);
}

static const struct repetition few = {.warm_up = 2, .samples = 5, .prepare = touch_or_forget};

#define COPY(label, function)                                                              \
    {                                                                                      \
        .name = (label),                                                                   \
        .parameters = {{"size", 1, LARGEST, 16}, {"offset", 0, 1, 2}, {"fresh", 0, 1, 2}}, \
        .prepare = (function), .how = &few                                                 \
    }

const struct bench bench_copies[] = {
    COPY("CopyZeroes", copy_zeroes),
    COPY("CopyOut", copy_out),
    COPY("CopyIn", copy_in),
    {.name = NULL},
};
