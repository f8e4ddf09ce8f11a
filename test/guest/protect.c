/*
 * mprotect(2), mremap(2), madvise(2), brk(2), mlock(2), mincore(2): what changes memory that is
 * mapped.
 *
 * Rule: the manual pages. A broken kernel changes more or less than it was asked to, loses contents
 * when memory moves, or keeps in the TLB what was taken away.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "test/guest/check.h"

#define PAGE 4096
#define HIGH 0x30000000

static sigjmp_buf back;

static void on_fault(int signal)
{
    siglongjmp(back, signal);
}

/* The signal that touching address raises, or 0. */
static int touch(volatile char *address, bool write)
{
    int signal = sigsetjmp(back, 1);

    if (signal)
        return signal;
    if (write)
        *address = *address + 1;
    else
        (void)*address;
    return 0;
}

static char *map(size_t size, int protection)
{
    return mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static bool all(const char *bytes, size_t size, char value)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value)
            return false;
    }
    return true;
}

/* For each page: r, w (writable too) or - */
static void check_pages(char *memory, const char *want, const char *name)
{
    char got[16] = "";

    for (int i = 0; want[i]; i++) {
        char *page = memory + i * PAGE;
        got[i] = touch(page, false) ? '-' : touch(page, true) ? 'r' : 'w';
    }
    if (!ktap_ok(!strcmp(got, want), "%s", name))
        ktap_note("pages are %s, not %s", got, want);
}

static void check_mprotect(void)
{
    char *memory = map(6 * PAGE, PROT_READ | PROT_WRITE);

    memset(memory, 'm', 6 * PAGE);
    ktap_equal(mprotect(memory + 2 * PAGE, 2 * PAGE, PROT_READ), 0, "mprotect of the middle");
    check_pages(memory, "wwrrww", "changes the middle");
    ktap_equal(mprotect(memory + PAGE, 2 * PAGE, PROT_NONE), 0, "PROT_NONE across a border");
    check_pages(memory, "w--rww", "takes two pages away");
    ktap_equal(mprotect(memory, 6 * PAGE, PROT_READ | PROT_WRITE), 0, "give all back");
    check_pages(memory, "wwwwww", "all are writable");
    ktap_ok(memory[PAGE + 5] == 'm' && memory[3 * PAGE + 5] == 'm', "and hold what they did");
    ktap_equal(mprotect(memory, 1, PROT_READ), 0, "one byte");
    check_pages(memory, "rwwwww", "is a page");
    ktap_equal(mprotect(memory + PAGE, 0, PROT_NONE), 0, "nothing");
    check_pages(memory, "rwwwww", "is none");
    check_error(syscall(SYS_mprotect, memory + 1, PAGE, PROT_READ), EINVAL, "mprotect: unaligned");
    check_error(mprotect(memory, PAGE, 0x40), EINVAL, "mprotect: an unknown bit");
    check_error(mprotect((void *)HIGH, PAGE, PROT_READ), ENOMEM, "mprotect: nothing is there");
    check_error(mprotect((void *)HIGH, PAGE, 0x40), EINVAL, "mprotect: nor an unknown bit");
    check_error(syscall(SYS_mprotect, 0xfffff000, 2 * PAGE, PROT_READ), ENOMEM,
                "mprotect: around the end");
    munmap(memory + 3 * PAGE, PAGE);
    check_error(mprotect(memory, 6 * PAGE, PROT_NONE), ENOMEM, "mprotect: over a hole");
    check_pages(memory, "----ww", "has changed what lay before it");
    munmap(memory, 6 * PAGE);
}

static void check_file_protection(void)
{
    put("file", "contents");
    int fd = open("file", O_RDONLY);
    char *memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

    if (memory == MAP_FAILED && errno == ENODEV) {
        ktap_skip("this kernel has none", "shared mappings of files");
    } else {
        check_error(mprotect(memory, PAGE, PROT_READ | PROT_WRITE), EACCES,
                    "mprotect: a shared mapping of a file that is for reading");
        munmap(memory, PAGE);
    }
    memory = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    ktap_equal(mprotect(memory, PAGE, PROT_READ | PROT_WRITE), 0, "a private one may be written");
    memory[0] = 'C';
    ktap_ok(memory[1] == 'o' && holds("file", "contents"), "and leaves the file alone");
    munmap(memory, PAGE);
    close(fd);
}

static char *remap(char *old, size_t size, size_t new_size, int flags, char *to)
{
    return (char *)syscall(SYS_mremap, old, size, new_size, flags, to);
}

static void check_mremap(void)
{
    char *memory = map(8 * PAGE, PROT_READ | PROT_WRITE), *moved;

    memset(memory, 'r', 8 * PAGE);
    ktap_ok(remap(memory, 8 * PAGE, 4 * PAGE, 0, NULL) == memory, "mremap shrinks");
    check_pages(memory, "wwww----", "and unmaps the rest");
    ktap_ok(remap(memory, 4 * PAGE, 6 * PAGE, 0, NULL) == memory, "grows in place");
    ktap_ok(all(memory + 5 * PAGE, PAGE, 0), "with zeroes");
    mmap(memory + 6 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    ktap_ok(remap(memory, 6 * PAGE, 10 * PAGE, 0, NULL) == MAP_FAILED && errno == ENOMEM,
            "not over what is there");
    memory[5 * PAGE] = 'R';
    moved = remap(memory, 6 * PAGE, 10 * PAGE, MREMAP_MAYMOVE, NULL);
    ktap_ok(moved != MAP_FAILED && moved != memory, "MREMAP_MAYMOVE moves");
    ktap_ok(moved[1] == 'r' && moved[5 * PAGE] == 'R' && all(moved + 6 * PAGE, 4 * PAGE, 0),
            "with what it holds");
    check_pages(memory, "------r", "the old place is free");
    char *target = map(10 * PAGE, PROT_READ);
    ktap_ok(remap(moved, 10 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target,
            "MREMAP_FIXED");
    check_pages(target, "wwrr", "replaces what was there");
    ktap_ok(target[1] == 'r' && touch(moved, false), "and moves");
    munmap(target, 10 * PAGE);
    munmap(memory + 6 * PAGE, PAGE);
}

static void check_mremap_errors(void)
{
    char *memory = map(8 * PAGE, PROT_READ | PROT_WRITE);
    struct {
        char *old;
        size_t size, new_size;
        int flags;
        char *to;
        int error;
        const char *name;
    } rows[] = {
        {memory + 1, PAGE, PAGE, 0, NULL, EINVAL, "unaligned"},
        {memory, PAGE, 0, 0, NULL, EINVAL, "to no size"},
        {memory, PAGE, 2 * PAGE, 0x40, NULL, EINVAL, "an unknown flag"},
        {memory, PAGE, 2 * PAGE, MREMAP_FIXED, (char *)HIGH, EINVAL, "FIXED without MAYMOVE"},
        {memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory + PAGE, EINVAL,
         "onto itself"},
        {memory, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (char *)HIGH + 1, EINVAL,
         "to an unaligned place"},
        {memory, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (char *)0xfffff000, EINVAL,
         "to the end of the address space"},
        {(char *)HIGH, PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL, EFAULT, "what is not mapped"},
        {memory, 8 * PAGE, 9 * PAGE, MREMAP_MAYMOVE, NULL, EFAULT, "more than is mapped"},
        {memory, PAGE, 0xf0000000, MREMAP_MAYMOVE, NULL, ENOMEM, "to more than there is"},
        {memory, 0, 2 * PAGE, MREMAP_MAYMOVE, NULL, EINVAL, "a copy of private memory"},
        {memory, PAGE, PAGE, 0, NULL, 0, "to the size it has"},
    };

    munmap(memory + 4 * PAGE, 4 * PAGE);
    for (unsigned i = 0; i < COUNT(rows); i++) {
        char *result =
            remap(rows[i].old, rows[i].size, rows[i].new_size, rows[i].flags, rows[i].to);
        ktap_equal(result == MAP_FAILED ? errno : 0, rows[i].error, "mremap: %s", rows[i].name);
    }
    check_pages(memory, "wwww", "after all of which the memory is as it was");
    munmap(memory, 4 * PAGE);
}

static void check_madvise(void)
{
    char *memory = map(4 * PAGE, PROT_READ | PROT_WRITE);

    memset(memory, 'v', 4 * PAGE);
    ktap_equal(madvise(memory + PAGE, 2 * PAGE, MADV_DONTNEED), 0, "MADV_DONTNEED");
    ktap_ok(all(memory + PAGE, 2 * PAGE, 0), "zeroes what it is given");
    ktap_ok(all(memory, PAGE, 'v') && all(memory + 3 * PAGE, PAGE, 'v'), "and nothing else");
    ktap_equal(madvise(memory, PAGE, MADV_NORMAL) | madvise(memory, PAGE, MADV_WILLNEED) |
                   madvise(memory, PAGE, MADV_SEQUENTIAL) | madvise(memory, PAGE, MADV_RANDOM),
               0, "advice that changes nothing");
    ktap_ok(memory[0] == 'v', "does not");
    check_error(madvise(memory + 1, PAGE, MADV_DONTNEED), EINVAL, "madvise: unaligned");
    check_error(madvise(memory, PAGE, 12345), EINVAL, "madvise: no such advice");
    check_error(madvise((void *)HIGH, PAGE, MADV_DONTNEED), ENOMEM, "madvise: nothing is there");
    ktap_equal(madvise(memory, 0, MADV_DONTNEED), 0, "madvise: of nothing");
    munmap(memory + 2 * PAGE, PAGE);
    memory[3 * PAGE] = 'w';
    check_error(madvise(memory, 4 * PAGE, MADV_DONTNEED), ENOMEM, "madvise: over a hole");
    ktap_ok(!memory[0] && !memory[3 * PAGE], "does what it can on both sides");
    munmap(memory, 4 * PAGE);
    char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared[0] = 's';
    ktap_ok(!madvise(shared, PAGE, MADV_DONTNEED) && shared[0] == 's', "shared memory is kept");
    munmap(shared, PAGE);
}

static void check_brk(void)
{
    uintptr_t start = syscall(SYS_brk, 0), top = (start + PAGE - 1) & ~(PAGE - 1u);

    ktap_ok((uintptr_t)syscall(SYS_brk, top + 3 * PAGE) == top + 3 * PAGE, "brk grows");
    ktap_ok(all((char *)top, 3 * PAGE, 0), "with zeroes");
    memset((char *)top, 'b', 3 * PAGE);
    ktap_ok((uintptr_t)syscall(SYS_brk, top + PAGE + 1) == top + PAGE + 1, "brk shrinks");
    check_pages((char *)top, "ww-", "to the page");
    ktap_ok((uintptr_t)syscall(SYS_brk, top + 3 * PAGE) == top + 3 * PAGE &&
                all((char *)top + 2 * PAGE, PAGE, 0),
            "and grows with zeroes again");
    ktap_ok((uintptr_t)syscall(SYS_brk, 0xfffff000) == top + 3 * PAGE, "an impossible end");
    ktap_ok((uintptr_t)syscall(SYS_brk, 1) == top + 3 * PAGE, "an end before the start");
    char *wall = mmap((void *)(top + 5 * PAGE), PAGE, PROT_READ,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    ktap_ok((uintptr_t)syscall(SYS_brk, top + 8 * PAGE) == top + 3 * PAGE,
            "brk does not grow into a mapping");
    munmap(wall, PAGE);
    syscall(SYS_brk, start);
}

static void check_residence(void)
{
    char *memory = map(3 * PAGE, PROT_READ | PROT_WRITE);
    unsigned char resident[3] = {0xff, 0xff, 0xff};

    memory[0] = 1;
    if (mincore(memory, 3 * PAGE, resident) == -1 && errno == ENOSYS) {
        ktap_skip("this kernel lacks the call", "mincore");
    } else {
        ktap_ok((resident[0] & 1) && !(resident[2] & 1), "mincore knows what was touched");
        check_error(mincore(memory + 1, PAGE, resident), EINVAL, "mincore: unaligned");
        check_error(mincore((void *)HIGH, PAGE, resident), ENOMEM, "mincore: nothing is there");
        check_error(mincore(memory, PAGE, (void *)8), EFAULT, "mincore: a bad answer");
    }
    if (mlock(memory, 3 * PAGE) == -1 && errno == ENOSYS) {
        ktap_skip("this kernel lacks the call", "mlock");
    } else {
        check_error(mlock((void *)HIGH, PAGE), ENOMEM, "mlock: nothing is there");
        ktap_equal(munlock(memory, 2 * PAGE), 0, "munlock");
        check_error(msync(memory, 3 * PAGE, MS_INVALIDATE), EBUSY, "msync: the last is locked");
        ktap_equal(munlock(memory, 3 * PAGE), 0, "munlock of all");
    }
    check_error(msync(memory, PAGE, MS_SYNC | MS_ASYNC), EINVAL, "msync: both at once");
    check_error(msync(memory + 1, PAGE, MS_SYNC), EINVAL, "msync: unaligned");
    check_error(msync((void *)HIGH, PAGE, MS_SYNC), ENOMEM, "msync: nothing is there");
    munmap(memory, 3 * PAGE);
}

int main(void)
{
    ktap_begin();
    scratch_enter("protect");
    signal(SIGSEGV, on_fault);
    signal(SIGBUS, on_fault);
    check_mprotect();
    check_file_protection();
    check_mremap();
    check_mremap_errors();
    check_madvise();
    check_brk();
    check_residence();
    scratch_leave();
    return ktap_end();
}
