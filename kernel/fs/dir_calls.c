/* Directories: what is in them, and where a thread stands. */
#include "kernel/credentials.h"
#include "kernel/fs/directory.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "mm/heap.h"

/* --- getdents --------------------------------------------------------------------------------- */

union record {
    char bytes[ROUND_UP(sizeof(struct dirent64) + NAME_MAX + 2, 8)];
    struct dirent64 entry64;
    struct dirent entry;
};

/* Records on their way to user memory, built one at a time. */
struct listing {
    unsafe_bytes to;
    size_t room, done;
    int error; /* why the first record that was not written was not */
    union record *record;
};

static bool put_record(struct listing *listing, size_t size)
{
    if (size > listing->room - listing->done) {
        listing->error = -EINVAL;
        return false;
    }
    if (copy_k2u(unsafe_advance(listing->to, listing->done), listing->record, size)) {
        listing->error = -EFAULT;
        return false;
    }
    listing->done += size;
    return true;
}

static bool list64(void *context, const struct name *name, uint32_t number, uint32_t mode,
                   uint64_t next)
{
    struct listing *listing = context;
    struct dirent64 *entry = &listing->record->entry64;
    size_t size = ROUND_UP(offsetof(struct dirent64, name) + name->length + 1, 8);

    memset(listing->record, 0, size);
    entry->inode = number;
    entry->next = next;
    entry->size = size;
    entry->type = MODE_TO_TYPE(mode);
    memcpy(entry->name, name->bytes, name->length);
    return put_record(listing, size);
}

/* The old form has the type in its last byte. */
static bool list32(void *context, const struct name *name, uint32_t number, uint32_t mode,
                   uint64_t next)
{
    struct listing *listing = context;
    struct dirent *entry = &listing->record->entry;
    size_t size = ROUND_UP(offsetof(struct dirent, name) + name->length + 2, 4);

    memset(listing->record, 0, size);
    entry->inode = number;
    entry->next = next;
    entry->size = size;
    listing->record->bytes[size - 1] = MODE_TO_TYPE(mode);
    memcpy(entry->name, name->bytes, name->length);
    return put_record(listing, size);
}

static long list(int fd, unsafe_bytes to, size_t room, readdir_emit emit)
{
    struct file *file = files_lookup_open(current_thread()->files, fd);
    union record record;
    struct listing listing = {.to = to, .room = room, .record = &record};

    if (!file)
        return -EBADF;
    if (file->operations != &directory_operations)
        return -ENOTDIR;
    if ((ssize_t)room < 0)
        return -EINVAL;
    if (!unsafe_range_ok(to, room))
        return -EFAULT;
    if (!file->inode->links)
        return -ENOENT;
    directory_entries(file, emit, &listing);
    return listing.done ? (long)listing.done : listing.error;
}

SYSCALL_DEFINE3(getdents, int, fd, unsafe_bytes, entries, size_t, size)
{
    return list(fd, entries, size, list32);
}

SYSCALL_DEFINE3(getdents64, int, fd, unsafe_bytes, entries, size_t, size)
{
    return list(fd, entries, size, list64);
}

/* --- where a thread stands -------------------------------------------------------------------- */

/* Takes over the reference to inode if it may become *place. */
static int stand(struct inode **place, struct inode *inode)
{
    int error = S_ISDIR(inode->mode) ? inode_permission(inode, MAY_EXEC) : -ENOTDIR;

    if (error) {
        inode_put(inode);
        return error;
    }
    inode_put(*place);
    *place = inode;
    return 0;
}

SYSCALL_DEFINE1(chdir, unsafe_string, path)
{
    struct inode *inode;
    int error = path_lookup(AT_FDCWD, path, WALK_FOLLOW, &inode);

    return error ? error : stand(&current_thread()->cwd->directory, inode);
}

SYSCALL_DEFINE1(fchdir, int, fd)
{
    struct file *file = files_lookup(current_thread()->files, fd);

    if (!file)
        return -EBADF;
    if (!file->inode)
        return -ENOTDIR;
    return stand(&current_thread()->cwd->directory, inode_get(file->inode));
}

SYSCALL_DEFINE1(chroot, unsafe_string, path)
{
    struct inode *inode;
    int error = path_lookup(AT_FDCWD, path, WALK_FOLLOW, &inode);

    if (error)
        return error;
    if (S_ISDIR(inode->mode) && !inode_permission(inode, MAY_EXEC) && !process_is_root()) {
        inode_put(inode);
        return -EPERM;
    }
    return stand(&current_thread()->cwd->root, inode);
}

/* The length with its terminator, as the call itself gives it. */
static long give_cwd(char *buffer, unsafe_bytes user, size_t size)
{
    const struct cwd *cwd = current_thread()->cwd;

    if (!cwd->directory->links)
        return -ENOENT;
    char *path = path_of(cwd->directory, cwd->root, buffer);
    if (!path)
        return -ENAMETOOLONG;
    size_t length = strlen(path) + 1;
    if (length > size)
        return -ERANGE;
    return copy_k2u(user, path, length) ? -EFAULT : (long)length;
}

SYSCALL_DEFINE2(getcwd, unsafe_bytes, buffer, size_t, size)
{
    char *path = heap_alloc(PATH_MAX);

    if (!path)
        return -ENOMEM;
    long result = give_cwd(path, buffer, size);
    heap_free(path);
    return result;
}

SYSCALL_DEFINE1(umask, uint32_t, mask)
{
    struct cwd *cwd = current_thread()->cwd;
    uint32_t old = cwd->umask;

    cwd->umask = mask & 0777;
    return old;
}
