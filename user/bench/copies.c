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
#include "user/lib/postern.h"
#include "user/lib/syscall.h"

#define LARGEST (1 << 20)
#define PAGE    4096

static char *buffer;

static const struct direction {
    const char *name;
    const char *path;
    int number;
} directions[] = {
    {"CopyZeroes", "/dev/zero", NR_read},
    {"CopyOut", "/tmp/bench-copies", NR_pread64},
    {"CopyIn", "/tmp/bench-copies", NR_pwrite64},
};

/* Each page, by a store. */
static void touch_all(void)
{
    for (unsigned i = 0; i <= LARGEST; i += PAGE)
        buffer[i] = 1;
}

static void touch_none(void)
{
    madvise(buffer, LARGEST + PAGE, MADV_DONTNEED);
}

static const struct touch {
    const char *name;
    void (*prepare)(void);
} touches[] = {{"warm", touch_all}, {"first", touch_none}};

static void make_file(const char *path)
{
    int fd = open(path, O_CREAT | O_RDWR, 0600);

    memset(buffer, 1, LARGEST);
    if (write(fd, buffer, LARGEST) != LARGEST)
        perror(path);
    close(fd);
}

static void run(const struct direction *direction, const char *copy, unsigned size, unsigned offset,
                const struct touch *touch)
{
    int fd = bench_open(direction->path, O_RDWR);
    const struct call call = {direction->number, {fd, (long)buffer + offset, size, 0, 0}};
    struct cost cost = measure_prepared(bench_door, &call, touch->prepare);

    printf("Benchmark%s/isolation=%s/copy=%s/size=%u/offset=%u/touch=%s %u ", direction->name,
           bench_mode(), copy, size, offset, touch->name, cost.samples);
    bench_print_cost(cost);
    close(fd);
}

static void run_all(const char *copy)
{
    static const unsigned sizes[] = {1, 16, 256, 4096, 65536, LARGEST};

    for (int d = 0; d < 3; d++) {
        for (int t = 0; t < 2; t++) {
            for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
                for (unsigned offset = 0; offset < 2; offset++) {
                    run(&directions[d], copy, sizes[s], offset, &touches[t]);
                }
            }
        }
    }
}

void bench_copies(void)
{
    buffer = bench_map(LARGEST + PAGE);
    bench_door = syscall_stub(DOOR_INT80);
    make_file(directions[1].path);
    if (!on_postern())
        run_all("linux");
    for (int copy = 0; on_postern() && copy < NR_COPIES; copy++) {
        if (!postern_set(POSTERN_COPY, copy))
            run_all(copy_names[copy]);
    }
    unlink(directions[1].path);
}
