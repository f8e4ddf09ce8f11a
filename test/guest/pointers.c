/*
 * Every pointer that a call takes, at every kind of address: EFAULT or a short count, as Linux
 * gives.
 *
 * Rule: the calls' manual pages. A broken kernel checks only the first page, forgets the
 * wrap-around, writes to read-only pages through its own mapping, or follows a pointer into itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/syscall.h"

#define PAGE 4096

static char *writable, *read_only, *none, *hole, *straddle;
static int zero, null, sink; /* sink: a pipe's writing end, which nobody reads */

/* An address and what may be done with the page there. */
static struct address {
    const char *name;
    long address;
    bool readable, writable;
} addresses[16];
static int nr_addresses;

static void add(const char *name, const void *address, bool readable, bool is_writable)
{
    addresses[nr_addresses++] = (struct address){name, (long)address, readable, is_writable};
}

static void make_addresses(void)
{
    int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;

    writable = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, anonymous, -1, 0);
    read_only = mmap(NULL, PAGE, PROT_READ, anonymous, -1, 0);
    none = mmap(NULL, PAGE, PROT_NONE, anonymous, -1, 0);
    straddle = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, anonymous, -1, 0);
    hole = mmap(NULL, 2 * PAGE, PROT_READ, anonymous, -1, 0);
    munmap(straddle + PAGE, 2 * PAGE);
    munmap(hole, 2 * PAGE);

    add("a good page", writable, true, true);
    add("a read-only page", read_only, true, false);
    add("a PROT_NONE page", none, false, false);
    add("an unmapped page", hole, false, false);
    add("null", NULL, false, false);
    add("the null page", (void *)64, false, false);
    add("the last page of the address space", (void *)0xfffff000, false, false);
    add("address -1", (void *)0xffffffff, false, false);
    if (on_postern()) {
        add("kernel memory", (void *)0xc0000000, false, false);
        add("kernel text", (void *)0xc0100000, false, false);
        add("the gate page", (void *)GATE_TEXT, false, false);
        add("the CPU's page", (void *)(GATE_CPU(0)), false, false);
        add("the vDSO page", (void *)GATE_VDSO, false, false);
    }
}

/* Calls whose argument number `argument` is a pointer to `size` bytes, read or written. */
static struct call {
    const char *name;
    long number;
    int argument;
    bool written;
    long arguments[4];
} calls[] = {
    {"read", NR_read, 1, true, {0, 0, 8, 0}},
    {"write", NR_write, 1, false, {0, 0, 8, 0}},
    {"read 0 bytes", NR_read, 1, true, {0, 0, 0, 0}},
    {"fstat64", NR_fstat64, 1, true, {0, 0, 0, 0}},
    {"clock_gettime", NR_clock_gettime, 1, true, {CLOCK_MONOTONIC, 0, 0, 0}},
    {"clock_gettime64", NR_clock_gettime64, 1, true, {CLOCK_MONOTONIC, 0, 0, 0}},
    {"pipe", NR_pipe, 0, true, {0, 0, 0, 0}},
    {"pipe2", NR_pipe2, 0, true, {0, 0, 0, 0}},
    {"uname", NR_uname, 0, true, {0, 0, 0, 0}},
    {"nanosleep", NR_nanosleep, 0, false, {0, 0, 0, 0}},
    {"clock_nanosleep", NR_clock_nanosleep_time64, 2, false, {CLOCK_MONOTONIC, 0, 0, 0}},
    {"open", NR_open, 0, false, {0, 0, 0, 0}},
    {"set_thread_area", NR_set_thread_area, 0, false, {0, 0, 0, 0}},
    {"postern_counters", NR_postern_counters, 0, true, {0, sizeof(struct postern_counters), 0, 0}},
    {"postern_exposure", NR_postern_exposure, 0, true, {0, sizeof(struct postern_exposure), 0, 0}},
};

/* What a call with a good pointer leaves open. */
static void clean_up(const struct call *call, long address, long result)
{
    if ((call->number == NR_pipe || call->number == NR_pipe2) && result == 0) {
        close(((int *)address)[0]);
        close(((int *)address)[1]);
    }
}

static void check_call(const struct call *call, const struct address *a)
{
    long arguments[4];
    bool good = call->written ? a->writable : a->readable;
    bool empty = call->number == NR_read && !call->arguments[2];

    memcpy(arguments, call->arguments, sizeof(arguments));
    if (call->number == NR_read || call->number == NR_fstat64)
        arguments[0] = zero;
    if (call->number == NR_write)
        arguments[0] = sink;
    arguments[call->argument] = a->address;
    memset(writable, 0, PAGE);
    long result = syscall_via(DOOR_INT80, call->number, arguments[0], arguments[1], arguments[2],
                              arguments[3], 0, 0);
    if (empty) {
        /* Linux checks the range, not the pages, of an empty buffer */
        bool in_range = (unsigned long)a->address <= USER_LIMIT;
        if (on_postern())
            ktap_equal(result, in_range ? 0 : -EFAULT, "%s: %s", call->name, a->name);
        return;
    }
    if (good)
        ktap_ok(result != -EFAULT, "%s: %s", call->name, a->name);
    else
        ktap_equal(result, -EFAULT, "%s: %s", call->name, a->name);
    clean_up(call, a->address, result);
}

/* wait4 reaps the child before it finds that the status has no place to go. */
static void check_wait(const struct address *a)
{
    bool null = !a->address;
    pid_t pid = fork();

    if (pid == 0)
        _exit(5);
    long result = syscall_via(DOOR_INT80, NR_wait4, pid, a->address, 0, 0, 0, 0);
    ktap_equal(result, null || a->writable ? pid : -EFAULT, "wait4: %s", a->name);
    if (a->writable)
        ktap_equal(*(int *)a->address, 5 << 8, "wait4: the status in %s", a->name);
    ktap_equal(syscall_via(DOOR_INT80, NR_wait4, pid, 0, 0, 0, 0, 0), -ECHILD,
               "wait4: the child is gone after %s", a->name);
}

/* A buffer whose first page is good and whose second is not: the bytes before the fault count. */
static void check_straddling(void)
{
    char *end = straddle + PAGE;
    struct timespec64 {
        int64_t seconds, nanoseconds;
    } * time;
    int ends[2];

    ktap_equal(read(zero, end - 100, 200), 100, "read stops at the fault");
    ktap_equal(write(null, end - 100, 200), 200, "write to /dev/null reads nothing");
    if (pipe(ends) == 0) {
        ktap_equal(syscall_raw(NR_write, ends[1], (long)(end - 100), 200), -EFAULT,
                   "write to a pipe from across the fault");
        close(ends[1]);
        ktap_equal(read(ends[0], writable, PAGE), 0, "leaves nothing in it");
        close(ends[0]);
    }
    time = (void *)(end - 8);
    ktap_equal(syscall_raw(NR_clock_gettime64, 0, (long)time, 0), -EFAULT,
               "a structure across the fault");
    ktap_equal(syscall_raw(NR_pipe, (long)(end - 4), 0, 0), -EFAULT, "pipe across the fault");
    memset(end - 16, 'a', 16);
    ktap_equal(syscall_raw(NR_open, (long)(end - 16), 0, 0), -EFAULT,
               "a path that runs into the fault");
    strcpy(end - 10, "/dev/null");
    int fd = open(end - 10, O_RDONLY);
    ktap_ok(fd >= 0, "a path that ends right before the fault");
    close(fd);
}

static void check_wrapping(void)
{
    char *high = on_postern() ? (char *)USER_LIMIT - 16 : (char *)0xfffffff0;

    if (on_postern()) /* a 64-bit Linux host has no such end of the address space */
        ktap_equal(syscall_raw(NR_read, zero, (long)writable, 0xffffffff), -EFAULT,
                   "read of 2^32-1 bytes wraps");
    ktap_equal(syscall_raw(NR_read, zero, 0xfffffff0, 32), -EFAULT, "a buffer that wraps");
    ktap_equal(syscall_raw(NR_read, zero, (long)high, 32), -EFAULT,
               "a buffer across the end of user space");
}

struct element {
    char *base;
    size_t length;
};

static long write_vector(int fd, const struct element *vector, long count)
{
    return syscall_raw(NR_writev, fd, (long)vector, count);
}

static void check_vectors(void)
{
    static struct element many[1025];
    struct element two[] = {{writable, PAGE}, {hole, 10}};
    struct element wraps[] = {{writable, 0x7fffffff}, {writable, 0x7fffffff}};
    struct element negative[] = {{writable, 0x80000000}};
    struct element empty[] = {{writable, 0}, {NULL, 0}, {writable, 3}};
    int ends[2];

    if (pipe(ends))
        return;
    ktap_equal(write_vector(ends[1], two, 2), PAGE, "writev stops at a bad element");
    ktap_equal(write_vector(ends[1], two + 1, 1), -EFAULT, "writev of a bad element alone");
    ktap_equal(write_vector(ends[1], negative, 1), -EINVAL, "writev of a negative length");
    ktap_equal(write_vector(ends[1], empty, 3), 3, "writev with empty elements");
    ktap_equal(write_vector(ends[1], two, -1), -EINVAL, "writev of -1 elements");
    ktap_equal(write_vector(ends[1], many, 1025), -EINVAL, "writev of 1025 elements");
    ktap_equal(write_vector(ends[1], many, 1024), 0, "writev of 1024 empty elements");
    ktap_equal(write_vector(ends[1], (struct element *)hole, 1), -EFAULT, "an unreadable vector");
    ktap_equal(write_vector(ends[1], (struct element *)0xfffffff8, 2), -EFAULT,
               "a vector that wraps");
    ktap_equal(write_vector(99, two, 1), -EBADF, "writev to no descriptor");
    ktap_ok(write_vector(null, wraps, 2) != 0, "lengths that sum over 2^31 do not wrap to nothing");
    close(ends[0]);
    close(ends[1]);
}

/* A child that shares the page copy-on-write: read() must break the sharing, in the child alone. */
static void check_copy_on_write(void)
{
    int status;

    memset(writable, 7, PAGE);
    if (fork() == 0) {
        bool ok = read(zero, writable, 16) == 16 && writable[0] == 0 && writable[16] == 7;
        _exit(ok ? 0 : 1);
    }
    wait(&status);
    ktap_equal(status, 0, "read() into a copy-on-write page: the child's");
    ktap_ok(writable[0] == 7, "read() into a copy-on-write page: the parent's is untouched");
}

static void check_demand_zero(void)
{
    char *fresh = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int ends[2];

    ktap_equal(read(zero, fresh + PAGE - 8, PAGE), PAGE, "read() into pages never touched");
    if (pipe(ends) == 0) {
        ktap_equal(write(ends[1], fresh + 3 * PAGE, 100), 100, "write() from a page never touched");
        close(ends[0]);
        close(ends[1]);
    }
    munmap(fresh, 4 * PAGE);
}

int main(void)
{
    int ends[2];

    ktap_begin();
    zero = open("/dev/zero", O_RDONLY);
    null = open("/dev/null", O_WRONLY);
    make_addresses();
    if (pipe(ends))
        return 1;
    sink = ends[1];
    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (calls[i].number >= POSTERN_CALL_BASE && !on_postern())
            continue;
        for (int j = 0; j < nr_addresses; j++)
            check_call(&calls[i], &addresses[j]);
    }
    for (int j = 0; j < nr_addresses; j++)
        check_wait(&addresses[j]);
    check_straddling();
    check_wrapping();
    check_vectors();
    check_copy_on_write();
    check_demand_zero();
    return ktap_end();
}
