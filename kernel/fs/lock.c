#include "kernel/fs/lock.h"

#include "kernel/fs/vfs.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "mm/heap.h"

/* fcntl(2) */
#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

/* flock(2) */
#define LOCK_SH   1
#define LOCK_EX   2
#define LOCK_NB   4
#define LOCK_MAND 32 /* of Linux before 5.16, which takes and forgets it since */
#define LOCK_UN   8

struct record_lock {
    struct record_lock *next;
    const void *owner; /* struct files, or struct file of a flock */
    bool whole;        /* of flock: these do not meet the others */
    bool exclusive;
    int32_t pid;
    uint64_t start, end; /* bytes [start, end) */
};

/* Whoever waits for any lock; few do, and not for long. */
static struct wait_queue waiters = {LIST_INIT(waiters.waiters)};

/* --- the list of an inode --------------------------------------------------------------------- */

static bool overlap(const struct record_lock *a, const struct record_lock *b)
{
    return a->whole == b->whole && a->start < b->end && b->start < a->end;
}

/* One that keeps wanted out, or NULL. */
static struct record_lock *find_conflict(struct inode *inode, const struct record_lock *wanted)
{
    struct record_lock *lock = inode->locks;

    while (lock && (lock->owner == wanted->owner || !overlap(lock, wanted) ||
                    !(lock->exclusive || wanted->exclusive)))
        lock = lock->next;
    return lock;
}

/* Takes [start, end) away from one of its owner's locks, which may become none, one or two; split
 * is memory for the second. */
static void cut(struct record_lock **link, const struct record_lock *range,
                struct record_lock **split)
{
    struct record_lock *lock = *link;

    if (lock->start < range->start && lock->end > range->end) {
        **split = *lock;
        (*split)->start = range->end;
        lock->end = range->start;
        lock->next = *split;
        *split = NULL;
    } else if (lock->start < range->start) {
        lock->end = range->start;
    } else if (lock->end > range->end) {
        lock->start = range->end;
    } else {
        *link = lock->next;
        heap_free(lock);
    }
}

static void cut_all(struct inode *inode, const struct record_lock *range,
                    struct record_lock **split)
{
    struct record_lock **link = &inode->locks;

    while (*link) {
        struct record_lock *lock = *link;
        if (lock->owner == range->owner && overlap(lock, range))
            cut(link, range, split);
        if (*link == lock)
            link = &lock->next;
    }
}

/* Neighbours of one kind become one lock. */
static void merge(struct inode *inode, struct record_lock *new)
{
    struct record_lock **link = &inode->locks;

    while (*link) {
        struct record_lock *lock = *link;
        bool same = lock != new && lock->owner == new->owner && lock->whole == new->whole &&
                    lock->exclusive == new->exclusive;
        if (same && (lock->end == new->start || lock->start == new->end)) {
            new->start = MIN(new->start, lock->start);
            new->end = MAX(new->end, lock->end);
            *link = lock->next;
            heap_free(lock);
        } else {
            link = &lock->next;
        }
    }
}

/* Both allocations come first, so that a failure changes nothing. */
static int set(struct inode *inode, const struct record_lock *wanted, bool unlock)
{
    struct record_lock *new = heap_alloc(sizeof(*new)), *split = heap_alloc(sizeof(*split));
    bool enough = new &&split;

    if (enough) {
        cut_all(inode, wanted, &split);
        if (!unlock) {
            *new = *wanted;
            new->next = inode->locks;
            inode->locks = new;
            merge(inode, new);
            new = NULL;
        }
        wait_wake(&waiters);
    }
    heap_free(new);
    heap_free(split);
    return enough ? 0 : -ENOLCK;
}

void lock_release(struct inode *inode, const void *owner)
{
    struct record_lock **link = &inode->locks;

    while (*link) {
        struct record_lock *lock = *link;
        if (lock->owner != owner) {
            link = &lock->next;
            continue;
        }
        *link = lock->next;
        heap_free(lock);
    }
    wait_wake(&waiters);
}

static int acquire(struct inode *inode, const struct record_lock *wanted, bool wait)
{
    while (find_conflict(inode, wanted)) {
        if (!wait)
            return -EAGAIN;
        int error = wait_interruptible(&waiters, !find_conflict(inode, wanted));
        if (error)
            return error;
    }
    return set(inode, wanted, false);
}

/* --- fcntl ------------------------------------------------------------------------------------ */

/* From the user's terms to [start, end). 0, -EINVAL, -EOVERFLOW. */
static int to_range(const struct file *file, const struct flock64 *user, struct record_lock *lock)
{
    int64_t base = user->whence == SEEK_SET   ? 0
                   : user->whence == SEEK_CUR ? (int64_t)file->position
                   : user->whence == SEEK_END ? (int64_t)file->inode->size
                                              : -1;
    int64_t start, end;

    if (base < 0)
        return -EINVAL;
    if (__builtin_add_overflow(base, user->start, &start))
        return -EOVERFLOW;
    if (__builtin_add_overflow(start, user->length, &end))
        return -EOVERFLOW;
    if (start < 0 || end < 0)
        return -EINVAL;
    *lock = (struct record_lock){
        .owner = current_thread()->files,
        .exclusive = user->type == F_WRLCK,
        .pid = current_process()->pid,
        .start = MIN(start, end),
        .end = user->length ? (uint64_t)MAX(start, end) : INT64_MAX,
    };
    return 0;
}

static int find(struct file *file, struct flock64 *user)
{
    struct record_lock wanted;

    if (user->type != F_RDLCK && user->type != F_WRLCK)
        return -EINVAL;
    int error = to_range(file, user, &wanted);
    if (error)
        return error;
    const struct record_lock *lock = find_conflict(file->inode, &wanted);
    user->type = F_UNLCK;
    if (lock) {
        user->type = lock->exclusive ? F_WRLCK : F_RDLCK;
        user->whence = SEEK_SET;
        user->start = lock->start;
        user->length = lock->end == INT64_MAX ? 0 : lock->end - lock->start;
        user->pid = lock->pid;
    }
    return 0;
}

static int change(struct file *file, const struct flock64 *user, bool wait)
{
    struct record_lock wanted;
    int error = to_range(file, user, &wanted);

    if (error)
        return error;
    switch (user->type) {
    case F_UNLCK:
        return set(file->inode, &wanted, true);
    case F_RDLCK:
        return file_may_read(file) ? acquire(file->inode, &wanted, wait) : -EBADF;
    case F_WRLCK:
        return file_may_write(file) ? acquire(file->inode, &wanted, wait) : -EBADF;
    }
    return -EINVAL;
}

long lock_get64(struct file *file, unsafe_flock64 user)
{
    struct flock64 lock;

    if (copy_object_u2k(&lock, user))
        return -EFAULT;
    int error = file->inode ? find(file, &lock) : -EINVAL;
    return error ? error : copy_object_k2u(user, &lock);
}

long lock_set64(struct file *file, unsafe_flock64 user, bool wait)
{
    struct flock64 lock;

    if (copy_object_u2k(&lock, user))
        return -EFAULT;
    return file->inode ? change(file, &lock, wait) : -EINVAL;
}

static struct flock64 widen(const struct flock *lock)
{
    return (struct flock64){lock->type, lock->whence, lock->start, lock->length, lock->pid};
}

long lock_get(struct file *file, unsafe_flock user)
{
    struct flock lock;

    if (copy_object_u2k(&lock, user))
        return -EFAULT;
    struct flock64 wide = widen(&lock);
    int error = file->inode ? find(file, &wide) : -EINVAL;
    if (error)
        return error;
    if (wide.start > INT32_MAX || wide.length > INT32_MAX)
        return -EOVERFLOW;
    lock = (struct flock){wide.type, wide.whence, wide.start, wide.length, wide.pid};
    return copy_object_k2u(user, &lock);
}

long lock_set(struct file *file, unsafe_flock user, bool wait)
{
    struct flock lock;

    if (copy_object_u2k(&lock, user))
        return -EFAULT;
    struct flock64 wide = widen(&lock);
    return file->inode ? change(file, &wide, wait) : -EINVAL;
}

/* --- flock ------------------------------------------------------------------------------------ */

static int flock_file(struct file *file, uint32_t operation)
{
    uint32_t kind = operation & ~LOCK_NB;
    struct record_lock wanted = {
        .owner = file,
        .whole = true,
        .exclusive = kind == LOCK_EX,
        .end = INT64_MAX,
    };
    /* not at once: a lock that changes its kind is given up first */
    int error = set(file->inode, &wanted, true);

    return kind == LOCK_UN ? error : acquire(file->inode, &wanted, !(operation & LOCK_NB));
}

SYSCALL_DEFINE2(flock, int, fd, uint32_t, operation)
{
    struct file *file = files_lookup_open(current_thread()->files, fd);
    uint32_t kind = operation & ~LOCK_NB;

    if (operation & LOCK_MAND)
        return 0;
    if (kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN)
        return -EINVAL;
    if (!file)
        return -EBADF;
    if (!file->inode)
        return -EINVAL;
    file_get(file);
    int error = flock_file(file, operation);
    file_put(file);
    return error;
}
