/*
 * set_thread_area(2): segments for thread-local storage.
 *
 * Rule: the manual page; SDM 3A 3.4.5. A broken kernel lets a descriptor of ring 0 or of code in,
 * forgets descriptors at a switch or fork, or loads a selector that has gone bad and dies.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/spawn.h"
#include "user/lib/syscall.h"

struct user_desc {
    uint32_t entry, base, limit, flags;
};

#define FLAT_DATA 0x51 /* 32-bit, limit in pages, useable */
#define CODE      0x55 /* the same but for its contents */
#define SMALL     0x50
#define ABSENT    0x71
#define EMPTY     0x28 /* read-only, not present: clears an entry */

static uint32_t word = 0x12345678;

static long set(struct user_desc *d)
{
    return syscall_raw(NR_set_thread_area, (long)d, 0, 0);
}

static uint32_t read_through_fs(int entry)
{
    uint32_t value;

    __asm__ volatile("movw %w1, %%fs; movl %%fs:0, %0" : "=r"(value) : "r"(entry << 3 | 3));
    return value;
}

static int check_in_child(void *entry)
{
    uint32_t value;

    (void)entry;
    __asm__ volatile("movl %%fs:0, %0" : "=r"(value));
    return value == word ? 0 : 1;
}

/* fs still names an entry that is empty now: a use of it faults, a switch away and back does not.
 */
static int use_emptied(void *entry)
{
    struct user_desc d = {(uintptr_t)entry, 0, 0, EMPTY};
    uint32_t value;

    read_through_fs((uintptr_t)entry);
    if (set(&d))
        return 1;
    for (int i = 0; i < 20; i++)
        syscall_raw(NR_sched_yield, 0, 0, 0);
    usleep(30000);
    __asm__ volatile("movl %%fs:0, %0" : "=r"(value));
    return 0;
}

static void check_error(uint32_t entry, uint32_t flags, long want, const char *name)
{
    struct user_desc d = {entry, (uintptr_t)&word, 0xfffff, flags};

    ktap_equal(set(&d), want, "%s", name);
}

int main(void)
{
    struct user_desc d = {0xffffffff, (uintptr_t)&word, 0xfffff, FLAT_DATA};

    ktap_begin();
    ktap_equal(set(&d), 0, "entry -1 takes a free one");
    ktap_ok(d.entry >= 12 && d.entry <= 14, "and says which: %u", d.entry);
    ktap_equal(read_through_fs(d.entry), word, "it can be read through");
    ktap_equal(spawn_body(check_in_child, NULL), 0, "a fork's child has it too");
    for (int i = 0; i < 50; i++)
        syscall_raw(NR_sched_yield, 0, 0, 0);
    ktap_equal(read_through_fs(d.entry), word, "it survives switches");
    check_error(3, FLAT_DATA, -EINVAL, "an entry of the system's");
    check_error(15, FLAT_DATA, -EINVAL, "an entry beyond the last");
    check_error(d.entry, CODE, -EINVAL, "a code segment");
    check_error(d.entry, SMALL, -EINVAL, "a 16-bit segment");
    check_error(d.entry, ABSENT, -EINVAL, "a segment that is not present");
    ktap_equal(read_through_fs(d.entry), word, "none of which changes the entry");
    ktap_equal(syscall_raw(NR_set_thread_area, 0x10, 0, 0), -EFAULT, "a bad address");
    int status = spawn_body(use_emptied, (void *)(uintptr_t)d.entry);
    ktap_ok(WIFSIGNALED(status) && WTERMSIG(status) == 11, "an emptied segment faults when used");
    return ktap_end();
}
