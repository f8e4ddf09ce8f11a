/*
 * A call that changes nothing is made twice: first with pointers to good memory that nobody else
 * uses, then as the step has it. What it gave the first time is due the second time, to the byte.
 */
#include "user/fuzz/oracle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/lib/postern.h"

#define ROOM 8192

static struct {
    uint32_t values[6];
    uint32_t size[6]; /* of what argument n points to; 0: of nothing */
    uint8_t before[6][ROOM], bytes[6][ROOM];
    long result;
    bool made;
} reference;

static int poison; /* 0: off */

static uint32_t size_of(const struct attempt *attempt, unsigned argument)
{
    if (attempt->call->arguments[argument].kind != KIND_PATH)
        return call_extent(attempt->call, argument, attempt->values);
    for (unsigned i = 0; i < attempt->nr_accesses; i++) {
        if (attempt->accesses[i].argument == argument)
            return attempt->accesses[i].size;
    }
    return UINT32_MAX;
}

/* Good memory in place of an argument's, with the same bytes in it. */
static bool replace(const struct attempt *attempt, unsigned argument)
{
    uint32_t address = attempt->values[argument], size = size_of(attempt, argument);
    uint32_t reach = arena_reach(address, size, ARENA_READ);

    if (size > ROOM)
        return false;
    memset(reference.before[argument], 0x41, size);
    memcpy(reference.before[argument], (const void *)address, reach);
    memcpy(reference.bytes[argument], reference.before[argument], size);
    reference.size[argument] = size;
    reference.values[argument] = (uint32_t)reference.bytes[argument];
    return true;
}

bool reference_before(const struct attempt *attempt)
{
    memcpy(reference.values, attempt->values, sizeof(reference.values));
    memset(reference.size, 0, sizeof(reference.size));
    reference.made = false;
    for (unsigned i = 0; i < 6; i++) {
        int kind = attempt->call->arguments[i].kind;
        if (kind == KIND_STRINGS || kind == KIND_IN_VECTOR || kind == KIND_OUT_VECTOR)
            return false;
        if (kind_is_pointer(kind) && attempt->values[i] && !replace(attempt, i))
            return false;
    }
    const uint32_t *v = reference.values;
    reference.result =
        syscall_via(DOOR_INT80, attempt->call->number, v[0], v[1], v[2], v[3], v[4], v[5]);
    reference.made = true;
    return true;
}

/* How many bytes the call is known to have written through that argument. */
static uint32_t written(unsigned argument)
{
    uint32_t size = reference.size[argument];

    while (size && reference.bytes[argument][size - 1] == reference.before[argument][size - 1])
        size--;
    return size;
}

static bool must_fault(const struct attempt *attempt)
{
    if (attempt->must_fault)
        return true;
    for (unsigned i = 0; i < 6; i++) {
        uint32_t size = reference.size[i] ? written(i) : 0;
        if (size && arena_reach(attempt->values[i], size, ARENA_WRITE) < size)
            return true;
    }
    return false;
}

static bool check_bytes(const struct attempt *attempt, char *text)
{
    for (unsigned i = 0; i < 6; i++) {
        const uint8_t *seen = (const uint8_t *)attempt->values[i];
        if (!reference.size[i] || !kind_is_written(attempt->call->arguments[i].kind) ||
            arena_reach(attempt->values[i], reference.size[i], ARENA_READ) < reference.size[i])
            continue;
        for (uint32_t j = 0; j < reference.size[i]; j++) {
            if (seen[j] == reference.bytes[i][j])
                continue;
            snprintf(text, REASON_SIZE, "byte %u of %s is %#x, not %#x", j,
                     attempt->call->arguments[i].name, seen[j], reference.bytes[i][j]);
            return false;
        }
    }
    return true;
}

bool reference_after(const struct attempt *attempt, char *text)
{
    long result = attempt->result, due = reference.result;
    bool is_volatile = attempt->traits & VOLATILE, must = must_fault(attempt);

    if (oracle_overlaps(attempt))
        return true;
    if (must && due >= 0 && result != -EFAULT) {
        snprintf(text, REASON_SIZE, "%ld, though it must be EFAULT", result);
        return false;
    }
    if (result == -EFAULT ? attempt->may_fault : is_volatile && (result < 0) == (due < 0))
        return true;
    if (result != due) {
        snprintf(text, REASON_SIZE, "%ld, but %ld with other pointers", result, due);
        return false;
    }
    return is_volatile || check_bytes(attempt, text);
}

/* --- bytes of the kernel's -----------------------------------------------------------------------
 */

void reference_set_poison(int byte)
{
    poison = byte;
    postern_set(POSTERN_POISON, byte);
}

/* Whether a byte that the reference wrote is whatever the kernel's memory holds. */
static bool follows_poison(const struct attempt *attempt, unsigned argument, uint32_t at)
{
    static const uint8_t others[] = {0xc3, 0x96, 0x5a};
    bool follows = true;

    for (unsigned i = 0; i < sizeof(others) && follows; i++) {
        postern_set(POSTERN_POISON, others[i]);
        follows = reference_before(attempt) && reference.bytes[argument][at] == others[i];
    }
    postern_set(POSTERN_POISON, poison);
    return follows;
}

static bool check_reference_leaks(const struct attempt *attempt, char *text)
{
    for (unsigned i = 0; i < 6; i++) {
        for (uint32_t j = 0; j < reference.size[i]; j++) {
            if (reference.bytes[i][j] == poison && reference.before[i][j] != poison &&
                follows_poison(attempt, i, j)) {
                snprintf(text, REASON_SIZE, "byte %u of %s is the kernel's", j,
                         attempt->call->arguments[i].name);
                return false;
            }
        }
    }
    return true;
}

/* Three in a row are no accident where a call cannot be made again. */
static bool check_run_of_poison(const struct access *a, char *text)
{
    uint32_t size = arena_reach(a->address, a->size, a->right), run = 0;

    for (uint32_t i = 0; i < size && i < ROOM; i++) {
        const uint8_t *model = arena_model(a->address + i);
        uint8_t byte = *(const uint8_t *)(a->address + i);
        run = model && byte == poison && *model != poison ? run + 1 : 0;
        if (run == 3) {
            snprintf(text, REASON_SIZE, "bytes at %#x are the kernel's", a->address + i - 2);
            return false;
        }
    }
    return true;
}

bool reference_leaks(const struct attempt *attempt, char *text)
{
    if (!poison)
        return true;
    if (attempt->traits & PURE)
        return !reference.made || check_reference_leaks(attempt, text);
    for (unsigned i = 0; i < attempt->nr_accesses; i++) {
        if ((attempt->accesses[i].right & ARENA_WRITE) &&
            !check_run_of_poison(&attempt->accesses[i], text))
            return false;
    }
    return true;
}
