/*
 * What a test that `make fuzz-shrink` has written begins and ends with: the fuzzer's arena and
 * world (user/fuzz/arena.h, world.h), and its calls. Such a test checks that the kernel survives,
 * and that nothing changes that no call may change; what a call must return is for its author to
 * add.
 */
#ifndef TEST_GUEST_FUZZED_H
#define TEST_GUEST_FUZZED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/fuzz/arena.h"
#include "user/fuzz/attempt.h"
#include "user/fuzz/world.h"
#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/syscall.h"

static inline void fuzzed_begin(void)
{
    ktap_begin();
    options.portable = !on_postern();
    if (!world_build(options.portable))
        exit(1);
    world_begin();
    arena_build(FD_FILE);
}

/* A call by the door that it came through, where there is one; its result. */
static inline long fuzzed_call(int door, long number, long a, long b, long c, long d, long e,
                               long f)
{
    bool open = on_postern() && postern_get(POSTERN_DOORS) & 1 << door;

    return syscall_via(open ? door : DOOR_INT80, number, a, b, c, d, e, f);
}

static inline void fuzzed_put(uint32_t address, uint32_t size, const char *bytes)
{
    arena_store(address, bytes, size);
}

/* New pages, with the arena's pattern or zeroes. */
static inline void fuzzed_map(void *at, uint32_t size, int protection, int pattern)
{
    mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    for (uint32_t i = 0; pattern && i < size; i += PAGE)
        arena_pattern_page((uint8_t *)at + i, (uint32_t)at + i);
    mprotect(at, size, protection);
}

static inline void fuzzed_store(uint32_t address)
{
    *(volatile uint8_t *)address = address;
}

/* In a child, which may fault: rights are the model's. */
static inline void fuzzed_touch(uint32_t address, int rights)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        uint8_t byte = *(volatile uint8_t *)address;
        if (rights & ARENA_WRITE)
            *(volatile uint8_t *)address = byte;
        _exit(0);
    }
    waitpid(pid, &status, 0);
    ktap_equal(WIFSIGNALED(status), !rights, "an access to %#x", address);
}

/* A child writes to a page that both have. */
static inline void fuzzed_fork(uint32_t address)
{
    pid_t pid = fork();

    if (pid == 0) {
        memset((void *)address, 'c', 64);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

static inline int fuzzed_end(void)
{
    ktap_ok(true, "the kernel goes on");
    world_leave();
    return ktap_end();
}

#endif
