/*
 * What a directory maps, and what the CPU remembers of it: stale translations behind each door, the
 * gate region and the kernel's addresses, the last bytes of user space.
 *
 * Rule: SDM 3A 4.10.4 (a change of an entry needs INVLPG or a CR3 load; one that is global survives
 * a CR3 load), 4.6 (U/S decides at both levels). A broken kernel leaves an old page readable or
 * writable, lets a mapping of the user's into the gate region, tells by the error code or the
 * si_code which of its addresses are mapped, or runs on behind c0000000 where the kernel is mapped.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trampoline/layout.h"
#include "user/lib/ktap.h"
#include "user/lib/machine.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"
#include "user/lib/syscall.h"

#define PAGES  40 /* more than one INVLPG each would be worth */
#define LENGTH (PAGES * 4096)

enum access { READ, WRITE, EXECUTE };

/* One access of one byte; 0, or the signal. */
static struct machine access_at(enum access access, uint32_t address)
{
    struct machine m = machine_at(machine_code);

    /* mov (%ebx), %al or mov %al, (%ebx); ud2 */
    memcpy(machine_code, access == READ ? "\x8a\x03\x0f\x0b" : "\x88\x03\x0f\x0b", 4);
    m.r.ebx = address;
    if (access == EXECUTE)
        m.r.eip = address;
    machine_run(&m);
    return m;
}

static bool faults(enum access access, uint32_t address, int code)
{
    struct machine m = access_at(access, address);

    return m.signal == SIGSEGV && m.address == address && m.code == code;
}

/* --- translations --------------------------------------------------------------------------------
 */

static char *fresh(void)
{
    char *pages = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (unsigned i = 0; i < PAGES; i++)
        pages[i * 4096] = i + 1;
    return pages;
}

static unsigned count_faults(enum access access, const char *pages, int code)
{
    unsigned count = 0;

    for (unsigned i = 0; i < PAGES; i++)
        count += faults(access, (uintptr_t)pages + i * 4096, code);
    return count;
}

static void check_translations(int door)
{
    const char *name = door_names[door];
    char *pages = fresh();

    syscall_via(door, NR_mprotect, (long)pages, LENGTH, PROT_READ, 0, 0, 0);
    ktap_equal(count_faults(WRITE, pages, SEGV_ACCERR), PAGES, "%s: mprotect to read only", name);
    syscall_via(door, NR_mprotect, (long)pages, LENGTH, PROT_NONE, 0, 0, 0);
    ktap_equal(count_faults(READ, pages, SEGV_ACCERR), PAGES, "%s: mprotect to nothing", name);
    syscall_via(door, NR_munmap, (long)pages, LENGTH, 0, 0, 0, 0);
    ktap_equal(count_faults(READ, pages, SEGV_MAPERR), PAGES, "%s: munmap", name);

    pages = fresh();
    syscall_via(door, NR_mmap2, (long)pages, LENGTH, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    unsigned old = 0;
    for (unsigned i = 0; i < PAGES; i++)
        old += pages[i * 4096] != 0;
    ktap_equal(old, 0, "%s: mmap over it", name);
    memset(pages, 7, LENGTH);
    syscall_via(door, NR_madvise, (long)pages, LENGTH, MADV_DONTNEED, 0, 0, 0);
    for (unsigned i = 0; i < PAGES; i++)
        old += pages[i * 4096] != 0;
    ktap_equal(old, 0, "%s: madvise: not needed", name);
    munmap(pages, LENGTH);

    pages = fresh();
    char *there = mmap(NULL, LENGTH, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    syscall_via(door, NR_mremap, (long)pages, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED,
                (long)there, 0);
    ktap_equal(count_faults(READ, pages, SEGV_MAPERR), PAGES, "%s: mremap", name);
    munmap(there, LENGTH);
}

/* After a fork both have the page read-only; a parent that writes on through an old translation
 * writes into its child. */
static int see_old(void *page)
{
    usleep(20000);
    return *(volatile char *)page;
}

static void check_fork(int door)
{
    char *page = fresh();
    int status = -1;
    pid_t pid = syscall_via(door, NR_fork, 0, 0, 0, 0, 0, 0);

    if (pid == 0)
        _exit(see_old(page));
    *(volatile char *)page = 99;
    waitpid(pid, &status, 0);
    ktap_equal(spawn_status(status), 1, "%s: fork, then a write of the parent's", door_names[door]);
    munmap(page, LENGTH);
}

/* --- what is not the user's ----------------------------------------------------------------------
 */

/* Every page of the gate region, and every fourth MiB of the kernel. */
static void check_addresses(void)
{
    unsigned open = 0;
    uint32_t address = USER_LIMIT;

    while (address) {
        /* the vDSO page is the one that may be read and run */
        bool right = faults(WRITE, address, SEGV_MAPERR) &&
                     (address == GATE_VDSO || (faults(READ, address, SEGV_MAPERR) &&
                                               faults(EXECUTE, address, SEGV_MAPERR)));
        if (!right && !open++)
            ktap_note("%08x", address);
        address += address < GATE_REGION ? 0x400000 : 0x1000;
    }
    ktap_equal(open, 0, "kernel and gate: neither read, written nor run, nor told apart");
}

/* The error code of #PF says whether a page is there: the signal frame must not. */
static void check_error_codes(void)
{
    static const uint32_t addresses[] = {USER_LIMIT, KERNEL_LINK, 0xf7fff000,
                                         GATE_TEXT,  GATE_IDT,    0xfffff000};
    unsigned different = 0;

    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        different += (access_at(READ, addresses[i]).r.error & 1) !=
                     (access_at(READ, addresses[0]).r.error & 1);
    ktap_equal(different, 0, "the error code is the same for every kernel address");
}

/* Nothing of the user's goes there. */
static void check_calls(void)
{
    static const uint32_t addresses[] = {USER_LIMIT, KERNEL_LINK, GATE_REGION, GATE_CPU(0),
                                         GATE_TEXT,  GATE_VDSO,   0xfffff000};
    unsigned done = 0;

    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        void *at = (void *)(uintptr_t)addresses[i];
        int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
        done += mmap(at, 4096, PROT_READ, flags, -1, 0) != MAP_FAILED;
        done +=
            mmap((char *)(uintptr_t)USER_LIMIT - 4096, 8192, PROT_READ, flags, -1, 0) != MAP_FAILED;
        done += munmap(at, 4096) == 0;
        done += mprotect(at, 4096, PROT_READ | PROT_WRITE) == 0;
        done += mremap(at, 4096, 8192, MREMAP_MAYMOVE) != MAP_FAILED;
        done += madvise(at, 4096, MADV_DONTNEED) == 0;
        done += syscall_raw(NR_brk, addresses[i] + 4096, 0, 0) == (long)addresses[i] + 4096;
    }
    ktap_equal(done, 0, "mmap munmap mprotect mremap madvise brk: refused there");
    ktap_equal(syscall_via(DOOR_INT80, NR_getpid, 0, 0, 0, 0, 0, 0), getpid(), "and all is well");
}

/* --- the last bytes of user space ----------------------------------------------------------------
 */

static void check_edge(void)
{
    static const struct {
        const char *name;
        uint8_t code[3];
        unsigned length, in_space; /* bytes, of which so many fit */
    } rows[] = {
        {"a nop as the last byte", {0x90}, 1, 1},
        {"an instruction across the end", {0x8a, 0x03}, 2, 1},
        {"a longer one across the end", {0x0f, 0x0b}, 2, 1},
        {"a jump behind the end", {0xeb, 0x00}, 2, 2},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t start = USER_LIMIT - rows[i].in_space;
        struct machine m = machine_at((void *)(uintptr_t)start);
        memcpy((void *)(uintptr_t)start, rows[i].code, rows[i].in_space);
        machine_run(&m);
        uint32_t eip = rows[i].in_space == rows[i].length ? USER_LIMIT : start;
        if (!ktap_ok(m.signal == SIGSEGV && m.address == USER_LIMIT && m.r.eip == eip,
                     "%s: SIGSEGV", rows[i].name))
            ktap_note("signal %d, eip %08x, address %08x", m.signal, m.r.eip, m.address);
    }
    struct machine m = machine_at(machine_code);
    memcpy(machine_code, "\xff\x33\x0f\x0b", 4); /* push (%ebx): reads across the end */
    m.r.ebx = USER_LIMIT - 2;
    machine_run(&m);
    ktap_ok(m.signal == SIGSEGV && m.address == USER_LIMIT, "a load across the end: SIGSEGV");
}

int main(void)
{
    ktap_begin();
    if (!on_postern()) {
        ktap_skip("another address map", "what a directory maps");
        return ktap_end();
    }
    alarm(100);
    machine_init();
    for (int door = 0; door < NR_DOORS; door++) {
        if (postern_get(POSTERN_DOORS) & 1 << door) {
            check_translations(door);
            check_fork(door);
        } else {
            ktap_skip("not on this machine", "%s: translations", door_names[door]);
        }
    }
    check_addresses();
    check_error_codes();
    check_calls();
    check_edge();
    return ktap_end();
}
