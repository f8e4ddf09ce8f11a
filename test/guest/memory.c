/*
 * brk(2), mmap(2), munmap(2), the stack: what is mapped works, what is not kills.
 *
 * Rule: the manual pages; a fault is SIGSEGV. A broken kernel hands out pages with old contents,
 * maps more or less than asked, or lets the stack grow without end.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trampoline/layout.h"
#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"
#include "user/lib/syscall.h"

#define PAGE 4096

static char *map(size_t size, int protection)
{
    return mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int read_byte(void *address)
{
    return *(volatile char *)address;
}

static int write_byte(void *address)
{
    *(volatile char *)address = 1;
    return 0;
}

static void check_dies(int (*body)(void *), void *address, const char *name)
{
    int status = spawn_body(body, address);

    ktap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "%s: SIGSEGV", name);
}

static bool all_zero(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i])
            return false;
    }
    return true;
}

static void check_anonymous(void)
{
    char *memory = map(64 * PAGE, PROT_READ | PROT_WRITE);

    ktap_ok(all_zero(memory, 64 * PAGE), "fresh memory is zero");
    memset(memory, 0xaa, 64 * PAGE);
    ktap_equal(munmap(memory + 16 * PAGE, 16 * PAGE), 0, "a hole in the middle");
    check_dies(read_byte, memory + 16 * PAGE, "the hole's first page");
    check_dies(read_byte, memory + 31 * PAGE, "the hole's last page");
    ktap_ok((uint8_t)memory[15 * PAGE] == 0xaa && (uint8_t)memory[32 * PAGE] == 0xaa,
            "both sides of it stay");
    char *again = mmap(memory + 16 * PAGE, 16 * PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    ktap_ok(again == memory + 16 * PAGE && all_zero(again, 16 * PAGE),
            "MAP_FIXED into the hole: zero again");
    char *over = mmap(memory, 8 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    ktap_ok(over == memory && all_zero(over, 8 * PAGE), "MAP_FIXED replaces what is there");
    check_dies(write_byte, memory, "a store to read-only memory");
    munmap(memory, 64 * PAGE);
    char *none = map(PAGE, PROT_NONE);
    check_dies(read_byte, none, "PROT_NONE");
    munmap(none, PAGE);
}

static void check_errors(void)
{
    int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;

    ktap_ok(mmap(NULL, 0, PROT_READ, anonymous, -1, 0) == MAP_FAILED && errno == EINVAL,
            "mmap of nothing");
    ktap_ok(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL,
            "mmap neither private nor shared");
    ktap_ok(mmap((void *)0x30000001, PAGE, PROT_READ, anonymous | MAP_FIXED, -1, 0) == MAP_FAILED &&
                errno == EINVAL,
            "mmap at an unaligned fixed address");
    ktap_ok(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0) == MAP_FAILED && errno == EBADF,
            "mmap of a bad descriptor");
    ktap_equal(syscall_raw(NR_munmap, 0x30000001, PAGE, 0), -EINVAL, "munmap unaligned");
    ktap_equal(syscall_raw(NR_munmap, 0x30000000, 0, 0), -EINVAL, "munmap of nothing");
    ktap_equal(syscall_raw(NR_munmap, 0x30000000, PAGE, 0), 0, "munmap of what is not mapped");
}

/* What is not user space is nobody's to map. A 64-bit Linux host has other borders. */
static void check_borders(void)
{
    static const struct {
        unsigned long start, length;
        const char *name;
    } rows[] = {
        {USER_LIMIT, PAGE, "the first page of the kernel"},
        {USER_LIMIT - PAGE, 2 * PAGE, "pages across the border"},
        {GATE_TEXT, PAGE, "the gate page"},
        {GATE_VDSO, PAGE, "the vDSO page"},
        {0xfffff000, PAGE, "the last page"},
        {0xfffff000, 2 * PAGE, "pages around the end"},
        {PAGE, 0xfffff000, "everything"},
        {PAGE, 0xffffffff, "a length that rounds to 0"},
    };

    if (!on_postern()) {
        ktap_skip("Postern's borders", "mappings outside user space");
        return;
    }
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        void *place = mmap((void *)rows[i].start, rows[i].length, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        ktap_ok(place == MAP_FAILED && errno == ENOMEM, "MAP_FIXED of %s", rows[i].name);
        ktap_equal(syscall_raw(NR_munmap, rows[i].start, rows[i].length, 0), -EINVAL,
                   "munmap of %s", rows[i].name);
    }
    ktap_ok(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
                MAP_FAILED,
            "MAP_FIXED of the null page");
}

/* Not with sbrk(3), which musl's makes fail by design. */
static void check_brk(void)
{
    uintptr_t start = syscall_raw(NR_brk, 0, 0, 0);
    uintptr_t end = syscall_raw(NR_brk, start + 5 * PAGE, 0, 0);

    ktap_equal(end, start + 5 * PAGE, "brk grows");
    char *heap = (char *)((start + PAGE - 1) & ~(PAGE - 1u));
    ktap_ok(all_zero(heap, 4 * PAGE), "the heap is zero");
    memset(heap, 0x77, 4 * PAGE);
    ktap_equal(syscall_raw(NR_brk, start, 0, 0), start, "brk shrinks");
    ktap_equal(syscall_raw(NR_brk, start + 5 * PAGE, 0, 0), start + 5 * PAGE, "and grows again");
    ktap_ok(all_zero(heap, 4 * PAGE), "with zeroes");
    ktap_equal(syscall_raw(NR_brk, 0xfffff000, 0, 0), start + 5 * PAGE,
               "not to the end of the world");
    syscall_raw(NR_brk, start, 0, 0);
}

static int use_stack(void *size)
{
    volatile char bytes[64 * 1024];
    intptr_t left = (intptr_t)size;

    memset((char *)bytes, 1, sizeof(bytes));
    return left > 0 ? use_stack((void *)(left - (intptr_t)sizeof(bytes))) + bytes[0] - 1 : 0;
}

static void check_stack(void)
{
    ktap_equal(spawn_body(use_stack, (void *)(1 << 20)), 0, "the stack grows to 1 MiB");
    check_dies(use_stack, (void *)(64 << 20), "the stack does not grow to 64 MiB");
}

static char image_data[3 * PAGE] = {1};
static const char image_constant[PAGE] = {2};

int main(void)
{
    ktap_begin();
    check_anonymous();
    check_errors();
    check_borders();
    check_brk();
    check_stack();
    ktap_ok(image_data[0] == 1 && all_zero(image_data + 1, sizeof(image_data) - 1),
            "the data segment is as linked");
    check_dies(write_byte, (void *)image_constant, "a store to a constant");
    check_dies(write_byte, (void *)main, "a store to code");
    check_dies(read_byte, (void *)8, "the null page");
    return ktap_end();
}
