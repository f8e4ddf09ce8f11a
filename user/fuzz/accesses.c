/*
 * What of memory a call may access, as its manual page has it: found from its arguments and from
 * what they point to at the moment of the call.
 */
#include "user/fuzz/attempt.h"

#include <poll.h>
#include <stddef.h>
#include <string.h>

#include "trampoline/layout.h"

#define PATH_LIMIT    4096
#define STRING_LIMIT  131072
#define STRINGS_LIMIT 40

static void add(struct attempt *attempt, unsigned argument, uint32_t address, uint32_t size,
                int right, bool must)
{
    bool faults = arena_reach(address, size, right) < size;

    attempt->may_fault |= faults || address > USER_LIMIT || address + size > USER_LIMIT;
    attempt->must_fault |= faults && must;
    if (attempt->nr_accesses < ACCESSES_MAX)
        attempt->accesses[attempt->nr_accesses++] =
            (struct access){address, size, right, must, argument};
}

/* True with a copy of what is there, if all of it is. */
static bool fetch(uint32_t address, void *to, uint32_t size)
{
    if (arena_reach(address, size, ARENA_READ) < size)
        return false;
    memcpy(to, (const void *)address, size);
    return true;
}

static void add_string(struct attempt *attempt, unsigned argument, uint32_t address, uint32_t limit)
{
    uint32_t reach = arena_reach(address, limit, ARENA_READ);
    const char *end = reach ? memchr((const void *)address, 0, reach) : NULL;
    uint32_t size = end ? (uint32_t)end - address + 1 : reach < limit ? reach + 1 : limit;

    add(attempt, argument, address, size, ARENA_READ, !(attempt->traits & CHOOSES));
}

static void add_strings(struct attempt *attempt, unsigned argument, uint32_t address)
{
    uint32_t string;

    for (unsigned i = 0; i < STRINGS_LIMIT && address; i++, address += 4) {
        add(attempt, argument, address, 4, ARENA_READ, true);
        if (!fetch(address, &string, 4) || !string)
            return;
        add_string(attempt, argument, string, STRING_LIMIT);
    }
    attempt->may_fault |= address != 0; /* more of them than are looked at */
}

/* Success does not mean that each element was accessed: a transfer may end before. */
static void add_vector(struct attempt *attempt, unsigned argument, int right)
{
    const struct argument *a = &attempt->call->arguments[argument];
    uint32_t address = attempt->values[argument], count = attempt->values[a->detail], element[2];

    if (count > 1024)
        return;
    add(attempt, argument, address, count * 8, ARENA_READ, true);
    for (uint32_t i = 0; i < count; i++) {
        if (!fetch(address + 8 * i, element, sizeof(element)))
            return;
        attempt->may_fault |= i > 32;
        add(attempt, argument, element[0], element[1], right, false);
    }
}

/* --- arguments that are sometimes pointers ---------------------------------------------------- */

/* Commands whose argument is a pointer to size bytes; size 0: to none. */
static const struct command {
    uint16_t call;
    uint8_t
        argument; /* that is the pointer; the command is the one before, or for prctl the first */
    uint8_t size;
    uint8_t rights;
    uint32_t command;
} commands[] = {
    {NR_ioctl, 2, 36, ARENA_WRITE, 0x5401},
    {NR_ioctl, 2, 36, ARENA_READ, 0x5402},
    {NR_ioctl, 2, 36, ARENA_READ, 0x5403},
    {NR_ioctl, 2, 36, ARENA_READ, 0x5404},
    {NR_ioctl, 2, 0, 0, 0x540b},
    {NR_ioctl, 2, 4, ARENA_WRITE, 0x540f},
    {NR_ioctl, 2, 4, ARENA_READ, 0x5410},
    {NR_ioctl, 2, 4, ARENA_WRITE, 0x5411},
    {NR_ioctl, 2, 8, ARENA_WRITE, 0x5413},
    {NR_ioctl, 2, 8, ARENA_READ, 0x5414},
    {NR_ioctl, 2, 4, ARENA_WRITE, 0x541b},
    {NR_ioctl, 2, 4, ARENA_READ, 0x5421},
    {NR_ioctl, 2, 4, ARENA_WRITE, 0x5424},
    {NR_ioctl, 2, 4, ARENA_WRITE, 0x5429},
    {NR_ioctl, 2, 0, 0, 0x5450},
    {NR_ioctl, 2, 0, 0, 0x5451},
    {NR_ioctl, 2, 44, ARENA_WRITE, 0x802c542a},
    {NR_ioctl, 2, 44, ARENA_READ, 0x402c542b},
    {NR_ioctl, 2, 4, ARENA_WRITE, 0x80045430},
    {NR_ioctl, 2, 4, ARENA_READ, 0x40045431},
    {NR_ioctl, 2, 4, ARENA_WRITE, 0x80045439},
    {NR_fcntl, 2, 0, 0, 0},
    {NR_fcntl, 2, 0, 0, 1},
    {NR_fcntl, 2, 0, 0, 2},
    {NR_fcntl, 2, 0, 0, 3},
    {NR_fcntl, 2, 0, 0, 4},
    {NR_fcntl, 2, 16, 3, 5},
    {NR_fcntl, 2, 16, ARENA_READ, 6},
    {NR_fcntl, 2, 16, ARENA_READ, 7},
    {NR_fcntl, 2, 0, 0, 1030},
    {NR_fcntl64, 2, 0, 0, 0},
    {NR_fcntl64, 2, 0, 0, 1},
    {NR_fcntl64, 2, 0, 0, 2},
    {NR_fcntl64, 2, 0, 0, 3},
    {NR_fcntl64, 2, 0, 0, 4},
    {NR_fcntl64, 2, 16, 3, 5},
    {NR_fcntl64, 2, 16, ARENA_READ, 6},
    {NR_fcntl64, 2, 16, ARENA_READ, 7},
    {NR_fcntl64, 2, 24, 3, 12},
    {NR_fcntl64, 2, 24, ARENA_READ, 13},
    {NR_fcntl64, 2, 24, ARENA_READ, 14},
    {NR_fcntl64, 2, 8, ARENA_READ, 15},
    {NR_fcntl64, 2, 8, ARENA_WRITE, 16},
    {NR_fcntl64, 2, 0, 0, 1030},
    {NR_prctl, 1, 0, 0, 1},
    {NR_prctl, 1, 4, ARENA_WRITE, 2},
    {NR_prctl, 1, 0, 0, 3},
    {NR_prctl, 1, 0, 0, 4},
    {NR_prctl, 1, 16, ARENA_WRITE, 16},
    {NR_prctl, 1, 4, ARENA_WRITE, 25},
    {NR_prctl, 1, 0, 0, 36},
    {NR_prctl, 1, 4, ARENA_WRITE, 37},
    {NR_prctl, 1, 0, 0, 38},
    {NR_prctl, 1, 0, 0, 39},
    {NR_prctl, 1, 8, ARENA_WRITE, 40},
};

static const struct command *find_command(const struct attempt *attempt, unsigned argument)
{
    uint32_t command = attempt->values[attempt->call->number == NR_prctl ? 0 : 1];

    for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (commands[i].call == attempt->call->number && commands[i].command == command)
            return commands[i].argument == argument ? &commands[i] : NULL;
    }
    return NULL;
}

static void add_futex(struct attempt *attempt, unsigned argument)
{
    int op = attempt->values[1] & 127, size = attempt->call->number == NR_futex ? 8 : 16;

    if (argument == 3 && (op == 0 || op == 6 || op == 9 || op == 11 || op == 13))
        add(attempt, argument, attempt->values[3], attempt->values[3] ? size : 0, ARENA_READ,
            false);
    if (argument == 4)
        add(attempt, argument, attempt->values[4], 4, ARENA_WRITE, false);
}

/* What is not known may be a pointer to little, in either direction. */
static void add_maybe(struct attempt *attempt, unsigned argument)
{
    const struct command *command = find_command(attempt, argument);
    uint32_t address = attempt->values[argument];

    if (attempt->call->number == NR_futex || attempt->call->number == NR_futex_time64) {
        add_futex(attempt, argument);
    } else if (command) {
        bool must = attempt->call->number != NR_fcntl && attempt->call->number != NR_fcntl64;
        if (command->rights & ARENA_READ)
            add(attempt, argument, address, command->size, ARENA_READ, must);
        if (command->rights & ARENA_WRITE)
            add(attempt, argument, address, command->size, ARENA_WRITE, false);
    } else {
        attempt->may_fault = true;
        add(attempt, argument, address, 64, ARENA_WRITE, false);
    }
}

/* --- structures with pointers ----------------------------------------------------------------- */

static void add_select(struct attempt *attempt)
{
    uint32_t words[5];

    if (!fetch(attempt->values[0], words, sizeof(words)))
        return;
    uint32_t size = words[0] > 65536 ? PAGE : (words[0] + 31) / 32 * 4;
    for (int i = 1; i < 4; i++)
        add(attempt, 0, words[i], words[i] ? size : 0, ARENA_WRITE, false);
    add(attempt, 0, words[4], words[4] ? 8 : 0, ARENA_WRITE, false);
    for (int i = 1; i < 5; i++) /* a page that can be read is no fault until it is written */
        attempt->may_fault |= words[i] != 0 && arena_reach(words[i], size, ARENA_READ) < size;
}

static void add_mask(struct attempt *attempt)
{
    uint32_t words[2];

    if (fetch(attempt->values[5], words, sizeof(words)))
        add(attempt, 5, words[0], words[0] ? 8 : 0, ARENA_READ, false);
}

/* What is found of each descriptor, also of none, is stored in the last bytes of its row. */
static void add_poll(struct attempt *attempt)
{
    uint32_t count = attempt->values[1], first = offsetof(struct pollfd, revents);

    if (count && count <= PAGE / sizeof(struct pollfd))
        add(attempt, 0, attempt->values[0] + first, count * sizeof(struct pollfd) - first,
            ARENA_WRITE, true);
}

static void add_message(struct attempt *attempt)
{
    uint32_t words[12];

    if (!fetch(attempt->values[2], words, sizeof(words)))
        return;
    add(attempt, 2, words[4], words[5], ARENA_READ, false);
    add(attempt, 2, words[6], words[7], ARENA_WRITE, false);
}

/* The results, and the page into which its calls write (contents.c). */
static void add_batch(struct attempt *attempt)
{
    uint32_t count = attempt->values[1];

    add(attempt, 2, attempt->values[2], count > 128 ? 0 : count * 4, ARENA_WRITE, false);
    add(attempt, 0, arena_address(10), PAGE, ARENA_WRITE, false);
}

static void add_nested(struct attempt *attempt)
{
    switch (attempt->call->number) {
    case NR_select:
        add_select(attempt);
        break;
    case NR_poll:
    case NR_ppoll:
    case NR_ppoll_time64:
        add_poll(attempt);
        break;
    case NR_pselect6:
    case NR_pselect6_time64:
        add_mask(attempt);
        break;
    case NR_ipc_message:
        add_message(attempt);
        break;
    case NR_postern_batch:
        add_batch(attempt);
        break;
    case NR_socketcall: /* its first argument says how many words the second points to */
        attempt->may_fault = true;
        break;
    case NR_mremap: /* EFAULT is also its word for what is not mapped */
        attempt->may_fault = true;
        break;
    case NR_prctl:
        if (attempt->values[0] == 15)
            add_string(attempt, 1, attempt->values[1], 15); /* behind which it is cut */
        break;
    }
}

/* --- all ---------------------------------------------------------------------------------------
 */

static void add_plain(struct attempt *attempt, unsigned argument)
{
    const struct argument *a = &attempt->call->arguments[argument];
    uint32_t address = attempt->values[argument];
    uint32_t size = call_extent(attempt->call, argument, attempt->values);
    bool fixed = a->kind == KIND_IN || a->kind == KIND_OUT || a->kind == KIND_INOUT;
    bool must = fixed && !call_counts(attempt->call, argument) && !(attempt->traits & CHOOSES);

    if (!address && fixed) { /* many structures may be left out, but not all */
        size = 0;
        attempt->may_fault = true;
    }
    if (kind_is_read(a->kind))
        add(attempt, argument, address, size, ARENA_READ, must);
    if (kind_is_written(a->kind))
        add(attempt, argument, address, size, ARENA_WRITE,
            must && a->kind == KIND_OUT && !(attempt->traits & DISCARDS));
}

void accesses_find(struct attempt *attempt)
{
    attempt->nr_accesses = 0;
    attempt->may_fault = attempt->must_fault = false;
    for (unsigned i = 0; i < 6; i++) {
        switch (attempt->call->arguments[i].kind) {
        case KIND_PATH:
            add_string(attempt, i, attempt->values[i], PATH_LIMIT);
            break;
        case KIND_STRINGS:
            add_strings(attempt, i, attempt->values[i]);
            break;
        case KIND_IN_VECTOR:
            add_vector(attempt, i, ARENA_READ);
            break;
        case KIND_OUT_VECTOR:
            add_vector(attempt, i, ARENA_WRITE);
            break;
        case KIND_MAYBE:
            add_maybe(attempt, i);
            break;
        default:
            if (kind_is_pointer(attempt->call->arguments[i].kind))
                add_plain(attempt, i);
        }
    }
    add_nested(attempt);
}
