/*
 * No byte of the kernel's own reaches user mode: with one byte in all of its memory that nobody has
 * initialised (mm/poison.h), none of what the kernel writes into user memory is that byte. Postern
 * only.
 *
 * Rule: structures are zeroed before they are filled, padding included. A broken kernel copies a
 * structure with holes off its stack, or the rest of a heap object behind what it has read.
 *
 * Each thing is done twice, with another byte each time, by a child that starts from the same
 * state: a place that was the first byte and then the second has the kernel's memory in it, and
 * nothing else does such a thing by chance more than once in 65,536.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <sys/auxv.h>

#include "test/guest/calls.h"
#include "user/lib/spawn.h"

#define PATTERN 0x3c /* what user mode fills its buffers with */
#define SHOT    65536

static const int poisons[2] = {0xa5, 0xc3};
static unsigned char *shots[2]; /* shared with the children: what each found */

/* --- two shots and their comparison -------------------------------------------------------- */

struct work {
    void (*body)(unsigned char *shot, const void *argument);
    const void *argument;
    int turn;
};

static int take_shot(void *argument)
{
    const struct work *work = argument;

    alarm(20);
    work->body(shots[work->turn], work->argument);
    return 0;
}

static unsigned count_leaks(const char *name)
{
    unsigned leaks = 0;

    for (unsigned i = 0; i < SHOT; i++) {
        if (shots[0][i] == poisons[0] && shots[1][i] == poisons[1] && leaks++ < 3)
            ktap_note("%s: byte %u is the kernel's", name, i);
    }
    return leaks;
}

static void look(const char *name, void (*body)(unsigned char *shot, const void *argument),
                 const void *argument)
{
    int before = postern_get(POSTERN_POISON), status = 0;

    for (int turn = 0; turn < 2; turn++) {
        memset(shots[turn], 0, SHOT);
        postern_set(POSTERN_POISON, poisons[turn]);
        status |= spawn_body(take_shot, &(struct work){body, argument, turn});
    }
    postern_set(POSTERN_POISON, before);
    if (status)
        ktap_note("%s: status %x", name, status);
    ktap_ok(!status && !count_leaks(name), "%s", name);
}

/* --- the calls ----------------------------------------------------------------------------- */

static void shoot_call(unsigned char *shot, const void *argument)
{
    const struct call *call = argument;

    calls_prepare(PATTERN);
    memset(calls.signal_stack, PATTERN, sizeof(calls.signal_stack));
    if (call->before)
        call->before();
    calls_do(call);
    memcpy(shot, &calls, sizeof(calls));
}

static void check_calls(void)
{
    for (unsigned i = 0; i < COUNT(all_calls); i++) {
        look(all_calls[i].name, shoot_call, &all_calls[i]);
        calls_restore();
    }
}

/* --- signal frames ------------------------------------------------------------------------- */

/* The flags, and whether the old sigaction() sets them, so that the frame is the old one. */
struct frame {
    const char *name;
    int flags;
    bool fault;
};

static void handler_of_frame(int signal)
{
    if (signal == SIGSEGV) /* once more without a fault: past the load of two bytes */
        _exit(1);
}

static void handler_of_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EIP] += 2;
}

static void shoot_frame(unsigned char *shot, const void *argument)
{
    const struct frame *frame = argument;
    stack_t stack = {.ss_sp = calls.signal_stack, .ss_size = sizeof(calls.signal_stack)};
    struct kernel_sigaction action = {
        .handler = frame->fault ? (void *)handler_of_fault : (void *)handler_of_frame,
        .flags = SA_ONSTACK | frame->flags,
    };
    volatile double one = 1, third = one / 3; /* the FPU has a state to save */

    memset(calls.signal_stack, PATTERN, sizeof(calls.signal_stack));
    sigaltstack(&stack, NULL);
    syscall(SYS_rt_sigaction, frame->fault ? SIGSEGV : SIGUSR1, &action, NULL, SIGSET_SIZE);
    if (frame->fault)
        __asm__ volatile("movl (%0), %%eax" : : "c"(8) : "eax");
    else
        raise(SIGUSR1);
    (void)third;
    memcpy(shot, calls.signal_stack, sizeof(calls.signal_stack));
}

static void check_frames(void)
{
    static const struct frame frames[] = {
        {"a signal frame with siginfo", SA_SIGINFO, false},
        {"a signal frame without", 0, false},
        {"a fault's signal frame", SA_SIGINFO, true},
    };

    for (unsigned i = 0; i < COUNT(frames); i++)
        look(frames[i].name, shoot_frame, &frames[i]);
}

/* --- pages --------------------------------------------------------------------------------- */

static void keep_page(unsigned char *shot, unsigned number, const void *page)
{
    if (page != MAP_FAILED)
        memcpy(shot + number * PAGE, page, PAGE);
}

static void shoot_pages(unsigned char *shot, const void *unused)
{
    int fd = open("new", O_RDWR | O_CREAT | O_TRUNC, 0644), memory = memfd_create("memory", 0);

    (void)unused;
    write(fd, "short", 5);
    pwrite(fd, "far", 3, 3 * PAGE + 7);
    ftruncate(fd, 6 * PAGE);
    ftruncate(memory, PAGE);
    keep_page(shot, 0, mmap(NULL, PAGE, BOTH, ANONYMOUS, -1, 0));
    keep_page(shot, 1, mmap(NULL, PAGE, BOTH, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    keep_page(shot, 2, mmap(NULL, PAGE, BOTH, MAP_PRIVATE, fd, 0));
    keep_page(shot, 3, mmap(NULL, PAGE, BOTH, MAP_SHARED, fd, 3 * PAGE));
    keep_page(shot, 4, mmap(NULL, PAGE, BOTH, MAP_SHARED, fd, 5 * PAGE));
    keep_page(shot, 5, mmap(NULL, PAGE, BOTH, MAP_SHARED, memory, 0));
    keep_page(shot, 6, mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, open("file", O_RDONLY), 0));
    pread(fd, shot + 7 * PAGE, PAGE, 0);
    pread(fd, shot + 8 * PAGE, PAGE, 4 * PAGE);
    char *end = (char *)syscall_raw(NR_brk, 0, 0, 0);
    syscall_raw(NR_brk, (long)end + 2 * PAGE, 0, 0);
    memcpy(shot + 9 * PAGE, end, PAGE);
    volatile char deep[6 * PAGE];
    memcpy(shot + 10 * PAGE, (const void *)deep, PAGE);
}

/* --- a new program ------------------------------------------------------------------------- */

/* Run as a program of its own: what it was given, to standard output. */
static int fresh_program(char **argv)
{
    static char zeroes[3 * PAGE];
    unsigned char fpu[108];
    const char *start = (const char *)((uintptr_t)argv & -PAGE);

    __asm__ volatile("fnsave %0" : "=m"(fpu));
    write(1, start, 8 * PAGE); /* as far as the stack goes */
    write(1, fpu, sizeof(fpu));
    write(1, zeroes, sizeof(zeroes));
    return 0;
}

static char self[256];

static void shoot_program(unsigned char *shot, const void *unused)
{
    char *argv[] = {self, "fresh", NULL}, *envp[] = {"A=1", NULL};
    int fd = open("new", O_RDWR | O_CREAT | O_TRUNC, 0644);
    pid_t pid = fork();

    (void)unused;
    if (pid == 0) {
        dup2(fd, 1);
        execve(self, argv, envp);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
    pread(fd, shot, SHOT, 0);
}

/* --- what there is to read ----------------------------------------------------------------- */

/* A file's bytes; its text may move from one turn to the other, so the byte itself is looked for.
 */
static bool file_leaks(const char *path)
{
    static unsigned char bytes[4096];
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    ssize_t length;
    bool leaks = false;

    if (fd < 0)
        return false;
    while (!leaks && (length = read(fd, bytes, sizeof(bytes))) > 0)
        leaks = memmem(bytes, length, (int[]){0xa5a5a5a5}, 3);
    close(fd);
    if (leaks)
        ktap_note("%s has bytes of the kernel's", path);
    return leaks;
}

static unsigned files_read, files_leaking;

static int read_one(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
    (void)walk;
    if (kind == FTW_F && S_ISREG(stat->st_mode) && !strstr(path, "/mem") && !strstr(path, "kmsg")) {
        files_read++;
        files_leaking += file_leaks(path);
    }
    return 0;
}

static void check_proc(void)
{
    int before = postern_get(POSTERN_POISON);

    postern_set(POSTERN_POISON, 0xa5);
    nftw("/proc", read_one, 16, FTW_PHYS);
    postern_set(POSTERN_POISON, before);
    ktap_ok(files_read > 20 && !files_leaking, "the files of /proc");
}

/* --- that it is on ------------------------------------------------------------------------- */

/* What sets the test itself on the wrong track: a kernel that does not poison. */
static void check_setting(void)
{
    int before = postern_get(POSTERN_POISON);

    ktap_ok(postern_set(POSTERN_POISON, 256) < 0 && errno == EINVAL, "256 is no byte");
    ktap_ok(postern_set(POSTERN_POISON, -1) < 0 && errno == EINVAL, "nor is -1");
    ktap_equal(postern_set(POSTERN_POISON, 0xa5), 0, "a byte");
    ktap_equal(postern_get(POSTERN_POISON), 0xa5, "it is the poison now");
    postern_set(POSTERN_POISON, before);
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return fresh_program(argv);
    ktap_begin();
    if (!on_postern()) {
        ktap_skip("Postern only", "poison");
        return ktap_end();
    }
    realpath(argv[0], self);
    calls_enter("poison");
    alarm(0);
    for (int i = 0; i < 2; i++)
        shots[i] = mmap(NULL, SHOT, BOTH, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    check_setting();
    calls_check();
    check_calls();
    check_frames();
    look("pages of memory and of files", shoot_pages, NULL);
    look("what a new program finds", shoot_program, NULL);
    check_proc();
    unlink("new");
    calls_leave();
    return ktap_end();
}
