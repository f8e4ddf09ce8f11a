/*
 * Copies at the border, byte by byte: what lies beside, what changes while the kernel sleeps, what
 * is stored where.
 *
 * Rule: a copy touches what the call names and nothing else, page by page; what was checked is what
 * is used (one fetch), though another thread changes it meanwhile. With no user mapping under the
 * kernel, each page is walked in software: U, W, present, accessed and dirty are software's to
 * honour (SDM 3A 4.6, 4.8). A broken kernel writes past the end of a page into whatever frame comes
 * next, through a page that was unmapped while it slept, or believes a length that it read twice.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/syscall.h"

#define PAGE    4096
#define PIPE    65536
#define CANARY  0x5a
#define LONGEST 4096 /* of a path, its zero included */

/* Two pages, the second of which is a hole; and one more that is there. */
static char *pages;
static int zero, pipes[2];

static void make_pages(void)
{
    pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(pages, CANARY, 3 * PAGE);
    munmap(pages + PAGE, PAGE);
}

static bool is_canary(const char *from, const char *to)
{
    while (from < to) {
        if (*from++ != CANARY)
            return false;
    }
    return true;
}

/* --- borders of pages ----------------------------------------------------------------------------
 */

static void check_borders(void)
{
    unsigned bad = 0;

    for (unsigned offset = PAGE - 16; offset < PAGE + 4; offset++) {
        for (unsigned length = 1; length <= 16; length++) {
            unsigned fits = offset >= PAGE ? 0 : offset + length <= PAGE ? length : PAGE - offset;
            memset(pages, CANARY, PAGE);
            long got = syscall_raw(NR_read, zero, (long)pages + offset, length);
            bad += got != (fits ? (long)fits : -EFAULT);
            bad += fits && !is_canary(pages, pages + offset);
            for (unsigned i = offset; i < offset + fits; i++)
                bad += pages[i] != 0;
            bad += fits && !is_canary(pages + offset + fits, pages + PAGE);
        }
    }
    bad += !is_canary(pages + 2 * PAGE, pages + 3 * PAGE);
    ktap_equal(bad, 0, "read across the end of a page: what fits, and nothing beside");
}

/* Calls that store a few bytes: at the very end of a page, and one byte further. */
static void check_widths(void)
{
    static const struct {
        const char *name;
        long number, a, size;
        bool second; /* the pointer is the second argument */
    } rows[] = {
        {"time", NR_time, 0, 4, false},
        {"clock_gettime", NR_clock_gettime, CLOCK_MONOTONIC, 8, true},
        {"pipe", NR_pipe, 0, 8, false},
        {"rt_sigpending", NR_rt_sigpending, 0, 8, false},
        {"sigpending", NR_sigpending, 0, 4, false},
        {"gettimeofday", NR_gettimeofday, 0, 8, false},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        long at = (long)pages + PAGE - rows[i].size, size = rows[i].size;
        long b = rows[i].number == NR_rt_sigpending ? 8 : 0;
        memset(pages, CANARY, PAGE);
        long fits = rows[i].second ? syscall_raw(rows[i].number, rows[i].a, at, b)
                                   : syscall_raw(rows[i].number, at, b, 0);
        bool exact =
            is_canary(pages, pages + PAGE - size) && !is_canary(pages + PAGE - size, pages + PAGE);
        long beyond = rows[i].second ? syscall_raw(rows[i].number, rows[i].a, at + 1, b)
                                     : syscall_raw(rows[i].number, at + 1, b, 0);
        if (!ktap_ok(fits >= 0 && exact && beyond == -EFAULT, "%s: stores %ld bytes", rows[i].name,
                     size))
            ktap_note("%ld, %ld, exact %d", fits, beyond, exact);
    }
}

/* A string is read up to its zero, which may be the last byte that there is. */
static void check_strings(void)
{
    char *end = pages + PAGE, *path = end - 2;

    memcpy(path, "/", 2);
    ktap_equal(syscall_raw(NR_access, (long)path, 0, 0), 0, "a path up to the last byte");
    end[-1] = '/';
    ktap_equal(syscall_raw(NR_access, (long)path, 0, 0), -EFAULT, "one without an end");
    char *both = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(both, '/', 2 * PAGE);
    ktap_equal(syscall_raw(NR_access, (long)both, 0, 0), -ENAMETOOLONG, "one that is too long");
    both[LONGEST - 1] = 0;
    ktap_equal(syscall_raw(NR_access, (long)both, 0, 0), 0, "the longest");
    ktap_equal(syscall_raw(NR_access, (long)both + 1, 0, 0), 0, "the same, unaligned");
    munmap(both + PAGE, PAGE);
    both[LONGEST - 1] = '/';
    ktap_ok(syscall_raw(NR_access, (long)both, 0, 0) < 0, "one too long that ends in a hole");
    munmap(both, PAGE);
}

/* --- what changes meanwhile ----------------------------------------------------------------------
 */

static void *call_read(void *buffer)
{
    return (void *)syscall_raw(NR_read, pipes[0], (long)buffer, 8);
}

/* A reader sleeps; its buffer is taken away, or is another page when the bytes come. */
static void check_unmapped(bool replace, const char *name)
{
    char *buffer = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_t thread;
    void *result;

    buffer[0] = 1;
    pthread_create(&thread, NULL, call_read, buffer);
    usleep(20000);
    munmap(buffer, PAGE);
    if (replace)
        mmap(buffer, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (write(pipes[1], "12345678", 8) != 8)
        ktap_note("write: %s", strerror(errno));
    pthread_join(thread, &result);
    ktap_equal((long)result, replace ? 8 : -EFAULT, "%s", name);
    if (replace)
        ktap_ok(!memcmp(buffer, "12345678", 8), "the bytes are in the new one");
    /* what was not taken */
    fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    while (read(pipes[0], pages, PAGE) > 0)
        ;
    fcntl(pipes[0], F_SETFL, 0);
}

static struct iovec vector[2];

static void *call_writev(void *unused)
{
    (void)unused;
    return (void *)syscall_raw(NR_writev, pipes[1], (long)vector, 2);
}

/* The vector changes while the call sleeps on its first element: the old one counts. */
static void check_fetched_once(void)
{
    static char first[PIPE], second[] = "second", other[] = "forged", got[PIPE];
    pthread_t thread;
    void *result;
    size_t length = 0;

    vector[0] = (struct iovec){first, PIPE};
    vector[1] = (struct iovec){second, 6};
    if (write(pipes[1], "x", 1) != 1)
        ktap_note("write: %s", strerror(errno));
    pthread_create(&thread, NULL, call_writev, NULL);
    usleep(20000);
    vector[1] = (struct iovec){other, 0xffffffff};
    while (length < PIPE + 7) {
        ssize_t count = read(pipes[0], got, sizeof(got));
        if (count <= 0)
            break;
        length += count;
        if (length == PIPE + 7)
            memcpy(got, got + count - 6, 6);
    }
    pthread_join(thread, &result);
    ktap_equal((long)result, PIPE + 6, "a vector that changes while writev sleeps");
    ktap_ok(!memcmp(got, "second", 6), "is the one that was checked");
}

int main(void)
{
    ktap_begin();
    alarm(60);
    zero = open("/dev/zero", O_RDONLY);
    if (zero < 0 || pipe(pipes))
        ktap_note("cannot open: %s", strerror(errno));
    make_pages();
    check_borders();
    check_widths();
    check_strings();
    check_unmapped(false, "a buffer that is unmapped while read sleeps");
    check_unmapped(true, "a buffer that is replaced while read sleeps");
    check_fetched_once();
    return ktap_end();
}
