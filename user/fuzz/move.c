#define _GNU_SOURCE
#include "user/fuzz/move.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/fuzz/arena.h"
#include "user/lib/syscall.h"

enum move { PROTECT, UNMAP, MAP, MAP_FRESH, REFILL, TOUCH, STORE, FORK, DISCARD, NR_MOVES };

#define BOTH      (PROT_READ | PROT_WRITE)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)

/* What a move is about: pages of the churn, and a byte in the first. */
struct place {
    unsigned page, count;
    uint32_t address, size, byte;
    int protection;
};

static struct place place_of(struct step step)
{
    static const int protections[] = {PROT_NONE, PROT_READ, PROT_READ, BOTH, BOTH};
    struct draw d = draw_for(step, 0);
    struct place p = {.page = ARENA_CHURN + draw_below(&d, ARENA_CHURN_END - ARENA_CHURN)};

    p.count = draw_once_in(&d, 3) ? 1 + draw_below(&d, ARENA_CHURN_END - p.page) : 1;
    p.address = arena_address(p.page);
    p.size = p.count * PAGE;
    p.byte = p.address + draw_below(&d, PAGE);
    p.protection = draw_of(&d, protections);
    return p;
}

static int rights_of(int protection)
{
    return protection == BOTH ? ARENA_READ | ARENA_WRITE : protection ? ARENA_READ : 0;
}

/* --- faults of the fuzzer's own ----------------------------------------------------------------
 */

static sigjmp_buf fault_landing;
static volatile sig_atomic_t fault_expected;

static void catch_fault(int signal)
{
    if (fault_expected)
        siglongjmp(fault_landing, 1);
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signal, &action, NULL);
}

void move_init(void)
{
    struct sigaction action = {.sa_handler = catch_fault, .sa_flags = SA_NODEFER};

    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

/* Whether the access succeeds. */
static bool can_access(uint32_t address, bool write)
{
    volatile uint8_t *byte = (volatile uint8_t *)address;
    bool can = false;

    if (sigsetjmp(fault_landing, 0) == 0) {
        fault_expected = 1;
        uint8_t value = *byte;
        if (write)
            *byte = value;
        can = true;
    }
    fault_expected = 0;
    return can;
}

/* --- the moves ---------------------------------------------------------------------------------
 */

/* Pages that are mapped keep what they hold, those of a hole stay one. */
static void protect(struct place p)
{
    for (unsigned i = p.page; i < p.page + p.count; i++) {
        if (!syscall_raw(NR_mprotect, arena_address(i), PAGE, p.protection))
            arena_set_rights(i, rights_of(p.protection));
    }
}

static void unmap(struct place p)
{
    munmap((void *)p.address, p.size);
    for (unsigned i = p.page; i < p.page + p.count; i++)
        arena_set_rights(i, 0);
}

static void set_model(struct place p, bool pattern)
{
    for (unsigned i = p.page; i < p.page + p.count; i++) {
        uint32_t address = arena_address(i);
        uint8_t *model = arena_model(address);
        arena_set_rights(i, rights_of(p.protection));
        if (pattern)
            arena_pattern_page(model, address);
        else
            memset(model, 0, PAGE);
    }
}

static void map(struct place p, bool fill)
{
    int protection = p.protection;

    p.protection = BOTH;
    mmap((void *)p.address, p.size, BOTH, ANONYMOUS, -1, 0);
    set_model(p, fill);
    for (unsigned i = p.page; fill && i < p.page + p.count; i++)
        memcpy((void *)arena_address(i), arena_model(arena_address(i)), PAGE);
    p.protection = protection;
    if (protection != BOTH)
        protect(p);
}

void move_refill(void)
{
    map((struct place){ARENA_CHURN, ARENA_CHURN_END - ARENA_CHURN, arena_address(ARENA_CHURN),
                       (ARENA_CHURN_END - ARENA_CHURN) * PAGE, 0, BOTH},
        true);
}

/* A child that writes, and a parent that does: each its own copy. */
static void fork_and_store(struct place p)
{
    pid_t pid = fork();

    if (pid == 0) {
        if (arena_rights(p.page) & ARENA_WRITE)
            memset((void *)p.address, 'c', 64);
        _exit(0);
    }
    while (pid > 0 && waitpid(pid, NULL, 0) < 0)
        ;
}

static void discard(struct place p)
{
    if (arena_rights(p.page) && !madvise((void *)p.address, PAGE, MADV_DONTNEED)) {
        uint8_t *model = arena_model(p.address);
        memset(model, 0, PAGE);
    }
}

static bool look(struct place p, char *what, unsigned size)
{
    for (int write = 0; write < 2; write++) {
        bool allowed = arena_rights(p.page) & (write ? ARENA_WRITE : ARENA_READ);
        if (can_access(p.byte, write) != allowed) {
            snprintf(what, size, "user mode can%s %s %#x", allowed ? "not" : "",
                     write ? "write" : "read", p.byte);
            return false;
        }
    }
    return true;
}

bool move_make(struct step step, char *what, unsigned size)
{
    struct place p = place_of(step);

    switch (step.number - MOVE_FIRST) {
    case PROTECT:
        protect(p);
        break;
    case UNMAP:
        unmap(p);
        break;
    case MAP:
        map(p, true);
        break;
    case MAP_FRESH:
        map(p, false);
        break;
    case REFILL:
        move_refill();
        break;
    case TOUCH:
        return look(p, what, size);
    case STORE:
        arena_store(p.byte, &p.byte, 1);
        break;
    case FORK:
        fork_and_store(p);
        break;
    case DISCARD:
        discard(p);
        break;
    }
    return true;
}

struct step move_draw(struct draw *d)
{
    static const uint8_t moves[] = {PROTECT, PROTECT, PROTECT, PROTECT, UNMAP,  UNMAP,     UNMAP,
                                    MAP,     MAP,     MAP,     MAP,     MAP,    MAP_FRESH, TOUCH,
                                    TOUCH,   TOUCH,   TOUCH,   STORE,   REFILL, DISCARD};
    unsigned move = draw_once_in(d, 256) ? FORK : draw_of(d, moves);

    return (struct step){MOVE_FIRST + move, draw(d) & 0xffffff, draw(d) & 0xffffff};
}

static void print_pages(char *text, unsigned size, const char *call, struct place p,
                        const char *rest)
{
    snprintf(text, size, "%s((void *)%#x, %#x%s)", call, p.address, p.size, rest);
}

void move_print(struct step step, char *text, unsigned size)
{
    struct place p = place_of(step);
    char rest[80];

    switch (step.number - MOVE_FIRST) {
    case PROTECT:
        snprintf(rest, sizeof(rest), ", %d", p.protection);
        print_pages(text, size, "mprotect", p, rest);
        break;
    case UNMAP:
        print_pages(text, size, "munmap", p, "");
        break;
    case MAP:
    case MAP_FRESH:
        snprintf(rest, sizeof(rest), ", %d, %d", p.protection, step.number == MOVE_FIRST + MAP);
        print_pages(text, size, "fuzzed_map", p, rest);
        break;
    case REFILL:
        snprintf(text, size, "fuzzed_map((void *)%#x, %#x, %d, 1)", arena_address(ARENA_CHURN),
                 (ARENA_CHURN_END - ARENA_CHURN) * PAGE, BOTH);
        break;
    case TOUCH:
        snprintf(text, size, "fuzzed_touch(%#x, %d)", p.byte, arena_rights(p.page));
        break;
    case STORE:
        snprintf(text, size, "fuzzed_store(%#x)", p.byte);
        break;
    case FORK:
        snprintf(text, size, "fuzzed_fork(%#x)", p.address);
        break;
    case DISCARD:
        snprintf(text, size, "madvise((void *)%#x, %#x, MADV_DONTNEED)", p.address, PAGE);
        break;
    default:
        snprintf(text, size, "move %d", step.number);
    }
}
