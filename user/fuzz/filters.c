/*
 * Arguments that would end, wedge or blind the fuzzer itself are changed for others here, each for
 * the reason that stands with it. What is left must be able to go wrong in the kernel only.
 */
#define _GNU_SOURCE
#include "user/fuzz/attempt.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trampoline/layout.h"
#include "user/fuzz/world.h"

#define PID_LIMIT 4194304 /* of Linux: no process has a higher number */

/* Descriptors of the world and of the fuzzer stay open and what they are. */
static uint32_t loose_fd(uint32_t fd)
{
    return fd < FD_LOOSE ? FD_LOOSE + fd % (FD_LOOSE_END - FD_LOOSE) : fd;
}

static void loose_first(uint32_t *a)
{
    a[0] = loose_fd(a[0]);
}

static void loose_second(uint32_t *a)
{
    a[1] = loose_fd(a[1]);
}

static void loose_range(uint32_t *a)
{
    loose_first(a);
    if (a[1] >= a[0])
        a[1] = FD_LOOSE_END;
}

/* Only the run's own process is sent anything, or changed. */
static uint32_t own_pid(uint32_t pid)
{
    int number = (int)pid;

    return number > -PID_LIMIT && number < PID_LIMIT && number ? (uint32_t)getpid() : pid;
}

static void pid_first(uint32_t *a)
{
    a[0] = own_pid(a[0]);
}

static void pid_second(uint32_t *a)
{
    a[1] = own_pid(a[1]);
}

static void both_pids(uint32_t *a)
{
    pid_first(a);
    pid_second(a);
}

/* Files end earlier on Postern: what is written behind that would be there on Linux alone. */
static void small_offset(uint32_t *low, uint32_t *high)
{
    if (options.portable && (int32_t)*high >= 0) {
        *high = 0;
        *low &= 0xfffff;
    }
}

static void truncate_32(uint32_t *a)
{
    if (options.portable && (int32_t)a[1] >= 0)
        a[1] &= 0xfffff;
}

/* SEEK_DATA, SEEK_HOLE: a file's end is the only hole that Postern tells, so positions would part.
 */
static void seek_plainly(uint32_t *a)
{
    truncate_32(a);
    if (options.portable && a[2] > 2)
        a[2] = 0;
}

static void llseek_plainly(uint32_t *a)
{
    small_offset(&a[2], &a[1]);
    if (options.portable && a[4] > 2)
        a[4] = 0;
}

/* The flags of open(2) and memfd_create(2) that both kernels have. */
#define OPEN_FLAGS 02707707u

static void open_flags(uint32_t *a)
{
    if (options.portable)
        a[1] &= OPEN_FLAGS;
}

static void openat_flags(uint32_t *a)
{
    if (options.portable)
        a[2] &= OPEN_FLAGS;
}

static void memfd_flags(uint32_t *a)
{
    if (options.portable)
        a[1] &= ~4u; /* MFD_HUGETLB */
}

static void write_low(uint32_t *a)
{
    small_offset(&a[3], &a[4]);
}

static void truncate_low(uint32_t *a)
{
    small_offset(&a[1], &a[2]);
}

static void priority(uint32_t *a)
{
    a[0] &= ~2u; /* not all processes of the user's */
    pid_second(a);
}

/* One that is ignored if nothing else was asked for. */
static uint32_t harmless(uint32_t signal)
{
    static const uint32_t good[] = {0, SIGCHLD, SIGCONT, SIGURG, SIGWINCH};

    for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (signal == good[i])
            return signal;
    }
    return signal > 64 ? signal : SIGURG;
}

static void kill_self(uint32_t *a)
{
    a[0] = (int)a[0] > -PID_LIMIT && (int)a[0] < PID_LIMIT ? (uint32_t)getpid() : a[0];
    a[1] = harmless(a[1]);
}

static void kill_thread(uint32_t *a)
{
    kill_self(a);
    a[1] = own_pid(a[1]);
    a[2] = harmless(a[2]);
}

/* Nothing depends on what comes of these signals. */
static void unused_signal(uint32_t *a)
{
    static const uint32_t good[] = {SIGUSR1, SIGUSR2, SIGTERM, SIGHUP, 34, 63, 64};

    for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (a[0] == good[i])
            return;
    }
    if (a[0] && a[0] <= 64)
        a[0] = SIGUSR2;
}

static void unused_limit(uint32_t *a)
{
    if (a[0] < 16)
        a[0] = 4; /* core files */
}

static void own_unused_limit(uint32_t *a)
{
    pid_first(a);
    unused_limit(a + 1);
}

/* Mappings change by moves, which keep the model right; these may try it on a hole. */
static void only_hole(uint32_t *a)
{
    if (a[0] % PAGE == 0 && (options.portable || a[0] < USER_LIMIT)) {
        a[0] = arena_address(9);
        a[1] = a[1] > PAGE ? PAGE : a[1];
    }
}

static void move_hole(uint32_t *a)
{
    only_hole(a);
    a[3] &= ~2u; /* MREMAP_FIXED */
}

/* Without types and flags that Postern does not have, locks that may not be had, pages behind 8
 * TiB. */
static void map_portably(uint32_t *a)
{
    uint32_t type = a[3] & MAP_TYPE;

    if (type == MAP_SHARED_VALIDATE || type == 8) /* MAP_DROPPABLE */
        a[3] &= ~(uint32_t)MAP_TYPE;
    a[3] &= ~(uint32_t)(MAP_LOCKED | MAP_HUGETLB);
    a[5] &= 0x7fffffff;
}

static void map_anywhere(uint32_t *a)
{
    if (options.portable)
        map_portably(a);
    a[3] &= ~(MAP_FIXED | 0x100000u);
    if ((a[3] & (MAP_POPULATE | MAP_LOCKED)) && a[1] > 16 * PAGE)
        a[1] = 16 * PAGE;
    if (options.portable && a[1] > 1 << 24) /* how much there is differs */
        a[1] = 1 << 24;
    if (a[3] & MAP_GROWSDOWN)
        a[3] &= ~MAP_GROWSDOWN; /* would grow into the arena */
}

static void map_structure(uint32_t *a)
{
    uint32_t words[6];

    if (arena_reach(a[0], sizeof(words), ARENA_READ) < sizeof(words))
        return;
    __builtin_memcpy(words, (void *)a[0], sizeof(words));
    map_anywhere(words);
    if (!arena_store(a[0], words, sizeof(words)))
        a[0] = 0;
}

/* The heap is not shrunk under the fuzzer, nor does it grow up to the arena. */
static void grow_heap(uint32_t *a)
{
    uint32_t end = syscall_raw(NR_brk, 0, 0, 0);

    if (a[0] < 0xc0000000)
        a[0] = end + (a[0] & 0xffff);
}

/* A child like fork's: another thread, or a stack of its own, would run on into the fuzzer. */
static void clone_process(uint32_t *a)
{
    a[0] = (a[0] & 0x01300000) | SIGCHLD;
    a[1] = 0;
}

/* Not as long as it takes to copy all that a sparse file or /dev/zero has. */
static void clip_last(uint32_t *a)
{
    a[3] = a[3] > 65536 ? 65536 : a[3];
    if (options.portable) /* Postern sends from files and to files and pipes alone */
        a[1] = FD_FILE;
    if (options.portable && a[0] != FD_WRITER)
        a[0] = FD_SCRATCH;
}

/* Not to where the files of 32 bits end, 16 TiB: a 64-bit Linux has longer ones. */
static void copy_little(uint32_t *a)
{
    uint64_t position;

    a[4] = a[4] > 65536 ? 65536 : a[4];
    if (!options.portable || arena_reach(a[3], sizeof(position), ARENA_READ) < sizeof(position))
        return;
    __builtin_memcpy(&position, (void *)a[3], sizeof(position));
    if (position >> 43)
        a[3] = 0;
}

static void allocate_little(uint32_t *a)
{
    a[2] &= 0x800fffff;
    a[3] = a[2] >> 31 ? -1u : 0;
    a[4] &= 0x800fffff;
    a[5] = a[4] >> 31 ? -1u : 0;
}

/* 22: no more calls; 35: another heap; 26: faults at RDTSC. */
static void prctl(uint32_t *a)
{
    if (a[0] == 22 || a[0] == 35 || a[0] == 26)
        a[0] = 15;
}

/* Others change where Linux maps memory, and whether it can be executed. */
static void plain_personality(uint32_t *a)
{
    if (options.portable && a[0] != 0xffffffff)
        a[0] &= 0xff;
}

/* SIGALRM must be able to end it. */
static void suspend(uint32_t *a)
{
    a[2] &= ~(1u << (SIGALRM - 1));
}

static void rt_suspend(uint32_t *a)
{
    uint32_t word;

    if (arena_reach(a[0], 4, ARENA_READ) < 4)
        return;
    __builtin_memcpy(&word, (void *)a[0], 4);
    word &= ~(1u << (SIGALRM - 1));
    if (!arena_store(a[0], &word, 4))
        a[0] = 0;
}

/* Not 0, which asks for the segment that the C library's thread is at. */
static void other_segment(uint32_t *a)
{
    uint32_t entry = -1u;

    if (arena_reach(a[0], 4, ARENA_READ) == 4 && !arena_store(a[0], &entry, 4))
        a[0] = 0;
}

static void poll_at_once(uint32_t *a)
{
    a[2] = a[2] > 1 ? 1 : a[2];
}

/* Postern has no locks that inherit priorities, and Linux lets 32-bit programs have 4 GiB. */
static void plain_futex(uint32_t *a)
{
    for (unsigned word = 0; word <= 4; word += 4) {
        if (options.portable && a[word] >= USER_LIMIT)
            a[word] -= USER_LIMIT;
    }
    if (options.portable && (a[1] & 127) > 5 && (a[1] & 127) != 9 && (a[1] & 127) != 10)
        a[1] &= ~127u;
}

/* A pipe's size is what transfer.c has it be. */
static void keep_pipe_size(uint32_t *a)
{
    a[1] = a[1] == F_SETPIPE_SZ ? F_GETPIPE_SZ : a[1];
}

/* On a host the root is in another file system, and rename tells that before it looks for names. */
static void stay_here(uint32_t *path)
{
    while (options.portable && arena_reach(*path, 1, ARENA_READ) && *(const char *)*path == '/')
        ++*path;
}

static void rename_here(uint32_t *a)
{
    stay_here(&a[0]);
    stay_here(&a[1]);
}

static void renameat_here(uint32_t *a)
{
    stay_here(&a[1]);
    stay_here(&a[3]);
}

/* RENAME_WHITEOUT is for file systems on top of others, which Postern has not. */
static void renameat2_here(uint32_t *a)
{
    renameat_here(a);
    if (options.portable)
        a[4] &= ~4u;
}

/* Numbers below 0 are the clocks of processes. */
static void plain_clock(uint32_t *a)
{
    if (options.portable)
        a[0] &= INT32_MAX;
}

/* AT_EMPTY_PATH: new kernels let who has opened a file link it, without a right. */
static void link_plainly(uint32_t *a)
{
    if (options.portable)
        a[4] &= ~0x1000u;
}

static const struct {
    uint16_t number;
    void (*change)(uint32_t *values);
} filters[] = {
    {NR_close, loose_first},
    {NR_linkat, link_plainly},
    {NR_rename, rename_here},
    {NR_renameat, renameat_here},
    {NR_renameat2, renameat2_here},
    {NR_clock_gettime, plain_clock},
    {NR_clock_gettime64, plain_clock},
    {NR_clock_getres, plain_clock},
    {NR_clock_getres_time64, plain_clock},
    {NR_clock_nanosleep, plain_clock},
    {NR_clock_nanosleep_time64, plain_clock},
    {NR_dup2, loose_second},
    {NR_dup3, loose_second},
    {NR_close_range, loose_range},
    {NR_kill, kill_self},
    {NR_tkill, kill_self},
    {NR_tgkill, kill_thread},
    {NR_rt_sigqueueinfo, kill_self},
    {NR_rt_tgsigqueueinfo, kill_thread},
    {NR_sched_setparam, pid_first},
    {NR_sched_setscheduler, pid_first},
    {NR_sched_setaffinity, pid_first},
    {NR_setpgid, both_pids},
    {NR_pwrite64, write_low},
    {NR_pwritev, write_low},
    {NR_truncate, truncate_32},
    {NR_ftruncate, truncate_32},
    {NR_open, open_flags},
    {NR_openat, openat_flags},
    {NR_memfd_create, memfd_flags},
    {NR_truncate64, truncate_low},
    {NR_ftruncate64, truncate_low},
    {NR_lseek, seek_plainly},
    {NR__llseek, llseek_plainly},
    {NR_getpgid, pid_first},
    {NR_getsid, pid_first},
    {NR_get_robust_list, pid_first},
    {NR_sched_getaffinity, pid_first},
    {NR_sched_getparam, pid_first},
    {NR_sched_getscheduler, pid_first},
    {NR_sched_rr_get_interval, pid_first},
    {NR_sched_rr_get_interval_time64, pid_first},
    {NR_setpriority, priority},
    {NR_getpriority, priority},
    {NR_signal, unused_signal},
    {NR_sigaction, unused_signal},
    {NR_rt_sigaction, unused_signal},
    {NR_setrlimit, unused_limit},
    {NR_prlimit64, own_unused_limit},
    {NR_munmap, only_hole},
    {NR_mprotect, only_hole},
    {NR_madvise, only_hole},
    {NR_mremap, move_hole},
    {NR_mmap2, map_anywhere},
    {NR_mmap, map_structure},
    {NR_brk, grow_heap},
    {NR_clone, clone_process},
    {NR_sendfile, clip_last},
    {NR_sendfile64, clip_last},
    {NR_copy_file_range, copy_little},
    {NR_fallocate, allocate_little},
    {NR_prctl, prctl},
    {NR_personality, plain_personality},
    {NR_sigsuspend, suspend},
    {NR_rt_sigsuspend, rt_suspend},
    {NR_set_thread_area, other_segment},
    {NR_poll, poll_at_once},
    {NR_futex, plain_futex},
    {NR_futex_time64, plain_futex},
    {NR_fcntl, keep_pipe_size},
    {NR_fcntl64, keep_pipe_size},
};

void filter(struct attempt *attempt)
{
    for (unsigned i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        if (filters[i].number == attempt->call->number)
            filters[i].change(attempt->values);
    }
}

/* An address that lies in the program's own text may be one of its data. */
bool filter_overwrites(struct attempt *attempt)
{
    extern char etext[], end[];
    bool found = false;

    for (unsigned i = 0; i < attempt->nr_accesses; i++) {
        const struct access *a = &attempt->accesses[i];
        if ((a->right & ARENA_WRITE) && a->address < (uint32_t)end &&
            (uint64_t)a->address + a->size > (uint32_t)etext) {
            attempt->values[a->argument] = arena_address(9);
            found = true;
        }
    }
    return found;
}
