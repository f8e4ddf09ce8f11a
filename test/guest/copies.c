/*
 * Each copy strategy does the same: the bytes, the counts to the byte at a fault, the errors, and
 * nothing else touched. Postern with each strategy that serves this isolation, chosen at run time;
 * Linux once.
 *
 * Rule: read(2), write(2); SDM 3A 4.10.4 for what a strategy that lets the MMU check may have left
 * in the TLB. A broken strategy counts whole words only, misses the last bytes before a 4 MiB
 * border, follows a translation that mprotect, munmap, fork or another process made void, or hands
 * out the bytes of a buffer on the way.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/syscall.h"

#define PAGE   4096
#define BORDER 0x20000000ul /* of two page tables */
#define SMALL  (3 * PAGE)
#define LARGE  (1 << 20)

static const char *copy; /* the strategy's name */
static int zero, file;

static char *map_at(unsigned long address, size_t size)
{
    return mmap((void *)address, size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | (address ? MAP_FIXED : 0), -1, 0);
}

static void fill(char *bytes, size_t size, unsigned seed)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(1 + (i * 7 + seed) % 255);
}

static bool all(const char *bytes, size_t size, char value)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value)
            return false;
    }
    return true;
}

/* --- bytes and counts ------------------------------------------------------------------------- */

static const size_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 2047, 2048, 2049, 4095, 4096, 4097};
static const size_t offsets[] = {0, 1, 2, 3, 2047, 4092, 4093, 4094, 4095, 4096};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Out of from and into to, in which nothing else may change. */
static bool round_trip(const char *from, char *to, size_t size)
{
    if (pwrite(file, from, size, 1) != (ssize_t)size)
        return false;
    memset(to - 16, 'x', size + 32);
    return pread(file, to, size, 1) == (ssize_t)size && !memcmp(from, to, size) &&
           all(to - 16, 16, 'x') && all(to + size, 16, 'x');
}

static bool clears(char *to, size_t size)
{
    memset(to - 16, 'x', size + 32);
    return read(zero, to, size) == (ssize_t)size && all(to, size, 0) && all(to - 16, 16, 'x') &&
           all(to + size, 16, 'x');
}

static void check_round_trips(void)
{
    char *from = map_at(0, SMALL), *to = map_at(BORDER - 2 * PAGE, 2 * SMALL) + 2 * PAGE;
    unsigned wrong = 0;

    fill(from, SMALL, 1);
    for (unsigned i = 0; i < COUNT(sizes); i++) {
        for (unsigned j = 0; j < COUNT(offsets); j++) {
            wrong += !round_trip(from + offsets[j], to - 32 - offsets[j] % 5, sizes[i]);
            wrong += !round_trip(from + offsets[j], to - offsets[j], sizes[i]);
            wrong += !clears(to - offsets[j], sizes[i]);
        }
    }
    ktap_equal(wrong, 0, "%s: round trips at all alignments, about a border of page tables", copy);
    munmap(from, SMALL);
    munmap(to - 2 * PAGE, 2 * SMALL);
}

/* A buffer of which only so many bytes are there, at the end of a page. */
static void check_counts(void)
{
    char *page = map_at(0, 2 * PAGE), *end = page + PAGE;
    unsigned wrong = 0;

    munmap(end, PAGE);
    for (ssize_t there = 1; there < 70; there++) {
        memset(end - 80, 'x', 80);
        wrong += read(zero, end - there, 200) != there || !all(end - there, there, 0) ||
                 end[-there - 1] != 'x';
    }
    ktap_equal(wrong, 0, "%s: read of zeroes counts to the byte", copy);
    wrong = 0;
    fill(end - 200, 200, 5);
    pwrite(file, end - 200, 200, 0);
    for (ssize_t there = 1; there < 70; there++) {
        memset(end - there, 'x', there);
        wrong += pread(file, end - there, 200, 0) != there;
        wrong += (unsigned char)end[-1] != 1 + ((there - 1) * 7 + 5) % 255;
    }
    ktap_equal(wrong, 0, "%s: read of a file counts to the byte", copy);
    ktap_equal(read(zero, end, 1), -1, "%s: nothing there", copy);
    munmap(page, PAGE);
}

static void check_strings(void)
{
    static const char name[] = "/dev/../dev/../dev/../dev/../dev/../dev/../dev/../dev/../dev/"
                               "../dev/../dev/../dev/../dev/null";
    char *page = map_at(0, 2 * PAGE), *end = page + PAGE;
    unsigned wrong = 0;

    for (size_t skip = 0; skip <= sizeof(name); skip++) {
        memcpy(end - skip, name, sizeof(name));
        int fd = open(end - skip, O_RDONLY);
        wrong += fd < 0;
        close(fd);
    }
    ktap_equal(wrong, 0, "%s: a path across two pages", copy);
    munmap(end, PAGE);
    memcpy(end - sizeof(name), name, sizeof(name));
    int fd = open(end - sizeof(name), O_RDONLY);
    ktap_ok(fd >= 0, "%s: a path that ends where the page does", copy);
    close(fd);
    ktap_equal(syscall_raw(NR_open, (long)(end - sizeof("/dev/null")), 0, 0), fd,
               "%s: from its middle on", copy);
    close(fd);
    end[-1] = 'x';
    ktap_equal(syscall_raw(NR_open, (long)(end - sizeof(name)), 0, 0), -EFAULT,
               "%s: a path that goes on behind the page", copy);
    munmap(page, PAGE);
}

/* --- what must be noticed ------------------------------------------------------------------------
 */

static ssize_t read_zero(char *to)
{
    return syscall_raw(NR_read, zero, (long)to, 16);
}

static void check_rights(void)
{
    char *page = map_at(0, PAGE);
    unsigned wrong = 0;

    for (int i = 0; i < 3; i++) {
        memset(page, 'x', 16);
        wrong += read_zero(page) != 16 || page[0];
        mprotect(page, PAGE, PROT_READ);
        wrong += read_zero(page) != -EFAULT || pwrite(file, page, 16, 0) != 16;
        mprotect(page, PAGE, PROT_NONE);
        wrong +=
            read_zero(page) != -EFAULT || syscall_raw(NR_pwrite64, file, (long)page, 16) != -EFAULT;
        mprotect(page, PAGE, PROT_READ | PROT_WRITE);
    }
    munmap(page, PAGE);
    wrong += read_zero(page) != -EFAULT;
    ktap_equal(wrong, 0, "%s: mprotect and munmap, between accesses", copy);
}

/* The same address again and again, with another page, and each time another neighbour's table. */
static void check_remapping(void)
{
    unsigned wrong = 0;
    char byte;

    for (int i = 0; i < 20; i++) {
        char *page = map_at(BORDER, PAGE), *other = map_at(BORDER - (4 << 20), PAGE);
        wrong += pwrite(file, page, 1, 0) != 1 || pread(file, &byte, 1, 0) != 1 || byte;
        memset(page, 'a' + i, PAGE);
        memset(other, 'A' + i, PAGE);
        wrong += pwrite(file, other, 1, 0) != 1 || pread(file, &byte, 1, 0) != 1 || byte != 'A' + i;
        wrong += pwrite(file, page, 1, 0) != 1 || pread(file, &byte, 1, 0) != 1 || byte != 'a' + i;
        munmap(page, PAGE);
        munmap(other, PAGE);
    }
    ktap_equal(wrong, 0, "%s: another page at the same address", copy);
}

/* In one call, pages of several tables at the same place in each. */
static void check_vectors(void)
{
    struct iovec out[4], in[4];
    char *pages[4], bytes[4 * 100];
    bool good = true;

    for (int i = 0; i < 4; i++) {
        pages[i] = map_at(BORDER + (i << 22), PAGE);
        memset(pages[i], 'a' + i, PAGE);
        out[i] = (struct iovec){pages[i] + 50, 100};
        in[3 - i] = (struct iovec){pages[i] + 200, 100};
    }
    good = pwritev(file, out, 4, 0) == 400 && preadv(file, in, 4, 0) == 400 &&
           pread(file, bytes, 400, 0) == 400;
    for (int i = 0; i < 4; i++) {
        good = good && all(bytes + i * 100, 100, 'a' + i) && all(pages[i], 200, 'a' + i) &&
               all(pages[i] + 200, 100, 'a' + 3 - i) && all(pages[i] + 300, 100, 'a' + i);
        munmap(pages[i], PAGE);
    }
    ktap_ok(good, "%s: vectors of elements 4 MiB apart", copy);
}

static void check_first_touch(void)
{
    char *from = map_at(0, LARGE), *to = map_at(0, LARGE);

    ktap_equal(read(zero, to, LARGE - 1), LARGE - 1, "%s: 1 MiB into pages never touched", copy);
    ktap_equal(pwrite(file, from + 1, LARGE - 1, 0), LARGE - 1, "%s: and out of such pages", copy);
    munmap(to, LARGE);
    to = map_at(0, LARGE);
    fill(from, LARGE, 3);
    bool good = pwrite(file, from + 1, LARGE - 1, 0) == LARGE - 1 &&
                pread(file, to, LARGE - 1, 0) == LARGE - 1;
    ktap_ok(good && !memcmp(from + 1, to, LARGE - 1), "%s: its bytes", copy);
    munmap(from, LARGE);
    munmap(to, LARGE);
}

/* Reads into a page that two processes have, each seeing its own afterwards. */
static void check_copy_on_write(void)
{
    char *page = map_at(0, PAGE);
    int status;

    memset(page, 'p', PAGE);
    ktap_equal(pwrite(file, page, PAGE, 0), PAGE, "%s: a page that is read first", copy);
    if (fork() == 0) {
        bool good = pwrite(file, page, 16, 0) == 16 && read_zero(page) == 16 && !page[15] &&
                    page[16] == 'p';
        good = good && pwrite(file, page, 17, 0) == 17 && pread(file, page + 32, 17, 0) == 17 &&
               !page[32] && page[48] == 'p';
        _exit(!good);
    }
    wait(&status);
    ktap_equal(status, 0, "%s: a store into a copy-on-write page", copy);
    ktap_ok(all(page, PAGE, 'p'), "%s: is not the other process's", copy);
    munmap(page, PAGE);
}

#define ROUNDS 50

/* The byte that the other process sent, then the next one, from the same address in both. */
static unsigned pass_on(char *page, int from, int to, int first)
{
    unsigned wrong = 0;
    char *byte = page + 5;

    for (int i = first; i < ROUNDS; i += 2) {
        *byte = (char)i;
        wrong += write(to, byte, 1) != 1;
        *byte = 'x';
        if (i + 1 < ROUNDS)
            wrong += read(from, byte, 1) != 1 || *byte != (char)(i + 1);
    }
    return wrong;
}

static void check_two_processes(void)
{
    char *page = map_at(BORDER, PAGE);
    int there[2], back[2], status;

    if (pipe(there) || pipe(back))
        return;
    memset(page, 0, PAGE);
    if (fork() == 0) {
        unsigned wrong = read(there[0], page + 5, 1) != 1 || page[5] != 0;
        _exit(wrong + pass_on(page, there[0], back[1], 1) != 0);
    }
    ktap_equal(pass_on(page, back[0], there[1], 0), 0, "%s: two processes by turns", copy);
    wait(&status);
    ktap_equal(status, 0, "%s: the other one", copy);
    for (int i = 0; i < 2; i++) {
        close(there[i]);
        close(back[i]);
    }
    munmap(page, PAGE);
}

static void check_all(const char *name)
{
    copy = name;
    check_round_trips();
    check_counts();
    check_strings();
    check_rights();
    check_remapping();
    check_vectors();
    check_first_touch();
    check_copy_on_write();
    check_two_processes();
}

int main(void)
{
    char name[] = "/tmp/copiesXXXXXX";

    ktap_begin();
    zero = open("/dev/zero", O_RDONLY);
    file = mkstemp(name);
    unlink(name);
    if (zero < 0 || file < 0)
        return 1;
    if (!on_postern()) {
        check_all("this host");
        return ktap_end();
    }
    for (int strategy = 0; strategy < NR_COPIES; strategy++) {
        if (postern_set(POSTERN_COPY, strategy)) {
            ktap_ok(errno == EINVAL && strategy == COPY_DIRECT &&
                        postern_get(POSTERN_ISOLATION) == ISOLATION_SPLIT,
                    "direct is refused in split, and nothing else");
            continue;
        }
        ktap_equal(postern_get(POSTERN_COPY), strategy, "%s is set", copy_names[strategy]);
        check_all(copy_names[strategy]);
    }
    ktap_equal(postern_set(POSTERN_COPY, NR_COPIES), -1, "no such strategy");
    ktap_equal(postern_set(POSTERN_COPY, -1), -1, "nor a negative one");
    return ktap_end();
}
