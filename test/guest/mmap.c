/*
 * mmap(2) and munmap(2) of memory and files, fork(2) with them, faults in them.
 *
 * Rule: the manual pages; a page behind the end of a file is SIGBUS, a page that is not mapped or
 * not allowed SIGSEGV, with si_addr the address. A broken kernel writes private changes to the
 * file or to the parent, maps over what is there, or shows what lay in a frame before.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "test/guest/check.h"
#include "user/lib/spawn.h"

#define PAGE 4096

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* --- faults ------------------------------------------------------------------------------------
 */

static sigjmp_buf back;
static volatile siginfo_t fault;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    fault = *info;
    siglongjmp(back, 1);
}

static void catch_faults(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

/* The signal that touching address raises, 0 if none; -1 if si_addr is wrong. */
static int touch(volatile char *address, bool write)
{
    if (sigsetjmp(back, 1))
        return fault.si_addr == (void *)address ? fault.si_signo : -1;
    if (write)
        *address = *address + 1;
    else
        (void)*address;
    return 0;
}

static void check_touch(void *address, bool write, int signal, int code, const char *name)
{
    int got = touch(address, write);

    if (ktap_equal(got, signal, "%s", name) && signal)
        ktap_equal(fault.si_code, code, "%s: si_code", name);
}

/* --- memory ------------------------------------------------------------------------------------
 */

static char *map(size_t size, int protection, int flags)
{
    return mmap(NULL, size, protection, flags | MAP_ANONYMOUS, -1, 0);
}

static bool all(const char *bytes, size_t size, char value)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value)
            return false;
    }
    return true;
}

static void check_faults(void)
{
    char *memory = map(4 * PAGE, PROT_READ, MAP_PRIVATE);

    check_touch(memory, false, 0, 0, "read of readable memory");
    check_touch(memory + 5, true, SIGSEGV, SEGV_ACCERR, "write to read-only memory");
    munmap(memory + PAGE, PAGE);
    check_touch(memory + PAGE + 7, false, SIGSEGV, SEGV_MAPERR, "read of a hole");
    check_touch(memory + 2 * PAGE - 1, true, SIGSEGV, SEGV_MAPERR, "write to its last byte");
    check_touch(memory + 2 * PAGE, false, 0, 0, "read behind it");
    check_touch((void *)16, false, SIGSEGV, SEGV_MAPERR, "the null page");
    munmap(memory, 4 * PAGE);
    memory = map(PAGE, PROT_NONE, MAP_PRIVATE);
    check_touch(memory, false, SIGSEGV, SEGV_ACCERR, "PROT_NONE");
    munmap(memory, PAGE);
    check_touch((void *)check_faults, true, SIGSEGV, SEGV_ACCERR, "write to code");
}

static void check_fixed(void)
{
    char *memory = map(8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE), *result;

    memset(memory, 'a', 8 * PAGE);
    result = mmap(memory + 2 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    ktap_ok(result == memory + 2 * PAGE && all(result, 2 * PAGE, 0), "MAP_FIXED replaces");
    ktap_ok(all(memory, 2 * PAGE, 'a') && all(memory + 4 * PAGE, 4 * PAGE, 'a'), "only that");
    result = mmap(memory + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
                  -1, 0);
    ktap_ok(result == MAP_FAILED && errno == EEXIST, "MAP_FIXED_NOREPLACE does not");
    ktap_ok(memory[PAGE] == 'a', "what is there stays");
    munmap(memory + PAGE, PAGE);
    result = mmap(memory + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
                  -1, 0);
    ktap_ok(result == memory + PAGE, "in a hole it maps");
    munmap(memory + PAGE, PAGE);
    result = mmap(memory + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ktap_ok(result == memory + PAGE, "a hint that is free is taken");
    result = mmap(memory + 3 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ktap_ok(result != MAP_FAILED && result != memory + 3 * PAGE, "one that is not, is not");
    munmap(result, PAGE);
    munmap(memory, 8 * PAGE);
}

/* munmap of pieces: three mappings, each cut in its own way. */
static void check_unmapping(void)
{
    char *memory = map(9 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);

    mprotect(memory + 3 * PAGE, 3 * PAGE, PROT_READ);
    ktap_equal(munmap(memory + 2 * PAGE, 5 * PAGE), 0, "munmap across three mappings");
    ktap_ok(!touch(memory + PAGE, true) && !touch(memory + 7 * PAGE, true), "both ends stay");
    int mapped = 0;
    for (int page = 2; page < 7; page++)
        mapped += !touch(memory + page * PAGE, false);
    ktap_equal(mapped, 0, "all between is gone");
    ktap_equal(munmap(memory, 9 * PAGE), 0, "munmap over a hole");
    ktap_equal(munmap(memory, 9 * PAGE), 0, "munmap of nothing");
    memory = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    ktap_equal(munmap(memory, 1), 0, "one byte unmaps a page");
    ktap_ok(touch(memory, false) && !touch(memory + PAGE, false), "and no more");
    munmap(memory, 2 * PAGE);
}

/* --- errors ------------------------------------------------------------------------------------
 */

static void check_errors(void)
{
    int writer = open("file", O_WRONLY), reader = open("file", O_RDONLY), ends[2];
    int directory = open(".", O_RDONLY);
    struct {
        uintptr_t start;
        size_t length;
        int protection, flags, fd;
        unsigned page;
        int error;
        const char *name;
    } rows[] = {
        {0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, EINVAL, "no length"},
        {0, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0, EINVAL, "neither private nor shared"},
        {0x30000001, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, EINVAL,
         "unaligned and fixed"},
        {0x30000001, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, 0, "an unaligned hint"},
        {0, 0xfffff001, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, ENOMEM,
         "a length that wraps"},
        {0, 0xfffff000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, ENOMEM, "everything"},
        {0xfffff000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, ENOMEM,
         "the last page"},
        {0, PAGE, PROT_READ, MAP_PRIVATE, 99, 0, EBADF, "no descriptor"},
        {0, PAGE, PROT_READ, MAP_PRIVATE, writer, 0, EACCES, "a descriptor for writing only"},
        {0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0, EACCES,
         "shared and writable, for reading only"},
        {0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, reader, 0, 0,
         "private and writable, for reading only"},
        {0, PAGE, PROT_READ, MAP_PRIVATE, directory, 0, ENODEV, "a directory"},
        {0, PAGE, PROT_READ, MAP_PRIVATE, 0, 0, ENODEV, "a pipe"},
    };

    if (pipe(ends))
        return;
    rows[COUNT(rows) - 1].fd = ends[0];
    for (unsigned i = 0; i < COUNT(rows); i++) {
        long result = syscall(SYS_mmap2, rows[i].start, rows[i].length, rows[i].protection,
                              rows[i].flags, rows[i].fd, rows[i].page);
        int error = result == -1 ? errno : 0;
        if (!error)
            munmap((void *)result, rows[i].length);
        ktap_equal(error, rows[i].error, "mmap: %s", rows[i].name);
    }
    check_error(munmap((void *)0x30000001, PAGE), EINVAL, "munmap: unaligned");
    check_error(munmap((void *)0x30000000, 0), EINVAL, "munmap: nothing");
    check_error(syscall(SYS_munmap, 0xfffff000, 2 * PAGE), EINVAL, "munmap: around the end");
    close(ends[0]);
    close(ends[1]);
    close(writer);
    close(reader);
    close(directory);
}

/* --- files -------------------------------------------------------------------------------------
 */

static void make_file(void)
{
    char bytes[PAGE];
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);

    for (int page = 0; page < 2; page++) {
        memset(bytes, 'A' + page, PAGE);
        write(fd, bytes, PAGE);
    }
    write(fd, "tail", 4);
    close(fd);
}

static void check_private_file(void)
{
    int fd = open("file", O_RDWR);
    char *memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0), byte;

    ktap_ok(memory != MAP_FAILED, "a private mapping of a file");
    ktap_ok(all(memory, PAGE, 'A') && all(memory + PAGE, PAGE, 'B'), "has its contents");
    ktap_ok(!memcmp(memory + 2 * PAGE, "tail", 4) && all(memory + 2 * PAGE + 4, PAGE - 4, 0),
            "and zeroes behind the end, in the same page");
    check_touch(memory + 3 * PAGE, false, SIGBUS, BUS_ADRERR, "a page behind the end");
    memory[0] = 'x';
    ktap_ok(pread(fd, &byte, 1, 0) == 1 && byte == 'A', "a write does not reach the file");
    pwrite(fd, "n", 1, PAGE + 1);
    ktap_ok(memory[0] == 'x' && memory[1] == 'A', "the page is this process's own now");
    char *second = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
    ktap_ok(second[0] == 'B' && second[1] == 'n', "a mapping from the second page on");
    close(fd);
    ktap_ok(second[2] == 'B', "outlives the descriptor");
    unlink("file");
    ktap_ok(second[3] == 'B', "and the name");
    munmap(second, PAGE);
    munmap(memory, 4 * PAGE);
    make_file();
    fd = open("file", O_RDONLY);
    memory = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    check_touch(memory, true, SIGSEGV, SEGV_ACCERR, "a write to a read-only mapping");
    munmap(memory, PAGE);
    close(fd);
}

static void check_shared_file(void)
{
    int fd = open("file", O_RDWR);
    char *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), byte;

    if (memory == MAP_FAILED && errno == ENODEV) {
        ktap_skip("this kernel has none", "shared mappings of files");
        close(fd);
        return;
    }
    memory[10] = 's';
    ktap_ok(pread(fd, &byte, 1, 10) == 1 && byte == 's', "a shared write reaches the file");
    pwrite(fd, "t", 1, 11);
    ktap_ok(memory[11] == 't', "and one to the file, the mapping");
    char *other = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    memory[12] = 'u';
    ktap_ok(other[12] == 'u', "and another mapping");
    ktap_equal(msync(memory, PAGE, MS_SYNC), 0, "msync");
    if (fork() == 0) {
        memory[13] = 'c';
        _exit(0);
    }
    wait(NULL);
    ktap_ok(memory[13] == 'c', "a child's write is seen");
    ktap_equal(ftruncate(fd, PAGE), 0, "cut the file");
    check_touch(memory + PAGE, false, SIGBUS, BUS_ADRERR, "the page that was cut off");
    munmap(other, PAGE);
    munmap(memory, 2 * PAGE);
    close(fd);
}

static void check_devices(void)
{
    int fd = open("/dev/zero", O_RDWR);
    char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

    if (memory == MAP_FAILED) {
        ktap_equal(errno, ENODEV, "/dev/zero is mapped or is not");
    } else {
        ktap_ok(all(memory, PAGE, 0) && !touch(memory, true), "/dev/zero is fresh memory");
        munmap(memory, PAGE);
    }
    close(fd);
    fd = open("/dev/zero", O_RDONLY);
    ktap_ok(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES,
            "nobody shares it for writing who may only read it");
    close(fd);
}

/* --- fork --------------------------------------------------------------------------------------
 */

static void check_fork(void)
{
    char *shared = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    char *private = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    int status;

    shared[0] = private[0] = 'p';
    if (fork() == 0) {
        bool ok = shared[0] == 'p' && private[0] == 'p';
        shared[0] = private[0] = 'c';
        shared[PAGE] = 'd'; /* a page that nobody had touched */
        _exit(!ok);
    }
    wait(&status);
    ktap_equal(status, 0, "a child sees what was mapped");
    ktap_ok(shared[0] == 'c' && shared[PAGE] == 'd', "its writes to shared memory are seen");
    ktap_ok(private[0] == 'p', "to private memory they are its own");
    if (fork() == 0) {
        munmap(shared, 2 * PAGE);
        munmap(private, 2 * PAGE);
        _exit(0);
    }
    wait(NULL);
    ktap_ok(!touch(shared, true) && !touch(private, true), "and so is what it unmaps");
    munmap(shared, 2 * PAGE);
    munmap(private, 2 * PAGE);
}

/* --- the stack ---------------------------------------------------------------------------------
 */

static int eat_stack(void *left)
{
    volatile char bytes[16 * 1024];

    bytes[0] = 1;
    return (intptr_t)left > 0 ? eat_stack((char *)left - sizeof(bytes)) + bytes[0] - 1 : 0;
}

static int eat_with_limit(void *size)
{
    struct rlimit limit;

    getrlimit(RLIMIT_STACK, &limit);
    limit.rlim_cur = 512 * 1024;
    setrlimit(RLIMIT_STACK, &limit);
    signal(SIGSEGV, SIG_DFL);
    return eat_stack(size);
}

static void check_stack(void)
{
    int status = spawn_body(eat_with_limit, (void *)(256 << 10));

    ktap_equal(status, 0, "the stack grows to half of RLIMIT_STACK");
    status = spawn_body(eat_with_limit, (void *)(2 << 20));
    ktap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "not to four times as much");
}

int main(void)
{
    ktap_begin();
    scratch_enter("mmap");
    catch_faults();
    make_file();
    check_faults();
    check_fixed();
    check_unmapping();
    check_errors();
    check_private_file();
    check_shared_file();
    check_devices();
    check_fork();
    check_stack();
    scratch_leave();
    return ktap_end();
}
