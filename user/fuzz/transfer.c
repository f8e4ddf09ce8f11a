/*
 * Reads and writes of the world's descriptors: how many bytes move and which they are is known
 * before the call. What one of these calls refuses in more than one way, it may refuse in any of
 * them.
 */
#include "user/fuzz/oracle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trampoline/layout.h"
#include "user/fuzz/world.h"

#define STREAM       65536
#define SEGMENTS_MAX 32

struct segment {
    uint32_t address, size;
};

static struct {
    int fd;
    bool writes; /* from user memory */
    bool loose;  /* other results than the expected one are right, too */
    bool at_offset;
    bool out_of_range; /* a buffer is, or its end */
    bool may_be_less;  /* than expected, by some bytes or all */
    int64_t position;
    struct segment segments[SEGMENTS_MAX];
    unsigned nr_segments;
    int errors[8]; /* any of which may be the result */
    unsigned nr_errors;
    uint8_t stream[STREAM]; /* what comes, or goes */
    uint32_t total;         /* size of the segments */
    uint32_t available;     /* bytes that there are to read */
    long expected;
} transfer;

static const struct transfer_call {
    uint16_t number;
    bool writes, vector, at_offset;
} transfer_calls[] = {
    {NR_read, false, false, false},   {NR_write, true, false, false},
    {NR_readv, false, true, false},   {NR_writev, true, true, false},
    {NR_pread64, false, false, true}, {NR_pwrite64, true, false, true},
    {NR_preadv, false, true, true},   {NR_pwritev, true, true, true},
};

static void may_be(int error)
{
    for (unsigned i = 0; i < transfer.nr_errors; i++) {
        if (transfer.errors[i] == error)
            return;
    }
    if (transfer.nr_errors < sizeof(transfer.errors) / sizeof(transfer.errors[0]))
        transfer.errors[transfer.nr_errors++] = error;
}

/* --- the buffers ---------------------------------------------------------------------------------
 */

static void add_segment(uint32_t address, uint32_t size)
{
    if (size > INT32_MAX)
        transfer.loose = true; /* a negative length, or one that 64-bit kernels clip */
    if (address > USER_LIMIT || size > USER_LIMIT - address) {
        may_be(EFAULT);
        transfer.out_of_range = true; /* whatever the size */
        transfer.loose |= options.portable || size > INT32_MAX;
    }
    transfer.segments[transfer.nr_segments++] = (struct segment){address, size};
}

static void find_segments(const struct attempt *attempt, bool vector)
{
    uint32_t address = attempt->values[1], count = attempt->values[2], element[2];

    transfer.nr_segments = 0;
    if (!vector) {
        add_segment(address, count);
        return;
    }
    if (count > 1024) {
        may_be(EINVAL);
        return;
    }
    if (arena_reach(address, count * 8, ARENA_READ) < count * 8)
        may_be(EFAULT);
    transfer.loose |= count > SEGMENTS_MAX;
    for (uint32_t i = 0; i < count && i < SEGMENTS_MAX; i++) {
        if (arena_reach(address + 8 * i, 8, ARENA_READ) < 8)
            return;
        memcpy(element, (const void *)(address + 8 * i), sizeof(element));
        if ((int32_t)element[1] < 0)
            may_be(EINVAL);
        add_segment(element[0], element[1]);
    }
}

static uint32_t total_size(void)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < transfer.nr_segments; i++)
        total += transfer.segments[i].size;
    return total > 0x7ffff000 ? 0x7ffff000 : total;
}

/* How many of limit bytes can move before the memory ends. */
static uint32_t reach(uint32_t limit, int right)
{
    uint32_t moved = 0;

    for (unsigned i = 0; i < transfer.nr_segments && moved < limit; i++) {
        uint32_t size = transfer.segments[i].size;
        if (size > limit - moved)
            size = limit - moved;
        uint32_t there = arena_reach(transfer.segments[i].address, size, right);
        moved += there;
        if (there < size)
            break;
    }
    return moved;
}

/* What lies in the segments, up to the stream's size. */
static void gather(uint32_t size)
{
    uint32_t done = 0;

    for (unsigned i = 0; i < transfer.nr_segments && done < size; i++) {
        uint32_t part =
            transfer.segments[i].size < size - done ? transfer.segments[i].size : size - done;
        part = arena_reach(transfer.segments[i].address, part, ARENA_READ);
        memcpy(transfer.stream + done, (const void *)transfer.segments[i].address, part);
        done += part;
    }
}

/* --- what is expected
 * ------------------------------------------------------------------------------ */

static void empty_pipe(void)
{
    static char bytes[STREAM];

    while (read(FD_READER, bytes, sizeof(bytes)) > 0)
        ;
}

static void fill_pipe(struct step step)
{
    static const uint16_t counts[] = {0, 1, 10, 100, 1000, 4095, 4096};
    struct draw d = draw_for(step, DRAW_STEP + 8);

    empty_pipe();
    transfer.available = draw_of(&d, counts);
    for (uint32_t i = 0; i < transfer.available; i++)
        transfer.stream[i] = 0x40 + draw_mix(step.seed + i) % 63;
    write(FD_WRITER, transfer.stream, transfer.available);
}

/* A pipe takes and gives the pieces that lie in one page of its own, and drops one that faults: how
 * much before the fault moves is its own affair. */
static void expect_of_pipe(uint32_t limit, int right)
{
    uint32_t there = reach(limit, right);

    transfer.expected = there;
    transfer.may_be_less = there < limit;
}

static void expect_count(uint32_t total, uint32_t limit, int right)
{
    uint32_t there = reach(limit, right);

    transfer.expected = there || !limit || !total ? (long)there : -EFAULT;
}

static void expect_read(struct step step, uint32_t total)
{
    switch (transfer.fd) {
    case FD_ZERO:
    case FD_FULL:
        memset(transfer.stream, 0, STREAM);
        expect_count(total, total, ARENA_WRITE);
        transfer.may_be_less = options.portable && total > PAGE; /* Linux looks for signals */
        break;
    case FD_NULL:
        transfer.expected = 0;
        break;
    case FD_FILE:
    case FD_SCRATCH:
        transfer.available = 0;
        long count =
            pread(transfer.fd, transfer.stream, total < STREAM ? total : STREAM, transfer.position);
        if (count > 0)
            transfer.available = count;
        transfer.loose |= transfer.available == STREAM;
        expect_count(total, transfer.available, ARENA_WRITE);
        break;
    case FD_READER:
        fill_pipe(step);
        if (total && !transfer.available)
            may_be(EAGAIN);
        expect_of_pipe(total < transfer.available ? total : transfer.available, ARENA_WRITE);
        break;
    case FD_DIRECTORY:
        may_be(EISDIR);
        break;
    default:
        may_be(EBADF);
    }
}

static void expect_write(uint32_t total)
{
    gather(total < STREAM ? total : STREAM);
    switch (transfer.fd) {
    case FD_NULL:
        transfer.expected = total;
        break;
    case FD_FULL:
        transfer.loose |= !total;
        may_be(ENOSPC);
        break;
    case FD_SCRATCH:
        transfer.loose |= transfer.position > 1 << 30;
        expect_count(total, total, ARENA_READ);
        break;
    case FD_WRITER:
        empty_pipe();
        transfer.loose |= total > STREAM / 2;
        expect_of_pipe(total, ARENA_READ);
        break;
    default:
        may_be(EBADF);
    }
}

static bool is_known(int fd)
{
    return (fd >= FD_ZERO && fd <= FD_DIRECTORY) || fd == -1 || fd == 49 || fd == 99;
}

/* Where FD_FILE and FD_SCRATCH are read and written. */
static void find_position(const struct attempt *attempt)
{
    if (!transfer.at_offset) {
        bool has_one = transfer.fd == FD_FILE || transfer.fd == FD_SCRATCH;
        transfer.position = has_one ? lseek(transfer.fd, 0, SEEK_CUR) : 0;
        return;
    }
    transfer.position = (int64_t)((uint64_t)attempt->values[4] << 32 | attempt->values[3]);
    if (transfer.position < 0 || transfer.position > INT64_MAX - transfer.total)
        may_be(EINVAL);
    if (transfer.fd == FD_READER || transfer.fd == FD_WRITER)
        may_be(ESPIPE);
}

bool transfer_before(struct attempt *attempt, struct step step)
{
    const struct transfer_call *call = transfer_calls;
    const struct transfer_call *end = call + sizeof(transfer_calls) / sizeof(transfer_calls[0]);

    while (call < end && call->number != attempt->call->number)
        call++;
    transfer.fd = attempt->values[0];
    if (call == end)
        return false;
    transfer.writes = call->writes;
    transfer.at_offset = call->at_offset;
    transfer.loose = transfer.may_be_less = transfer.out_of_range = false;
    transfer.nr_errors = 0;
    find_segments(attempt, call->vector);
    if (options.portable && transfer.out_of_range) /* user space ends later for 64-bit kernels */
        attempt->traits |= UNCOMPARED;
    if (!is_known(transfer.fd))
        return false;
    transfer.total = total_size();
    find_position(attempt);
    transfer.expected = 0;
    if (call->writes)
        expect_write(transfer.total);
    else
        expect_read(step, transfer.total);
    if (transfer.loose || transfer.may_be_less)
        attempt->traits |= UNCOMPARED;
    return true;
}

/* --- what has come
 * --------------------------------------------------------------------------------- */

/* The stream to the model of the segments, as the call must have done with memory. */
static void deliver(uint32_t size)
{
    uint32_t done = 0;

    for (unsigned i = 0; i < transfer.nr_segments && done < size; i++) {
        for (uint32_t j = 0; j < transfer.segments[i].size && done < size; j++, done++) {
            uint8_t *model = arena_model(transfer.segments[i].address + j);
            if (model && done < STREAM)
                *model = transfer.stream[done];
            else if (model)
                arena_accept(transfer.segments[i].address + j, 1);
        }
    }
}

/* What a failed or unpredicted read may have left. */
static void accept_segments(void)
{
    for (unsigned i = 0; i < transfer.nr_segments; i++) {
        const struct segment *s = &transfer.segments[i];
        arena_accept(s->address, arena_reach(s->address, s->size, ARENA_WRITE));
    }
}

static bool check_written(uint32_t size, char *text)
{
    static uint8_t bytes[STREAM];
    long count;

    if (transfer.fd != FD_WRITER && transfer.fd != FD_SCRATCH)
        return true;
    if (size > STREAM)
        size = STREAM;
    count = transfer.fd == FD_WRITER ? read(FD_READER, bytes, STREAM)
                                     : pread(FD_SCRATCH, bytes, size, transfer.position);
    if (count < 0 && !size)
        count = 0;
    if (count != (long)size || memcmp(bytes, transfer.stream, size)) {
        snprintf(text, REASON_SIZE, "%u bytes written, but %ld of them arrived, or others", size,
                 count);
        return false;
    }
    return true;
}

static bool is_allowed(long result)
{
    for (unsigned i = 0; i < transfer.nr_errors; i++) {
        if (result == -transfer.errors[i])
            return true;
    }
    if (transfer.may_be_less && (result == -EFAULT || (result > 0 && result <= transfer.expected)))
        return true;
    return transfer.loose || (result == transfer.expected &&
                              (!transfer.nr_errors || (!transfer.total && !transfer.out_of_range)));
}

bool transfer_after(const struct attempt *attempt, char *text)
{
    long result = attempt->result;

    if (!is_allowed(result)) {
        snprintf(text, REASON_SIZE, "%ld, not %ld", result,
                 transfer.nr_errors ? -transfer.errors[0] : transfer.expected);
        return false;
    }
    if (transfer.writes)
        return check_written(result > 0 ? result : 0, text);
    if (result > 0 && !transfer.nr_errors && !transfer.loose)
        deliver(result);
    else
        accept_segments();
    return true;
}
