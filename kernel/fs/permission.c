/* Who may do what with an inode (credentials(7), path_resolution(7)). */
#include "kernel/credentials.h"
#include "kernel/fs/vfs.h"
#include "kernel/process.h"

/* Boot has no process, and may do everything. */
static bool is_superuser(uint32_t uid)
{
    return !current_process() || uid == 0;
}

static uint32_t file_uid(void)
{
    const struct process *process = current_process();

    return process ? process->credentials.user.file : 0;
}

/* The superuser may do everything, but to execute a file somebody must be allowed to. */
static int superuser_permission(const struct inode *inode, uint32_t mask)
{
    if ((mask & MAY_EXEC) && !S_ISDIR(inode->mode) && !(inode->mode & 0111))
        return -EACCES;
    return 0;
}

static int permission_of(const struct inode *inode, uint32_t mask, uint32_t uid, bool in_group)
{
    uint32_t bits = uid == inode->uid ? inode->mode >> 6
                    : in_group        ? inode->mode >> 3
                                      : inode->mode;

    return (bits & mask) == mask ? 0 : -EACCES;
}

int inode_permission(const struct inode *inode, uint32_t mask)
{
    uint32_t uid = file_uid();

    if (likely(is_superuser(uid)))
        return superuser_permission(inode, mask);
    return permission_of(inode, mask, uid, process_in_group(inode->gid));
}

int inode_access(const struct inode *inode, uint32_t mask)
{
    const struct credentials *credentials = &current_process()->credentials;
    uint32_t uid = credentials->user.real;

    if (is_superuser(uid))
        return superuser_permission(inode, mask);
    bool in_group = inode->gid == credentials->group.real || process_in_group(inode->gid);
    return permission_of(inode, mask, uid, in_group);
}

bool inode_is_owner(const struct inode *inode)
{
    uint32_t uid = file_uid();

    return is_superuser(uid) || uid == inode->uid;
}

/* S_ISVTX: only whom the directory or the file belongs to may take the file out (inode(7)). */
int inode_may_remove(const struct inode *directory, const struct inode *inode)
{
    int error = inode_permission(directory, MAY_WRITE | MAY_EXEC);

    if (error)
        return error;
    if (!directory->operations->unlink)
        return -EPERM;
    if ((directory->mode & S_ISVTX) && !inode_is_owner(inode) && !inode_is_owner(directory))
        return -EPERM;
    return 0;
}

void inode_set_owner(struct inode *inode, const struct inode *directory)
{
    const struct process *process = current_process();

    inode->uid = file_uid();
    inode->gid = process ? process->credentials.group.file : 0;
    /* set-group-id on a directory: what is made in it belongs to its group (inode(7)) */
    if (directory && (directory->mode & S_ISGID)) {
        inode->gid = directory->gid;
        inode->mode |= S_ISDIR(inode->mode) ? S_ISGID : 0;
    }
}

void inode_drop_privileges(struct inode *inode)
{
    if (!(inode->mode & (S_ISUID | S_ISGID)) || is_superuser(file_uid()))
        return;
    inode->mode &= ~(S_ISUID | (inode->mode & S_IXGRP ? S_ISGID : 0));
}
