/*
 * The virtual file layer: inodes, the operations of file systems on them, and paths.
 *
 *     path.c       from a path to an inode
 *     inode.c      what all inodes have in common; permission.c: who may do what with them
 *     ramfs.c      names of the file system in memory; ramfs_file.c: its files' pages
 *     mount.c      the table of mounts
 *     cwd.c        a thread's working directory, root and umask
 *     open.c       from an inode to an open file
 *     *_calls.c    the system calls
 *
 * File systems are in memory or made up on the spot, so nothing here sleeps (but the open of a
 * fifo), and between two sleeps nothing else runs: there are no locks. An inode lives while it is
 * referenced: each name, open file, working directory and mount holds a reference. Thread context.
 */
#ifndef KERNEL_FS_VFS_H
#define KERNEL_FS_VFS_H

#include "kernel/abi_file.h"
#include "kernel/file.h"

struct inode;
struct pipe;
struct record_lock;

/* A name inside a directory: not terminated, 1 to NAME_MAX bytes. */
struct name {
    const char *bytes;
    uint32_t length, hash;
};

struct name name_make(const char *text);

/* Seconds since 1970, shifted left by 30, plus nanoseconds: so times compare as numbers. */
typedef int64_t inode_time_t;

/* through unsigned, for C does not define what becomes of seconds before 1970 that are shifted */
#define INODE_TIME(seconds, nanoseconds) \
    ((inode_time_t)((uint64_t)(seconds) << 30) + (inode_time_t)(nanoseconds))
#define INODE_TIME_SECONDS(time)     ((time) >> 30)
#define INODE_TIME_NANOSECONDS(time) ((uint32_t)(time)&0x3fffffff)
/* what fits: 1697 to 2242 */
#define INODE_SECONDS_MAX ((1ll << 33) - 1)
#define INODE_SECONDS_MIN (-(1ll << 33))

/* Takes a directory's entries one by one; false: no room for this one, stop. next is the position
 * behind the entry. */
typedef bool (*readdir_emit)(void *context, const struct name *name, uint32_t number, uint32_t mode,
                             uint64_t next);

#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE  2

/*
 * What a file system does. Callers have checked kinds, permissions and that both inodes are of the
 * same file system. NULL where a kind of inode has no such thing.
 */
struct inode_operations {
    /* A reference to what name is in directory. 0, -ENOENT, -ENOMEM. Never "." or "..". */
    int (*lookup)(struct inode *directory, const struct name *name, struct inode **found);
    /* Every entry from *position on, but not "." and "..", which have positions 0 and 1. */
    void (*readdir)(struct inode *directory, uint64_t *position, readdir_emit emit, void *context);
    /* Enters a free name. 0, -ENOMEM. NULL here: nothing can be made or removed, -EPERM. */
    int (*link)(struct inode *directory, const struct name *name, struct inode *inode);
    /* Removes a name that is there; of a directory, one that is empty. */
    void (*unlink)(struct inode *directory, const struct name *name);
    /* Gives inode from its old name the new one, in place of what had that, or exchanges the two.
     * 0, -ENOMEM. */
    int (*rename)(struct inode *directory, const struct name *name, struct inode *new_directory,
                  const struct name *new_name, uint32_t flags);
    bool (*is_empty)(struct inode *directory);
    /* The directory and the name that inode is found under: any of them; valid until the next
     * change. 0, -ENOENT: none is left. */
    int (*locate)(struct inode *inode, struct inode **directory, struct name *name);
    /* A symbolic link's text, terminated, into text[PATH_MAX]. Its length or -Exxx. */
    ssize_t (*readlink)(struct inode *inode, char *text);
    /* Symbolic links that lead to an inode, not to a text (/proc/self/fd/0): a reference. */
    int (*jump)(struct inode *inode, struct inode **target);
    /* truncate(2). 0, -EFBIG, -ENOMEM. */
    int (*set_size)(struct inode *inode, uint64_t size);
    /* Has memory for the bytes from start to end of a regular file. 0, -EFBIG, -ENOSPC. */
    int (*reserve)(struct inode *inode, uint64_t start, uint64_t end);
    /* Has zeroes for them; comes with reserve(). 0. */
    int (*clear)(struct inode *inode, uint64_t start, uint64_t end);
    /* Units of 512 bytes that it takes. NULL: none. */
    uint64_t (*blocks)(const struct inode *inode);
    /* The last reference is gone. */
    void (*release)(struct inode *inode);
    /* of an open regular file */
    const struct file_operations *file;
};

struct filesystem {
    const char *type;
    uint32_t magic;  /* statfs(2) */
    uint32_t device; /* st_dev */
    bool in_memory;  /* files are pages: statfs counts frames */
    /* A new inode without a name, and with one reference; target: a symbolic link's. NULL: no
     * memory. NULL here: nothing can be made. */
    struct inode *(*make)(struct filesystem *filesystem, uint32_t mode, uint32_t rdev,
                          const char *target);
};

struct inode {
    uint32_t references;
    uint32_t mode; /* kind and permissions */
    const struct inode_operations *operations;
    struct inode *mounted; /* of a directory: the root of what is mounted here */
    struct inode *covered; /* of a mounted root: the directory that it hides */
    struct inode *parent;  /* of a directory: "..", with a reference; a root's is itself */
    struct filesystem *filesystem;
    uint32_t number, links, uid, gid;
    uint32_t rdev;   /* of a device: major and minor as stat(2) encodes them */
    int32_t writers; /* open files that write; below 0: programs that run from it */
    uint64_t size;
    inode_time_t accessed, modified, changed;
    struct pipe *pipe;         /* of a fifo that is open */
    struct record_lock *locks; /* fcntl(2), flock(2) */
};

/* --- inodes ------------------------------------------------------------------------------------*/

/* Fills a new inode: one reference, no links, the current time, the superuser's. */
void inode_init(struct inode *inode, struct filesystem *filesystem,
                const struct inode_operations *operations, uint32_t number, uint32_t mode);

static inline struct inode *inode_get(struct inode *inode)
{
    inode->references++;
    return inode;
}

static inline void inode_put(struct inode *inode)
{
    if (!--inode->references)
        inode->operations->release(inode);
}

#define MAY_EXEC  1
#define MAY_WRITE 2
#define MAY_READ  4

/* Whether the caller may do all that mask says; inode_access() asks for the real user, as access(2)
 * does. 0, -EACCES. */
int inode_permission(const struct inode *inode, uint32_t mask);
int inode_access(const struct inode *inode, uint32_t mask);

/* True if the caller may change what an owner may. */
bool inode_is_owner(const struct inode *inode);

/* Whether the caller may take inode's name out of directory, or give it to another. 0, -EACCES,
 * -EPERM, -EBUSY: something is mounted there. */
int inode_may_remove(const struct inode *directory, const struct inode *inode);

/* Makes a new inode the caller's, or as directory, where it is made, wants it. */
void inode_set_owner(struct inode *inode, const struct inode *directory);

/* After a change by somebody else than the superuser: it runs as nobody in particular any more. */
void inode_drop_privileges(struct inode *inode);

/* The time as inodes keep it. */
inode_time_t inode_now(void);

/* After a read; like Linux (relatime), only the first one since the last change is noted. */
static inline void inode_accessed(struct inode *inode)
{
    if (inode->accessed <= inode->modified || inode->accessed <= inode->changed)
        inode->accessed = inode_now();
}

static inline void inode_modified(struct inode *inode)
{
    inode->modified = inode->changed = inode_now();
}

/* A new inode with one name, as open, mkdir, mknod and symlink make it: mode before the umask.
 * target is a symbolic link's. 0, -ENOENT, -EPERM, -EMLINK, -ENOSPC. */
int inode_create(struct inode *directory, const struct name *name, uint32_t mode, uint32_t rdev,
                 const char *target, struct inode **inode);

/* The same for a name that is the kernel's own affair: whatever the caller's rights and umask. 0 or
 * -ENOSPC. */
int inode_create_for_kernel(struct inode *directory, const struct name *name, uint32_t mode,
                            uint32_t rdev, const char *target, struct inode **inode);

/* truncate(2) and O_TRUNC, for regular files. */
int inode_set_size(struct inode *inode, uint64_t size);

/* --- paths -------------------------------------------------------------------------------------*/

enum last_kind {
    LAST_NAME,
    LAST_DOT,
    LAST_DOTDOT,
    LAST_ROOT, /* no name at all: what the walk stands on */
};

/*
 * A walk along a path. After walk_to_parent(), at is the directory in which the last name is to be
 * looked for, made or removed.
 */
struct walk {
    struct inode *root, *at; /* at with a reference */
    const char *rest;        /* of the innermost text */
    char *path;              /* the caller's path, or NULL */
    struct name last;
    enum last_kind kind;
    bool slash;       /* a slash follows the last name: it must be a directory */
    bool missing;     /* walk_final() found all but the last name */
    uint8_t followed; /* symbolic links */
    uint8_t depth;    /* links whose text is not at its end: where their outer texts go on */
    const char *outer[SYMLOOPS_MAX];
    char *texts[SYMLOOPS_MAX]; /* of each followed link */
};

#define WALK_FOLLOW 1 /* a symbolic link at the end too */
#define WALK_CREATE 2 /* for O_CREAT: a slash behind the last name is -EISDIR */
#define WALK_EMPTY  4 /* an empty path is the place where the walk begins */

/*
 * Begins a walk at the user's path, relative to dirfd or AT_FDCWD; flags: WALK_EMPTY. 0, or an
 * error that leaves nothing to end. walk_end() ends what began.
 */
int walk_begin(struct walk *walk, int dirfd, unsafe_string path, uint32_t flags);
void walk_begin_kernel(struct walk *walk, const char *path);
void walk_end(struct walk *walk);

/* All names but the last. */
int walk_to_parent(struct walk *walk);

/* What the last name is, after walk_to_parent(): a reference, no link followed. */
int walk_last(struct walk *walk, struct inode **inode);

/* The error of a last name that is "." or the like, unless what it is in is no directory, or one
 * that may not be searched. */
int walk_no_name(const struct walk *walk, int error);

/* The whole path; flags: WALK_FOLLOW, WALK_CREATE. A reference. */
int walk_final(struct walk *walk, uint32_t flags, struct inode **inode);

/* Begins, walks and ends: a reference to the inode of the user's path. flags: WALK_*. */
int path_lookup(int dirfd, unsafe_string path, uint32_t flags, struct inode **inode);

/* For what is to be made: the parent, and the last name free. -EEXIST, -ENOENT if a slash follows
 * and it is to be no directory. */
int walk_to_new(struct walk *walk, bool directory);

/*
 * The path of inode as seen from root, written to the end of buffer[PATH_MAX]; returns its first
 * byte. "(unreachable)" stands before one that is not below root, as in getcwd(2). NULL: it has no
 * name left, or too long a one.
 */
char *path_of(struct inode *inode, struct inode *root, char *buffer);

/* --- mounts ------------------------------------------------------------------------------------*/

#define MOUNTS_MAX 8

struct mount {
    struct inode *root; /* NULL ends the table; the first is the root's */
};
extern struct mount mounts[MOUNTS_MAX + 1];

/* Mounts root, taking over the reference, on a directory (NULL: it becomes the root of all). 0,
 * -EBUSY, -ENOTDIR, -ENOMEM. */
int mount_add(struct inode *directory, struct inode *root);

/* --- a thread's place --------------------------------------------------------------------------*/

struct cwd {
    uint32_t references; /* threads that use it */
    uint32_t umask;
    struct inode *root, *directory;
};

/* One reference; a new one stands at the root of all. NULL: no memory. */
struct cwd *cwd_create(void);
struct cwd *cwd_clone(const struct cwd *cwd);
void cwd_get(struct cwd *cwd);
void cwd_put(struct cwd *cwd);

/* --- open files --------------------------------------------------------------------------------*/

/* Opens inode as flags (O_*) say; the caller keeps its reference. 0 and a file with one reference,
 * or -Exxx. May sleep for a fifo's other end. */
int inode_open(struct inode *inode, uint32_t flags, struct file **file);

/* The same for a path of the kernel's own. */
int file_open(const char *path, uint32_t flags, struct file **file);

/* For execve: a regular file that may be executed; while the file is open, writers get -ETXTBSY.
 * -EACCES, -ETXTBSY, or as a walk. */
int file_open_program(const char *path, struct file **file, uint32_t *size);

/* A new file of zeroes in memory, open for reading and writing, which is in no directory; NULL: no
 * memory. */
struct file *file_create_nameless(uint32_t mode, uint64_t size);

/* Open directories. */
extern const struct file_operations directory_operations;

/* lseek(2) on anything with a size; for file_operations. */
int64_t file_seek_sized(struct file *file, int64_t offset, int whence);

/* --- ramfs -------------------------------------------------------------------------------------*/

extern struct filesystem ramfs;

/* The root of a new tree, empty; NULL: no memory. */
struct inode *ramfs_create(void);

/* Enters everything that is in the archive at physical [start, end), whose frames become free.
 * NULL, or a line on what is wrong with it: what came before is entered. Once, at boot. */
const char *initrd_unpack(uint32_t start, uint32_t end);

/* The root file system with its devices. Once, at boot. */
void vfs_init(void);

/* For boot: makes path with the mode that is given, whatever the umask; panics if it cannot. */
void node_make(const char *path, uint32_t mode, uint32_t rdev, const char *target);

#endif
