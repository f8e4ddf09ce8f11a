/*
 * mprotect(2), mremap(2), madvise(2), msync(2), mincore(2), mlock(2), shared memory and mapped
 * files: what a page holds and who may touch it after each.
 *
 * Rule: the manual pages, and Linux where they are silent. A broken kernel loses the contents of a
 * page whose rights changed, shares a store that was private, keeps a right that was taken away, or
 * changes pages beyond the range.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/spawn.h"
#include "user/lib/syscall.h"

#define PAGE     4096
#define RW       (PROT_READ | PROT_WRITE)
#define UNMAPPED ((void *)0x30000000) /* far from anything on either system */

static char *map_with(size_t pages, int protection, int flags)
{
    return mmap(NULL, pages * PAGE, protection, MAP_ANONYMOUS | flags, -1, 0);
}

static char *map(size_t pages)
{
    return map_with(pages, RW, MAP_PRIVATE);
}

/* pages with their number, from 1, in the first byte; the page behind them is free. */
static char *numbered(size_t pages, int flags)
{
    char *memory = map_with(pages + 1, RW, flags);

    munmap(memory + pages * PAGE, PAGE);
    for (size_t i = 0; i < pages; i++)
        memory[i * PAGE] = (char)(i + 1);
    return memory;
}

static int read_byte(void *address)
{
    return *(volatile char *)address == 0;
}

static int write_byte(void *address)
{
    *(volatile char *)address = 99;
    return 0;
}

static int signal_of(int (*body)(void *), void *address)
{
    int status = spawn_body(body, address);

    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* The answer of a call: 0 or the errno. */
static int answer(long result)
{
    return result == -1 ? errno : 0;
}

static void check_mprotect(void)
{
    char *memory = numbered(5, MAP_PRIVATE);

    ktap_equal(answer(mprotect(memory + PAGE, 3 * PAGE, PROT_NONE)), 0, "mprotect: PROT_NONE");
    ktap_equal(signal_of(read_byte, memory), 0, "the page before can be read");
    ktap_equal(signal_of(read_byte, memory + PAGE), SIGSEGV, "the first page cannot");
    ktap_equal(signal_of(read_byte, memory + 3 * PAGE), SIGSEGV, "nor the last");
    ktap_equal(signal_of(write_byte, memory + 4 * PAGE), 0, "the page behind can be written");
    ktap_equal(answer(write(-1, memory, 1)), EBADF, "(write to a bad descriptor)");
    int ends[2];
    if (pipe(ends) == 0) {
        ktap_equal(answer(write(ends[1], memory + 2 * PAGE, 1)), EFAULT, "write from it: EFAULT");
        write(ends[1], "x", 1);
        ktap_equal(answer(read(ends[0], memory + 2 * PAGE, 1)), EFAULT, "read into it: EFAULT");
        close(ends[0]);
        close(ends[1]);
    }
    ktap_equal(answer(mprotect(memory, 5 * PAGE, PROT_READ)), 0, "mprotect: PROT_READ over all");
    ktap_ok(memory[PAGE] == 2 && memory[2 * PAGE] == 3 && memory[3 * PAGE] == 4,
            "PROT_NONE kept the contents");
    ktap_equal(signal_of(write_byte, memory + 2 * PAGE), SIGSEGV, "no stores to PROT_READ");
    ktap_equal(answer(mprotect(memory + 2 * PAGE, PAGE, RW)), 0, "one page writable again");
    memory[2 * PAGE + 1] = 7;
    ktap_ok(memory[2 * PAGE] == 3 && memory[2 * PAGE + 1] == 7, "a store keeps the rest");
    ktap_equal(signal_of(write_byte, memory + 3 * PAGE), SIGSEGV, "its neighbour is not");
    munmap(memory, 5 * PAGE);
}

static int change_after_fork(void *memory)
{
    char *page = memory;

    if (mprotect(page, PAGE, PROT_NONE) || mprotect(page, PAGE, RW))
        return 1;
    page[0] = 55;
    return 0;
}

static void check_mprotect_and_fork(void)
{
    char *memory = numbered(1, MAP_PRIVATE);

    ktap_equal(spawn_body(change_after_fork, memory), 0, "a child re-protects and stores");
    ktap_equal(memory[0], 1, "the parent does not see it");
    mprotect(memory, PAGE, PROT_READ);
    pid_t pid = fork();
    if (pid == 0) {
        usleep(20000);
        _exit(memory[0] != 1);
    }
    mprotect(memory, PAGE, RW);
    memory[0] = 66;
    int status = 1;
    waitpid(pid, &status, 0);
    ktap_equal(status, 0, "nor the child a store of the parent to what was read-only at the fork");
    munmap(memory, PAGE);
}

static void check_mprotect_errors(void)
{
    char *memory = numbered(3, MAP_PRIVATE);

    /* musl's mprotect() rounds, and a 64-bit host sees no end of the world */
    ktap_equal(syscall_raw(NR_mprotect, (long)memory + 1, PAGE, PROT_READ), -EINVAL,
               "mprotect: unaligned");
    ktap_equal(answer(mprotect(memory, 0, PROT_READ)), 0, "of nothing");
    ktap_equal(answer(mprotect(memory, PAGE, 0x100)), EINVAL, "a right that does not exist");
    ktap_equal(answer(mprotect(UNMAPPED, PAGE, PROT_READ)), ENOMEM, "where nothing is mapped");
    ktap_equal(answer(mprotect(memory, 0xfffff000u, PROT_READ)), ENOMEM, "to the end of the world");
    mprotect(memory, 3 * PAGE, RW);
    munmap(memory + PAGE, PAGE);
    ktap_equal(answer(mprotect(memory, 3 * PAGE, PROT_READ)), ENOMEM, "across a hole");
    ktap_equal(signal_of(write_byte, memory), SIGSEGV, "what is before the hole has changed");
    ktap_equal(signal_of(write_byte, memory + 2 * PAGE), 0, "what is behind it has not");
    ktap_equal(answer(mprotect(memory, PAGE, RW | PROT_GROWSDOWN)), EINVAL,
               "PROT_GROWSDOWN of what does not grow");
    munmap(memory, 3 * PAGE);
}

static void check_munmap(void)
{
    char *memory = numbered(6, MAP_PRIVATE);

    mprotect(memory + PAGE, PAGE, PROT_READ);
    mprotect(memory + 3 * PAGE, PAGE, PROT_NONE);
    munmap(memory + 4 * PAGE, PAGE);
    ktap_equal(answer(munmap(memory + PAGE, 4 * PAGE)), 0, "munmap across regions and a hole");
    ktap_ok(memory[0] == 1 && memory[5 * PAGE] == 6, "both ends stay");
    ktap_equal(signal_of(read_byte, memory + PAGE), SIGSEGV, "what is between does not");
    munmap(memory, 6 * PAGE);
}

static void check_mremap(void)
{
    char *memory = numbered(3, MAP_PRIVATE), *moved;

    ktap_ok(mremap(memory, 3 * PAGE, 4 * PAGE, 0) == memory, "mremap grows in place");
    ktap_ok(memory[2 * PAGE] == 3 && memory[3 * PAGE] == 0, "with zeroes");
    ktap_ok(mremap(memory, 4 * PAGE, 2 * PAGE, 0) == memory, "and shrinks");
    ktap_equal(signal_of(read_byte, memory + 2 * PAGE), SIGSEGV, "for good");
    ktap_ok(mremap(memory, PAGE, 3 * PAGE, 0) == MAP_FAILED && errno == ENOMEM,
            "not into its neighbour");
    moved = mremap(memory, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
    ktap_ok(moved != MAP_FAILED && moved != memory && moved[0] == 1 && moved[PAGE] == 0,
            "but elsewhere, with its contents");
    ktap_equal(signal_of(read_byte, memory), SIGSEGV, "the old page is gone");
    ktap_equal(memory[PAGE], 2, "its neighbour is not");
    char *target = map(4);
    memset(target, 'x', 4 * PAGE);
    ktap_ok(mremap(moved, 3 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE) ==
                target + PAGE,
            "MREMAP_FIXED over another mapping");
    ktap_ok(target[0] == 'x' && target[PAGE] == 1 && target[2 * PAGE] == 0 &&
                target[3 * PAGE] == 'x',
            "replaces that range alone");
    ktap_equal(signal_of(read_byte, moved + 2 * PAGE), SIGSEGV, "and takes the old one whole");
    munmap(memory, 2 * PAGE);
    munmap(target, 4 * PAGE);
}

static int mremap_error(void *from, size_t old_size, size_t new_size, int flags, void *to)
{
    return answer((long)mremap(from, old_size, new_size, flags, to));
}

static void check_mremap_errors(void)
{
    char *memory = numbered(3, MAP_PRIVATE);
    int fixed = MREMAP_MAYMOVE | MREMAP_FIXED;

    ktap_equal(mremap_error(memory + 1, PAGE, PAGE, 0, 0), EINVAL, "mremap: unaligned");
    ktap_equal(mremap_error(memory, PAGE, 0, 0, 0), EINVAL, "to nothing");
    ktap_equal(mremap_error(memory, PAGE, PAGE, 64, 0), EINVAL, "an unknown flag");
    ktap_equal(mremap_error(memory, PAGE, PAGE, MREMAP_FIXED, UNMAPPED), EINVAL,
               "MREMAP_FIXED alone");
    ktap_equal(mremap_error(UNMAPPED, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0), EFAULT,
               "where nothing is mapped");
    ktap_equal(mremap_error(memory, 9 * PAGE, 10 * PAGE, MREMAP_MAYMOVE, 0), EFAULT,
               "beyond the mapping");
    ktap_equal(mremap_error(memory, 0, PAGE, MREMAP_MAYMOVE, 0), EINVAL,
               "a second mapping of private memory");
    ktap_equal(mremap_error(memory, 3 * PAGE, 3 * PAGE, fixed, memory + PAGE), EINVAL,
               "onto itself");
    ktap_equal(mremap_error(memory, PAGE, PAGE, fixed, (char *)UNMAPPED + 1), EINVAL,
               "to an unaligned address");
    ktap_equal(mremap_error(memory, PAGE, 0xf0000000u, MREMAP_MAYMOVE, 0), ENOMEM,
               "to more than there is");
    munmap(memory, 3 * PAGE);
}

static int store_shared(void *memory)
{
    ((char *)memory)[0] = 42;
    ((char *)memory)[5 * PAGE] = 43;
    return 0;
}

static void check_shared(void)
{
    char *memory = map_with(6, RW, MAP_SHARED);

    ktap_ok(memory != MAP_FAILED && memory[5 * PAGE] == 0, "shared memory is zero");
    ktap_equal(spawn_body(store_shared, memory), 0, "a child stores");
    ktap_ok(memory[0] == 42 && memory[5 * PAGE] == 43, "the parent sees it");
    char *second = mremap(memory, 0, PAGE, MREMAP_MAYMOVE);
    ktap_ok(second != MAP_FAILED && second != memory && second[0] == 42,
            "mremap of size 0: the same pages a second time");
    second[0] = 44;
    ktap_equal(memory[0], 44, "a store through one is seen through the other");
    ktap_equal(answer(mprotect(memory, PAGE, PROT_READ)), 0, "shared memory can be read-only");
    ktap_equal(signal_of(write_byte, memory), SIGSEGV, "and then is");
    mprotect(memory, PAGE, RW);
    ktap_equal(signal_of(write_byte, memory), 0, "and writable again");
    ktap_equal(memory[0], 99, "still shared");
    ktap_equal(answer(madvise(memory, 6 * PAGE, MADV_DONTNEED)), 0, "MADV_DONTNEED");
    ktap_ok(memory[0] == 99 && memory[5 * PAGE] == 43, "shared memory stays");
    char *grown = mremap(memory, 6 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
    ktap_equal(signal_of(read_byte, grown + 6 * PAGE), SIGBUS, "beyond its end: SIGBUS");
    munmap(grown, 8 * PAGE);
    munmap(second, PAGE);
}

static void check_zero_device(void)
{
    int zero = open("/dev/zero", O_RDWR);
    char *own = mmap(NULL, PAGE, RW, MAP_PRIVATE, zero, 0);
    char *shared = mmap(NULL, 6 * PAGE, RW, MAP_SHARED, zero, 0);

    close(zero);
    ktap_ok(own != MAP_FAILED && own[0] == 0, "/dev/zero mapped privately");
    ktap_ok(shared != MAP_FAILED && spawn_body(store_shared, shared) == 0 && shared[0] == 42,
            "/dev/zero mapped shared");
    munmap(own, PAGE);
    munmap(shared, 6 * PAGE);
}

/* --- a file: this program's own ------------------------------------------------------------- */

static const char *program;

/* Reads the file, which begins with as many pages as lie before page. */
static bool same_as_file(const char *memory, size_t pages, size_t page)
{
    char bytes[PAGE];
    int fd = open(program, O_RDONLY);
    bool same = fd >= 0;

    for (size_t i = 0; same && i < page + pages; i++) {
        same = read(fd, bytes, PAGE) == PAGE;
        if (same && i >= page)
            same = !memcmp(bytes, memory + (i - page) * PAGE, PAGE);
    }
    close(fd);
    return same;
}

static void check_file(void)
{
    int fd = open(program, O_RDONLY);
    char *memory = mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE, fd, 0);
    char *second = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);

    ktap_ok(memory != MAP_FAILED && second != MAP_FAILED, "a program's file is mapped");
    ktap_ok(same_as_file(memory, 3, 0) && same_as_file(second, 1, 1), "its bytes are the file's");
    memset(memory + PAGE, 'p', 10);
    ktap_ok(same_as_file(second, 1, 1), "a private store is not the file's");
    ktap_equal(memory[PAGE + 9], 'p', "but its own");
    ktap_equal(answer(madvise(memory, 3 * PAGE, MADV_DONTNEED)), 0, "MADV_DONTNEED");
    ktap_ok(same_as_file(memory, 3, 0), "the file's bytes are back");
    munmap(memory, PAGE);
    ktap_ok(same_as_file(memory + PAGE, 2, 1), "the rest of a mapping shows the same");
    ktap_ok(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES,
            "no shared stores to a file that is open for reading");
    char *shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    ktap_ok(shared != MAP_FAILED && same_as_file(shared, 1, 0), "shared loads");
    ktap_equal(answer(mprotect(shared, PAGE, RW)), EACCES, "which mprotect cannot change");
    munmap(memory + PAGE, 2 * PAGE);
    munmap(second, PAGE);
    munmap(shared, PAGE);
    close(fd);
}

static void check_file_end(void)
{
    int fd = open(program, O_RDONLY);
    struct stat stat;
    fstat(fd, &stat);
    size_t size = (size_t)stat.st_size, pages = (size + PAGE - 1) / PAGE;
    char *memory = mmap(NULL, (pages + 1) * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    bool zero = true;

    for (size_t i = size; i < pages * PAGE; i++)
        zero = zero && !memory[i];
    ktap_ok(zero, "behind the end of the file its last page is zero");
    ktap_equal(signal_of(read_byte, memory + pages * PAGE), SIGBUS, "the next page is SIGBUS");
    int ends[2];
    if (pipe(ends) == 0) {
        ktap_equal(answer(write(ends[1], memory + pages * PAGE, 1)), EFAULT,
                   "and EFAULT in a call");
        close(ends[0]);
        close(ends[1]);
    }
    munmap(memory, (pages + 1) * PAGE);
    close(fd);
}

static int store_in_file(void *memory)
{
    ((char *)memory)[PAGE + 1] = 'C';
    return 0;
}

static void check_shared_file(void)
{
    char path[] = "/tmp/memory_calls.XXXXXX", bytes[4] = {0};

    bool made = mkdir("/tmp", 0777) == 0;
    int fd = mkstemp(path);

    if (fd < 0) {
        ktap_skip("no file can be made", "shared mappings of a file");
        return;
    }
    unlink(path);
    if (made)
        rmdir("/tmp");
    ktap_ok(ftruncate(fd, 2 * PAGE) == 0 && write(fd, "file", 4) == 4, "a file with a hole");
    char *memory = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
    char *other = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    char *own = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
    ktap_ok(memory != MAP_FAILED && !memcmp(memory, "file", 4), "mapped shared: its bytes");
    ktap_ok(other[PAGE + 1] == 0 && own[PAGE + 1] == 0, "and zeroes for the hole");
    ktap_equal(spawn_body(store_in_file, memory), 0, "a child stores into the hole");
    ktap_ok(memory[PAGE + 1] == 'C' && other[PAGE + 1] == 'C', "every shared mapping sees it");
    memory[1] = 'I';
    ktap_ok(pread(fd, bytes, 4, 0) == 4 && !memcmp(bytes, "fIle", 4), "so does read");
    own[0] = 'P';
    ktap_ok(pwrite(fd, "LE", 2, 2) == 2 && !memcmp(other, "fILE", 4), "a write is seen in memory");
    ktap_ok(own[0] == 'P' && memory[0] == 'f', "a private store is nobody else's");
    ktap_equal(answer(msync(memory, 2 * PAGE, MS_SYNC)), 0, "msync of a file");
    munmap(memory, 2 * PAGE);
    munmap(own, 2 * PAGE);
    close(fd);
    ktap_equal(other[PAGE + 1], 'C', "a mapping outlives the descriptor and the name");
    munmap(other, 2 * PAGE);
}

/* --- advice ----------------------------------------------------------------------------------- */

static void check_madvise(void)
{
    char *memory = numbered(4, MAP_PRIVATE);

    ktap_equal(answer(madvise(memory + PAGE, 2 * PAGE, MADV_DONTNEED)), 0, "MADV_DONTNEED");
    ktap_ok(memory[0] == 1 && memory[PAGE] == 0 && memory[2 * PAGE] == 0 && memory[3 * PAGE] == 4,
            "those pages are zero, others are not");
    static const int accepted[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
                                   MADV_FREE};
    for (unsigned i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++)
        ktap_equal(answer(madvise(memory + 3 * PAGE, PAGE, accepted[i])), 0, "advice %d",
                   accepted[i]);
    ktap_equal(answer(madvise(memory + 1, PAGE, MADV_NORMAL)), EINVAL, "madvise: unaligned");
    ktap_equal(answer(madvise(memory, PAGE, 99)), EINVAL, "unknown advice");
    ktap_equal(answer(madvise(memory, PAGE, -1)), EINVAL, "negative advice");
    ktap_equal(answer(madvise(memory, 0, MADV_DONTNEED)), 0, "about nothing");
    ktap_equal(answer(madvise(memory, 0xffffffffu, MADV_DONTNEED)), EINVAL, "a length that wraps");
    memory[PAGE] = 2;
    memory[3 * PAGE] = 4;
    munmap(memory + 2 * PAGE, PAGE);
    ktap_equal(answer(madvise(memory, 4 * PAGE, MADV_DONTNEED)), ENOMEM, "across a hole");
    ktap_ok(memory[PAGE] == 0 && memory[3 * PAGE] == 0, "both sides are done");
    munmap(memory, 4 * PAGE);
}

static int touch_first(void *memory)
{
    return ((volatile char *)memory)[0];
}

static void check_fork_advice(void)
{
    char *memory = numbered(1, MAP_PRIVATE);

    ktap_equal(answer(madvise(memory, PAGE, MADV_DONTFORK)), 0, "MADV_DONTFORK");
    ktap_equal(signal_of(read_byte, memory), SIGSEGV, "the child has no such page");
    madvise(memory, PAGE, MADV_DOFORK);
    ktap_equal(spawn_body(touch_first, memory), 1 << 8, "MADV_DOFORK: it has");
    ktap_equal(answer(madvise(memory, PAGE, MADV_WIPEONFORK)), 0, "MADV_WIPEONFORK");
    ktap_equal(spawn_body(touch_first, memory), 0, "the child's is zero");
    ktap_equal(memory[0], 1, "the parent's is not");
    munmap(memory, PAGE);
}

static void check_mincore_and_lock(void)
{
    char *memory = map(4);
    unsigned char there[4] = {9, 9, 9, 9};

    memory[PAGE] = 1;
    ktap_equal(answer(mincore(memory, 4 * PAGE, there)), 0, "mincore");
    ktap_ok(!(there[0] & 1) && (there[1] & 1) && !(there[3] & 1), "what was touched is there");
    ktap_equal(answer(mincore(memory + 1, PAGE, there)), EINVAL, "mincore: unaligned");
    ktap_equal(answer(mincore(UNMAPPED, PAGE, there)), ENOMEM, "where nothing is mapped");
    ktap_equal(answer(mincore(memory, PAGE, (void *)16)), EFAULT, "to a bad address");
    ktap_equal(answer(mlock(memory + 2 * PAGE + 5, 10)), 0, "mlock of some bytes");
    mincore(memory, 4 * PAGE, there);
    ktap_ok(there[2] & 1, "their page is there");
    ktap_equal(answer(madvise(memory, 4 * PAGE, MADV_DONTNEED)), EINVAL,
               "MADV_DONTNEED of locked memory");
    ktap_equal(answer(munlock(memory, 4 * PAGE)), 0, "munlock");
    ktap_equal(answer(madvise(memory, 4 * PAGE, MADV_DONTNEED)), 0, "then it works");
    ktap_equal(answer(mlock(UNMAPPED, PAGE)), ENOMEM, "mlock where nothing is mapped");
    ktap_equal(answer(mlockall(0)), EINVAL, "mlockall of nothing");
    ktap_equal(answer(mlockall(8)), EINVAL, "mlockall: an unknown flag");
    ktap_equal(answer(munlockall()), 0, "munlockall");
    munmap(memory, 4 * PAGE);
    memory = map_with(2, RW, MAP_PRIVATE | MAP_POPULATE);
    mincore(memory, 2 * PAGE, there);
    ktap_ok((there[0] & 1) && (there[1] & 1), "MAP_POPULATE");
    munmap(memory, 2 * PAGE);
}

static void check_msync(void)
{
    char *memory = map(3);

    ktap_equal(answer(msync(memory, 3 * PAGE, MS_SYNC)), 0, "msync");
    ktap_equal(answer(msync(memory + 1, PAGE, MS_SYNC)), EINVAL, "msync: unaligned");
    ktap_equal(answer(msync(memory, PAGE, MS_SYNC | MS_ASYNC)), EINVAL, "both ways at once");
    ktap_equal(answer(msync(memory, PAGE, 64)), EINVAL, "an unknown flag");
    munmap(memory + PAGE, PAGE);
    ktap_equal(answer(msync(memory, 3 * PAGE, MS_ASYNC)), ENOMEM, "across a hole");
    ktap_equal(answer(msync(memory, -(size_t)memory - PAGE, MS_INVALIDATE)), ENOMEM,
               "to the end of all");
    mlock(memory + 2 * PAGE, PAGE);
    ktap_equal(answer(msync(memory, -(size_t)memory - PAGE, MS_INVALIDATE)), EBUSY,
               "to the end of all, and one is locked");
    munmap(memory, 3 * PAGE);
}

/* --- mmap's less usual arguments -------------------------------------------------------------- */

static void check_mmap_flags(void)
{
    char *memory = numbered(1, MAP_PRIVATE);

    ktap_ok(mmap(memory, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | 0x100000, -1, 0) == MAP_FAILED &&
                errno == EEXIST,
            "MAP_FIXED_NOREPLACE over a mapping");
    char *hinted = mmap(memory, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ktap_ok(hinted != MAP_FAILED && hinted != memory && memory[0] == 1,
            "a hint that is taken is only a hint");
    munmap(memory, PAGE);
    ktap_ok(mmap(memory, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == memory,
            "one that is free is followed");
    munmap(memory, PAGE);
    munmap(hinted, PAGE);
    ktap_ok(map_with(1, RW, MAP_SHARED | MAP_PRIVATE) == MAP_FAILED && errno == EINVAL,
            "anonymous memory with MAP_SHARED_VALIDATE");
    memory = map_with(1, RW, MAP_PRIVATE | MAP_NORESERVE | MAP_STACK | MAP_LOCKED);
    ktap_ok(memory != MAP_FAILED, "MAP_NORESERVE, MAP_STACK, MAP_LOCKED");
    munmap(memory, PAGE);
}

/* Every second page of a range has other rights, so none merges: lookups among them all. */
static void check_many(void)
{
    enum { PAGES = 10000 };
    char *memory = map_with(PAGES, PROT_READ, MAP_PRIVATE);
    int errors = 0;

    for (int i = 0; i < PAGES; i += 2)
        errors += mprotect(memory + i * PAGE, PAGE, RW) != 0;
    ktap_equal(errors, 0, "10,000 regions");
    for (int i = 0; i < PAGES; i += 2)
        memory[i * PAGE] = 1;
    ktap_equal(signal_of(write_byte, memory + 4999 * PAGE), SIGSEGV, "each with its rights");
    ktap_equal(signal_of(write_byte, memory + 5000 * PAGE), 0, "of its own");
    ktap_equal(answer(mprotect(memory, (size_t)PAGES * PAGE, RW)), 0, "one again");
    memory[9999 * PAGE] = 1;
    ktap_equal(answer(munmap(memory, (size_t)PAGES * PAGE)), 0, "and none");
}

int main(int argc, char **argv)
{
    (void)argc;
    program = argv[0];
    ktap_begin();
    check_mprotect();
    check_mprotect_and_fork();
    check_mprotect_errors();
    check_munmap();
    check_mremap();
    check_mremap_errors();
    check_shared();
    check_zero_device();
    check_file();
    check_file_end();
    check_shared_file();
    check_madvise();
    check_fork_advice();
    check_mincore_and_lock();
    check_msync();
    check_mmap_flags();
    check_many();
    return ktap_end();
}
