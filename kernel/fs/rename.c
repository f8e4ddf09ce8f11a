/* rename(2) and its two relatives. */
#include "kernel/fs/vfs.h"
#include "kernel/process.h"
#include "kernel/syscall.h"

/* One that is about to get another name, and the one that has it now, or NULL. */
struct renaming {
    struct walk from, to;
    uint32_t flags;
    struct inode *old, *new;
};

/* True if inode is on the way from directory up to its root, or directory itself. */
static bool is_above(const struct inode *inode, const struct inode *directory)
{
    while (directory != inode && directory != directory->parent)
        directory = directory->parent;
    return directory == inode;
}

/* What the names' slashes and places forbid. */
static int check_places(const struct renaming *r)
{
    bool exchange = r->flags & RENAME_EXCHANGE;

    if (r->new && (r->flags & RENAME_NOREPLACE))
        return -EEXIST;
    if (exchange && !r->new)
        return -ENOENT;
    if (exchange && r->to.slash && !S_ISDIR(r->new->mode))
        return -ENOTDIR;
    if (!S_ISDIR(r->old->mode) && (r->from.slash || (r->to.slash && !exchange)))
        return -ENOTDIR;
    if (is_above(r->old, r->to.at))
        return -EINVAL;
    if (r->new &&is_above(r->new, r->from.at))
        return exchange ? -EINVAL : -ENOTEMPTY;
    return 0;
}

/* inode: NULL if the name is free. */
static int check_directory(struct inode *directory, const struct inode *inode)
{
    if (!directory->operations->rename)
        return -EPERM;
    if (!directory->links)
        return -ENOENT;
    return inode ? inode_may_remove(directory, inode)
                 : inode_permission(directory, MAY_WRITE | MAY_EXEC);
}

/* A directory that comes below another one is written: its ".." changes. */
static int check_parent(const struct renaming *r, const struct inode *inode)
{
    bool changes = S_ISDIR(inode->mode) && r->from.at != r->to.at;

    return changes ? inode_permission(inode, MAY_WRITE) : 0;
}

/* What kinds forbid. */
static int check_kinds(const struct renaming *r)
{
    bool directory = S_ISDIR(r->old->mode), exchange = r->flags & RENAME_EXCHANGE;

    if (r->new && !exchange && directory != S_ISDIR(r->new->mode))
        return directory ? -ENOTDIR : -EISDIR;
    int error = check_parent(r, r->old);
    if (!error && exchange)
        error = check_parent(r, r->new);
    if (!error && (r->old->covered || (r->new && r->new->covered)))
        error = -EBUSY;
    if (error || !directory)
        return error;
    if (r->new && !exchange)
        return r->new->operations->is_empty(r->new) ? 0 : -ENOTEMPTY;
    return r->to.at->links < LINKS_MAX ? 0 : -EMLINK;
}

static int rename_checked(struct renaming *r)
{
    int error = check_places(r);

    if (error)
        return error;
    if (r->old == r->new)
        return 0;
    error = check_directory(r->from.at, r->old);
    if (!error)
        error = check_directory(r->to.at, r->new);
    if (!error)
        error = check_kinds(r);
    if (error)
        return error;
    return r->from.at->operations->rename(r->from.at, &r->from.last, r->to.at, &r->to.last,
                                          r->flags);
}

/* To the last directory, which must be one to search before anything is said of the other path. */
static int walk_to_name(struct walk *walk)
{
    int error = walk_to_parent(walk);

    return error ? error : walk_no_name(walk, 0);
}

static int rename_walked(struct renaming *r)
{
    int error = walk_to_name(&r->to);

    if (error)
        return error;
    if (r->from.at->filesystem != r->to.at->filesystem)
        return -EXDEV;
    if (r->from.kind != LAST_NAME)
        return -EBUSY;
    if (r->to.kind != LAST_NAME)
        return r->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
    error = walk_last(&r->from, &r->old);
    if (error)
        return error;
    error = walk_last(&r->to, &r->new);
    if (error == -ENOENT) {
        error = 0;
        r->new = NULL;
    }
    if (!error) {
        error = rename_checked(r);
        if (r->new)
            inode_put(r->new);
    }
    inode_put(r->old);
    return error;
}

static int rename_at(int old_dirfd, unsafe_string old, int dirfd, unsafe_string path,
                     uint32_t flags)
{
    struct renaming r = {.flags = flags};

    if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
        flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    int error = walk_begin(&r.from, old_dirfd, old, 0);
    if (error)
        return error;
    error = walk_to_name(&r.from);
    if (!error)
        error = walk_begin(&r.to, dirfd, path, 0);
    if (!error) {
        error = rename_walked(&r);
        walk_end(&r.to);
    }
    walk_end(&r.from);
    return error;
}

SYSCALL_DEFINE2(rename, unsafe_string, old, unsafe_string, path)
{
    return rename_at(AT_FDCWD, old, AT_FDCWD, path, 0);
}

SYSCALL_DEFINE4(renameat, int, old_dirfd, unsafe_string, old, int, dirfd, unsafe_string, path)
{
    return rename_at(old_dirfd, old, dirfd, path, 0);
}

SYSCALL_DEFINE5(renameat2, int, old_dirfd, unsafe_string, old, int, dirfd, unsafe_string, path,
                uint32_t, flags)
{
    return rename_at(old_dirfd, old, dirfd, path, flags);
}
