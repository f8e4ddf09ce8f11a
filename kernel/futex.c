#include "kernel/futex.h"

#include "kernel/syscall.h"
#include "kernel/time.h"
#include "mm/space.h"
#include "mm/unsafe.h"

#define NR_BUCKETS   64
#define ROBUST_LIMIT 2048 /* entries of a robust list: a user may have made a ring of it */

struct futex_waiter {
    struct list link; /* in its key's bucket */
    struct futex_key key;
    uint32_t bits;
    bool woken;
    struct wait_queue queue;
};

static struct list buckets[NR_BUCKETS];

/* --- waiters by key ------------------------------------------------------------------------------
 */

static struct list *bucket_of(const struct futex_key *key)
{
    uint32_t hash = ((uintptr_t)key->owner >> 5) + (uint32_t)(key->offset >> 2);
    struct list *bucket = &buckets[hash % NR_BUCKETS];

    if (!bucket->next)
        list_init(bucket);
    return bucket;
}

static bool same_key(const struct futex_key *a, const struct futex_key *b)
{
    return a->owner == b->owner && a->offset == b->offset;
}

static void wake(struct futex_waiter *waiter)
{
    list_remove(&waiter->link);
    waiter->woken = true;
    wait_wake(&waiter->queue);
}

/* Wakes up to count waiters; how many. */
static int wake_key(const struct futex_key *key, int count, uint32_t bits)
{
    struct futex_waiter *waiter;
    int woken = 0;

    list_for_each(waiter, bucket_of(key), link) {
        if (woken >= count)
            break;
        if (!same_key(&waiter->key, key) || !(waiter->bits & bits))
            continue;
        wake(waiter);
        woken++;
    }
    return woken;
}

/* Lets up to count waiters of one key wait for another one; how many. */
static int requeue_key(const struct futex_key *from, const struct futex_key *to, int count)
{
    struct futex_waiter *waiter;
    struct list moved = LIST_INIT(moved);
    int done = 0;

    list_for_each(waiter, bucket_of(from), link) {
        if (done >= count)
            break;
        if (!same_key(&waiter->key, from))
            continue;
        list_remove(&waiter->link);
        list_insert(&moved, &waiter->link);
        done++;
    }
    list_for_each(waiter, &moved, link) {
        list_remove(&waiter->link);
        waiter->key = *to;
        list_insert(bucket_of(to), &waiter->link);
    }
    return done;
}

/* --- calls ---------------------------------------------------------------------------------------
 */

static int key_of(unsafe_u32 word, uint32_t op, struct futex_key *key)
{
    uint32_t value;

    if (word.address % sizeof(uint32_t))
        return -EINVAL;
    /* a word that others may share is looked for, and so must be readable; a private one is not */
    if (!(op & FUTEX_PRIVATE) && unsafe_peek32(&value, unsafe_as_bytes(word)))
        return -EFAULT;
    return space_futex_key(current_thread()->space, word.address, !(op & FUTEX_PRIVATE), key);
}

static long futex_wait(unsafe_u32 word, uint32_t op, uint32_t expected, uint64_t deadline,
                       uint32_t bits);

static long wait_go_on(const struct restart *record)
{
    const uint32_t *arguments = record->arguments;

    return futex_wait((unsafe_u32){.address = arguments[0]}, arguments[1], arguments[2],
                      record->until, arguments[3]);
}

/* Nothing runs between the look at the word and the sleep, so no wake can be lost. */
static long futex_wait(unsafe_u32 word, uint32_t op, uint32_t expected, uint64_t deadline,
                       uint32_t bits)
{
    struct futex_waiter waiter = {.bits = bits};
    uint32_t value;

    if (!bits)
        return -EINVAL;
    int error = key_of(word, op, &waiter.key);
    if (error)
        return error;
    if (unsafe_peek32(&value, unsafe_as_bytes(word)))
        return -EFAULT;
    if (value != expected)
        return -EAGAIN;
    wait_init(&waiter.queue);
    list_insert(bucket_of(&waiter.key), &waiter.link);
    error = wait_deadline(&waiter.queue, waiter.woken, deadline);
    if (!waiter.woken)
        list_remove(&waiter.link);
    if (error != -ERESTARTSYS || deadline == WAIT_FOREVER)
        return error;
    /* the length of time must not start all over */
    return restart_later(&(struct restart){
        .go_on = wait_go_on, .until = deadline, .arguments = {word.address, op, expected, bits}});
}

static long futex_wake(unsafe_u32 word, uint32_t op, int count, uint32_t bits)
{
    struct futex_key key;

    if (!bits)
        return -EINVAL;
    int error = key_of(word, op, &key);
    return error ? error : wake_key(&key, MAX(count, 1), bits);
}

static long futex_requeue(unsafe_u32 word, uint32_t op, int to_wake, int to_move, unsafe_u32 target,
                          const uint32_t *expected)
{
    struct futex_key from, to;
    uint32_t value;

    if (to_wake < 0 || to_move < 0)
        return -EINVAL;
    int error = key_of(word, op, &from);
    if (!error)
        error = key_of(target, op, &to);
    if (error)
        return error;
    if (expected) {
        if (unsafe_peek32(&value, unsafe_as_bytes(word)))
            return -EFAULT;
        if (value != *expected)
            return -EAGAIN;
    }
    int woken = wake_key(&from, to_wake, FUTEX_BITSET_ANY);
    return woken + requeue_key(&from, &to, to_move);
}

/* FUTEX_WAKE_OP's instruction: operation, comparison, and their two operands. */
struct wake_op {
    unsigned operation, comparison;
    int32_t operand, against;
};

static int decode(uint32_t code, struct wake_op *op)
{
    *op = (struct wake_op){
        .operation = code >> 28 & 7,
        .comparison = code >> 24 & 15,
        .operand = (int32_t)(code << 8) >> 20,
        .against = (int32_t)(code << 20) >> 20,
    };
    if (code >> 31) /* FUTEX_OP_ARG_SHIFT */
        op->operand = 1u << (op->operand & 31);
    return op->operation > 4 || op->comparison > 5 ? -ENOSYS : 0;
}

static uint32_t operate(const struct wake_op *op, uint32_t old)
{
    switch (op->operation) {
    case 0:
        return op->operand;
    case 1:
        return old + op->operand;
    case 2:
        return old | op->operand;
    case 3:
        return old & ~op->operand;
    default:
        return old ^ op->operand;
    }
}

static bool compare(const struct wake_op *op, int32_t old)
{
    switch (op->comparison) {
    case 0:
        return old == op->against;
    case 1:
        return old != op->against;
    case 2:
        return old < op->against;
    case 3:
        return old <= op->against;
    case 4:
        return old > op->against;
    default:
        return old >= op->against;
    }
}

static long futex_wake_op(unsafe_u32 word, uint32_t op, int count, int count2, unsafe_u32 word2,
                          uint32_t code)
{
    struct futex_key key, key2;
    struct wake_op instruction;
    uint32_t old;
    int error = key_of(word, op, &key);

    if (!error)
        error = key_of(word2, op, &key2);
    if (!error)
        error = decode(code, &instruction);
    if (error)
        return error;
    if (unsafe_peek32(&old, unsafe_as_bytes(word2)) ||
        unsafe_poke32(unsafe_as_bytes(word2), operate(&instruction, old)))
        return -EFAULT;
    int woken = wake_key(&key, MAX(count, 1), FUTEX_BITSET_ANY);
    if (compare(&instruction, old))
        woken += wake_key(&key2, MAX(count2, 1), FUTEX_BITSET_ANY);
    return woken;
}

/* FUTEX_WAIT's time is a length, FUTEX_WAIT_BITSET's a point on one of two clocks. */
static uint64_t deadline_of(uint32_t op, const struct timespec64 *time)
{
    /* more than a century: the clock ends first */
    uint64_t length =
        (uint64_t)MIN(time->seconds, (int64_t)INT32_MAX) * NANOSECONDS + time->nanoseconds;

    if ((op & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME)) == FUTEX_WAIT)
        return time_now() + length;
    if (!(op & FUTEX_CLOCK_REALTIME))
        return length;
    uint64_t wall = time_realtime();
    return length > wall ? time_now() + (length - wall) : 0;
}

static bool takes_time(uint32_t command)
{
    return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET;
}

static long futex(unsafe_u32 word, uint32_t op, uint32_t value, uint64_t deadline, uint32_t value2,
                  unsafe_u32 word2, uint32_t value3)
{
    uint32_t command = op & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME);

    if ((op & FUTEX_CLOCK_REALTIME) && command != FUTEX_WAIT_BITSET)
        return -ENOSYS;
    switch (command) {
    case FUTEX_WAIT:
        return futex_wait(word, op, value, deadline, FUTEX_BITSET_ANY);
    case FUTEX_WAIT_BITSET:
        return futex_wait(word, op, value, deadline, value3);
    case FUTEX_WAKE:
        return futex_wake(word, op, value, FUTEX_BITSET_ANY);
    case FUTEX_WAKE_BITSET:
        return futex_wake(word, op, value, value3);
    case FUTEX_REQUEUE:
        return futex_requeue(word, op, value, value2, word2, NULL);
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(word, op, value, value2, word2, &value3);
    case FUTEX_WAKE_OP:
        return futex_wake_op(word, op, value, value2, word2, value3);
    }
    return -ENOSYS;
}

/* The fourth argument is a time or a number, depending on the operation. */
SYSCALL_DEFINE6(futex, unsafe_u32, word, uint32_t, op, uint32_t, value, unsafe_timespec, time,
                unsafe_u32, word2, uint32_t, value3)
{
    uint64_t deadline = WAIT_FOREVER;
    struct timespec t;

    if (takes_time(op & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME)) && !unsafe_is_null(time)) {
        if (copy_object_u2k(&t, time))
            return -EFAULT;
        struct timespec64 wide = {.seconds = t.seconds, .nanoseconds = t.nanoseconds};
        if (!timespec_valid(&wide))
            return -EINVAL;
        deadline = deadline_of(op, &wide);
    }
    return futex(word, op, value, deadline, time.address, word2, value3);
}

SYSCALL_DEFINE6(futex_time64, unsafe_u32, word, uint32_t, op, uint32_t, value, unsafe_timespec64,
                time, unsafe_u32, word2, uint32_t, value3)
{
    uint64_t deadline = WAIT_FOREVER;
    struct timespec64 t;

    if (takes_time(op & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME)) && !unsafe_is_null(time)) {
        if (copy_object_u2k(&t, time))
            return -EFAULT;
        if (!timespec_valid(&t))
            return -EINVAL;
        deadline = deadline_of(op, &t);
    }
    return futex(word, op, value, deadline, time.address, word2, value3);
}

/* --- robust lists --------------------------------------------------------------------------------
 */

SYSCALL_DEFINE2(set_robust_list, vaddr_t, head, size_t, size)
{
    if (size != sizeof(struct robust_list_head))
        return -EINVAL;
    current_thread()->robust_list = head;
    return 0;
}

SYSCALL_DEFINE3(get_robust_list, int32_t, tid, unsafe_u32, head, unsafe_u32, size)
{
    const struct thread *thread = tid ? thread_find(tid) : current_thread();

    if (!thread)
        return -ESRCH;
    if (unsafe_poke32(unsafe_as_bytes(size), sizeof(struct robust_list_head)) ||
        unsafe_poke32(unsafe_as_bytes(head), thread->robust_list))
        return -EFAULT;
    return 0;
}

/* One lock of the dying thread: the next owner learns what happened. False: the list is broken. */
static bool owner_dies(const struct thread *thread, vaddr_t entry, int32_t offset)
{
    unsafe_bytes word = {.address = entry + offset};
    struct futex_key key;
    uint32_t value;

    if (word.address % sizeof(uint32_t) || unsafe_peek32(&value, word))
        return false;
    if ((value & FUTEX_TID_MASK) != (uint32_t)thread->tid)
        return true;
    if (unsafe_poke32(word, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED))
        return false;
    for (unsigned shared = 0; (value & FUTEX_WAITERS) && shared < 2; shared++) {
        if (!space_futex_key(thread->space, word.address, shared, &key) &&
            wake_key(&key, 1, FUTEX_BITSET_ANY))
            break;
    }
    return true;
}

/* The lowest bit of an address says that the lock is a priority-inheritance one; there are none. */
static void release_robust(const struct thread *thread)
{
    unsafe_robust_list_head user = {.address = thread->robust_list};
    struct robust_list_head head;

    if (copy_object_u2k(&head, user))
        return;
    vaddr_t entry = head.first & ~1u, pending = head.pending & ~1u;
    for (unsigned i = 0; entry != user.address && i < ROBUST_LIMIT; i++) {
        uint32_t next;
        /* read before the lock is handed over: the next owner may unlink it at once */
        bool readable = !unsafe_peek32(&next, (unsafe_bytes){.address = entry});
        if (entry != pending && !owner_dies(thread, entry, head.futex_offset))
            return;
        if (!readable)
            return;
        entry = next & ~1u;
    }
    if (pending)
        owner_dies(thread, pending, head.futex_offset);
}

void futex_thread_exit(struct thread *thread)
{
    struct futex_key key;

    if (thread->robust_list)
        release_robust(thread);
    if (thread->clear_tid) {
        unsafe_u32 word = {.address = thread->clear_tid};
        /* joiners use a shared futex (set_tid_address(2)) */
        if (!unsafe_poke32(unsafe_as_bytes(word), 0) && !key_of(word, 0, &key))
            wake_key(&key, 1, FUTEX_BITSET_ANY);
    }
    thread->robust_list = thread->clear_tid = 0;
}
