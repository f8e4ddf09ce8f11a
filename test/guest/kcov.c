/*
 * The trace of one thread's way through the kernel, as Documentation/dev-tools/kcov has it: its
 * errors, what is in the trace, and that it is this thread's and nobody else's. Where the kernel
 * has the device: on Postern in FLAVOUR=kcov.
 *
 * Rule: the ioctls and the layout are Linux's, so that a fuzzer for one runs on the other. A broken
 * kernel overruns the array, traces another thread, or leaves a trace behind in a new one.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "test/guest/check.h"
#include "user/lib/postern.h"

#define KCOV_INIT_TRACE _IOR('c', 1, unsigned long)
#define KCOV_ENABLE     _IO('c', 100)
#define KCOV_DISABLE    _IO('c', 101)
#define KCOV_TRACE_PC   0
#define KCOV_TRACE_CMP  1

#define ENOTSUPP_KERNEL 524 /* no errno of user mode, but what the device gives */

#define WORDS           (16 << 10)
#define BYTES           (WORDS * sizeof(unsigned long))

static const char *const devices[] = {"/sys/kernel/debug/kcov", "/dev/kcov"};

static const char *find_device(void)
{
    for (unsigned i = 0; i < COUNT(devices); i++) {
        if (!access(devices[i], R_OK | W_OK))
            return devices[i];
    }
    return NULL;
}

static unsigned long *map(int fd, size_t size, off_t offset)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
}

static unsigned long *make_trace(int fd, unsigned long words)
{
    if (ioctl(fd, KCOV_INIT_TRACE, words))
        return MAP_FAILED;
    return map(fd, words * sizeof(unsigned long), 0);
}

/* --- errors ------------------------------------------------------------------------------------
 */

static void check_before_init(int fd)
{
    check_error(ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC), EINVAL, "enabled without an array");
    check_error(ioctl(fd, KCOV_DISABLE, 0), EINVAL, "disabled, not enabled");
    check_error(map(fd, BYTES, 0) == MAP_FAILED ? -1 : 0, EINVAL, "mapped without an array");
    check_error(ioctl(fd, KCOV_INIT_TRACE, 0), EINVAL, "no words");
    check_error(ioctl(fd, KCOV_INIT_TRACE, 1), EINVAL, "one word");
    check_error(ioctl(fd, KCOV_INIT_TRACE, -1), EINVAL, "words without end");
    check_error(ioctl(fd, 12345, 0), ENOTTY, "another request");
}

static void check_after_init(int fd)
{
    check_error(ioctl(fd, KCOV_INIT_TRACE, WORDS), 0, "an array");
    check_error(ioctl(fd, KCOV_INIT_TRACE, WORDS), EBUSY, "a second array");
    check_error(map(fd, BYTES / 2, 0) == MAP_FAILED ? -1 : 0, EINVAL, "half of it mapped");
    check_error(map(fd, BYTES, 4096) == MAP_FAILED ? -1 : 0, EINVAL, "mapped from its second page");
    check_error(ioctl(fd, KCOV_ENABLE, KCOV_TRACE_CMP), ENOTSUPP_KERNEL, "comparisons");
    check_error(ioctl(fd, KCOV_ENABLE, 12345), EINVAL, "another kind of trace");
}

static void check_enabled(int fd, const char *device)
{
    int other = open(device, O_RDWR);

    check_error(ioctl(other, KCOV_INIT_TRACE, 1024), 0, "another file's array");
    check_error(ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC), 0, "enabled");
    check_error(ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC), EINVAL, "enabled twice");
    check_error(ioctl(other, KCOV_ENABLE, KCOV_TRACE_PC), EBUSY, "a second trace of one thread");
    check_error(ioctl(other, KCOV_DISABLE, 0), EINVAL, "disabled by the other file");
    check_error(ioctl(fd, KCOV_DISABLE, 1), EINVAL, "disabled with an argument");
    check_error(ioctl(fd, KCOV_INIT_TRACE, WORDS), EBUSY, "an array while enabled");
    check_error(ioctl(fd, KCOV_DISABLE, 0), 0, "disabled");
    check_error(ioctl(fd, KCOV_DISABLE, 0), EINVAL, "disabled twice");
    close(other);
}

/* --- traces ------------------------------------------------------------------------------------
 */

static void start(unsigned long *trace)
{
    __atomic_store_n(&trace[0], 0, __ATOMIC_RELAXED);
}

static unsigned long length(const unsigned long *trace)
{
    return __atomic_load_n(&trace[0], __ATOMIC_RELAXED);
}

static bool all_in_kernel(const unsigned long *trace)
{
    unsigned long i = 1, end = length(trace);

    while (i <= end && trace[i] >= 0xc0000000)
        i++;
    return i > end;
}

static void call_openat(void)
{
    close(open("/dev/null", O_RDONLY));
}

static void check_trace(int fd, unsigned long *trace)
{
    ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC);
    start(trace);
    getppid();
    unsigned long one = length(trace);
    start(trace);
    call_openat();
    unsigned long two = length(trace);
    ktap_ok(one >= 1 && two > one && two < WORDS,
            "a path takes more blocks (%lu) than a number (%lu)", two, one);
    ktap_ok(all_in_kernel(trace), "every address is the kernel's");
    start(trace);
    call_openat();
    ktap_equal(length(trace), two, "the same call takes the same way");
    ioctl(fd, KCOV_DISABLE, 0);
    start(trace);
    call_openat();
    ktap_equal(length(trace), 0, "disabled, nothing is traced");
}

/* What comes behind the array's last word is another page. */
static void check_full(const char *device)
{
    int fd = open(device, O_RDWR);
    unsigned long *trace = make_trace(fd, 1024);

    ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC);
    start(trace);
    for (int i = 0; i < 1000; i++)
        call_openat();
    ktap_equal(length(trace), 1023, "a full array stays as it is");
    __atomic_store_n(&trace[0], -1, __ATOMIC_RELAXED);
    call_openat();
    __atomic_store_n(&trace[0], 0x7fffffff, __ATOMIC_RELAXED);
    call_openat();
    ktap_equal(length(trace), 0x7fffffff, "a length that is none writes nothing");
    ioctl(fd, KCOV_DISABLE, 0);
    munmap(trace, 4096);
    close(fd);
}

/* Of vfork, so that its parent makes no call meanwhile. */
static void check_child(int fd, unsigned long *trace)
{
    int status = -1;

    ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC);
    start(trace);
    pid_t child = vfork();
    if (!child) {
        unsigned long before = length(trace);
        call_openat();
        _exit(length(trace) != before || ioctl(fd, KCOV_DISABLE, 0) != -1 || errno != EINVAL);
    }
    waitpid(child, &status, 0);
    ktap_ok(length(trace) && !status, "a child is not traced, and cannot end its parent's trace");
    ioctl(fd, KCOV_DISABLE, 0);
}

/* Until its thread ends a trace goes on, also without its file; then others may use the file. */
static void check_exit(const char *device, int fd, unsigned long *trace)
{
    pid_t child = fork();
    int status = -1;

    if (!child) {
        int own = open(device, O_RDWR);
        ioctl(own, KCOV_INIT_TRACE, 1024);
        ioctl(own, KCOV_ENABLE, KCOV_TRACE_PC);
        close(own);
        _exit(ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC) != -1 || errno != EBUSY);
    }
    waitpid(child, &status, 0);
    ktap_equal(status, 0, "a closed file's trace goes on");
    child = fork();
    if (!child)
        _exit(ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC));
    waitpid(child, NULL, 0);
    check_error(ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC), 0, "enabled when its thread has ended");
    start(trace);
    call_openat();
    ktap_ok(length(trace), "and this one is traced");
    ioctl(fd, KCOV_DISABLE, 0);
}

int main(void)
{
    const char *device = find_device();

    ktap_begin();
    if (!device) {
        ktap_skip("this kernel is not built with kcov", "traces");
        return ktap_end();
    }
    scratch_enter("kcov");
    struct postern_usage usage = postern_usage();
    int fd = open(device, O_RDWR);
    check_before_init(fd);
    check_after_init(fd);
    unsigned long *trace = map(fd, BYTES, 0);
    if (!ktap_ok(trace != MAP_FAILED, "mapped"))
        return ktap_end();
    check_enabled(fd, device);
    check_trace(fd, trace);
    check_full(device);
    check_child(fd, trace);
    check_exit(device, fd, trace);
    munmap(trace, BYTES);
    close(fd);
    if (on_postern())
        ktap_ok(postern_usage_returns(usage, "kcov"), "nothing is left behind");
    scratch_leave();
    return ktap_end();
}
