#include "user/fuzz/coverage.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user/fuzz/step.h"

/* linux/kcov.h */
#define KCOV_INIT_TRACE _IOR('c', 1, unsigned long)
#define KCOV_ENABLE     _IO('c', 100)
#define KCOV_TRACE_PC   0

#define WORDS           (1 << 16)
#define EDGES           (1 << 17) /* bits of the map */
#define FD              40

static volatile unsigned long *trace; /* the count, then that many addresses */
static struct map {
    volatile unsigned edges;
    uint8_t seen[EDGES / 8];
} * map;

static int open_device(void)
{
    int fd = open("/sys/kernel/debug/kcov", O_RDWR);

    return fd < 0 ? open("/dev/kcov", O_RDWR) : fd;
}

bool coverage_open(void)
{
    int fd = open_device();

    if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, WORDS))
        return false;
    dup2(fd, FD);
    close(fd);
    trace = mmap(NULL, WORDS * sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, FD, 0);
    map = mmap(NULL, sizeof(*map), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (trace != MAP_FAILED && map != MAP_FAILED)
        return true;
    trace = NULL;
    return false;
}

void coverage_begin(void)
{
    if (trace && ioctl(FD, KCOV_ENABLE, KCOV_TRACE_PC))
        trace = NULL;
}

void coverage_clear(void)
{
    if (trace)
        trace[0] = 0;
}

unsigned coverage_news(void)
{
    unsigned long count = trace ? trace[0] : 0;
    unsigned news = 0, from = 0;

    for (unsigned long i = 1; i <= count && i < WORDS; i++) {
        unsigned to = draw_mix(trace[i]), edge = (from ^ to) % EDGES;
        if (!(map->seen[edge / 8] & 1 << edge % 8)) {
            map->seen[edge / 8] |= 1 << edge % 8;
            news++;
        }
        from = to >> 1;
    }
    if (news)
        map->edges += news;
    return news;
}

unsigned coverage_edges(void)
{
    return map ? map->edges : 0;
}
