/*
 * Open files and the tables of them.
 *
 * A struct file is what open(2) makes: a position, flags, and the operations of its kind. Tables
 * hold references; fork shares the files and copies the table. Thread context throughout;
 * operations may sleep.
 */
#ifndef KERNEL_FILE_H
#define KERNEL_FILE_H

#include "kernel/abi.h"
#include "kernel/poll.h"

struct file;
struct inode;

struct file_operations {
    /* Bytes moved (fewer than asked at the end or at a bad user page), or -Exxx. NULL: -EINVAL. */
    ssize_t (*read)(struct file *file, unsafe_bytes to, size_t size);
    ssize_t (*write)(struct file *file, unsafe_bytes from, size_t size);
    /* To and from kernel memory, for exec, mapped files and sendfile; read_at() from a given place,
     * which leaves the position alone. NULL: not possible. */
    ssize_t (*read_at)(struct file *file, void *to, size_t size, uint64_t offset);
    ssize_t (*write_kernel)(struct file *file, const void *from, size_t size);
    /* The file is new: 0, or the error that its open(2) gives. NULL: nothing to do. */
    int (*open)(struct file *file);
    /* lseek(2): the new position, which is >= 0. NULL: -ESPIPE. */
    int64_t (*seek)(struct file *file, int64_t offset, int whence);
    /* POLL* that hold now; see kernel/poll.h. NULL: always ready to read and write. */
    uint32_t (*poll)(struct file *file, struct poll_table *table);
    /* ioctl(2); argument is a number or a user address. -ENOTTY for a request that is not the
     * file's. NULL: none is. */
    long (*ioctl)(struct file *file, uint32_t request, uint32_t argument);
    /* The page of the file that mmap shows (offset page * PAGE_SIZE), with a reference for the
     * caller; for_write: it will be written, so a hole gets its page. 0, -EFAULT beyond the end,
     * -ENOMEM. NULL: cannot be mapped. */
    int (*frame)(struct file *file, uint32_t page, bool for_write, paddr_t *frame);
    /* Whether size bytes from page on may be mapped together: 0, or mmap's error. NULL: whatever.
     */
    int (*may_map)(struct file *file, uint32_t page, uint32_t size);
    /* Vectors are written by the page, with write_kernel(), and not by the element: pipes. */
    bool atomic;
    /* The last reference is gone. NULL: nothing to do. */
    void (*release)(struct file *file);
};

extern const struct file_operations endpoint_operations; /* kernel/ipc.c */

struct file {
    uint32_t references;
    uint32_t flags; /* O_ACCMODE, status flags, FILE_* */
    const struct file_operations *operations;
    void *object;        /* the operations' own */
    struct inode *inode; /* with a reference; NULL: it has none */
    uint64_t position;
};

#define FILE_PROGRAM 0x80000000 /* open for execve: nobody may write to it */

/* O_RDONLY, O_WRONLY and O_RDWR are 0, 1 and 2; one more is a set of two bits, of which the fourth
 * value has neither. */
#define FILE_READS  1
#define FILE_WRITES 2

static inline bool file_may_read(const struct file *file)
{
    return (file->flags + 1) & FILE_READS;
}

static inline bool file_may_write(const struct file *file)
{
    return (file->flags + 1) & FILE_WRITES;
}

/* Files that there are, of all processes. */
extern uint32_t files_in_use;

/* A file with one reference; NULL: no memory. */
struct file *file_create(const struct file_operations *operations, uint32_t flags, void *object);

static inline void file_get(struct file *file)
{
    file->references++;
}

/* The last reference closes the file. */
void file_release(struct file *file);

static inline void file_put(struct file *file)
{
    if (!--file->references)
        file_release(file);
}

/* Frees a file that never became open: no operation is called. */
void file_discard(struct file *file);

/* What open took of the file's inode is given back (kernel/fs/open.c). */
void inode_close(struct file *file);

/* The operation, or the error that its absence is. */
ssize_t file_read_at(struct file *file, void *to, size_t size, uint64_t offset);

#define FILES_MAX 1024 /* descriptors of a process: Linux's default RLIMIT_NOFILE */

/* A descriptor: the file's address, whose lowest bit says close on exec. */
typedef uintptr_t slot_t;
#define SLOT_CLOEXEC    1u
#define slot_file(slot) ((struct file *)((slot) & ~SLOT_CLOEXEC))

struct files {
    unsigned references; /* threads that use it */
    unsigned size;
    slot_t *slots;
};

/* A table with one reference; NULL: no memory. A clone shares the files, not the table. */
struct files *files_create(void);
struct files *files_clone(const struct files *files);
void files_get(struct files *files);
void files_put(struct files *files);

/* Below which number a new descriptor of the calling process must be: RLIMIT_NOFILE. */
unsigned files_limit(void);

/* Makes *files the caller's own: a clone if others use it too. 0 or -ENOMEM. */
int files_unshare(struct files **files);

/* The file of fd, without a reference of its own: good while the caller does not close it. NULL. */
static inline struct file *files_lookup(const struct files *files, int fd)
{
    return (unsigned)fd < files->size ? slot_file(files->slots[fd]) : NULL;
}

/* The same for what works on the file itself: not one that was opened with O_PATH. */
struct file *files_lookup_open(const struct files *files, int fd);

/* Puts file into the lowest free descriptor, taking over the reference. fd, -EMFILE or -ENOMEM; the
 * reference stays the caller's then. */
int files_install(struct files *files, struct file *file, bool close_on_exec);

/* Descriptors that the calling process may have: RLIMIT_NOFILE. */
unsigned files_limit(void);

/* 0 if files_install() would find a descriptor now, else its error. */
int files_room(struct files *files);

/* Puts both into the lowest free descriptors and tells user mode which, taking over the references.
 * 0, or -EMFILE, -ENOMEM, -EFAULT with nothing installed and both references dropped. */
int files_install_pair(struct files *files, struct file *const pair[2], bool close_on_exec,
                       unsafe_int_pair user);

/* Takes a file out of its descriptor; the reference is the caller's again. */
void files_remove(struct files *files, int fd);

/* Puts file into descriptor fd, closing what was there, and takes over the reference. 0, -EBADF
 * beyond the limit, -ENOMEM; the reference stays the caller's then. */
int files_install_at(struct files *files, struct file *file, bool close_on_exec, int fd);

/* The same for the lowest free one that is at least fd. */
int files_install_from(struct files *files, struct file *file, bool close_on_exec, unsigned fd);

/* 0 or -EBADF. */
int files_close(struct files *files, int fd);

/* Whether exec closes fd, which is open. */
bool files_closes_on_exec(const struct files *files, int fd);
void files_set_close_on_exec(struct files *files, int fd, bool close_on_exec);

/* Descriptors from first to last, as far as there are any: closed, or marked for exec. */
void files_close_range(struct files *files, unsigned first, unsigned last, bool on_exec);

/* For exec: closes what O_CLOEXEC marks. */
void files_close_on_exec(struct files *files);

/* For init: descriptors 0, 1 and 2 on the console. */
void files_open_console(struct files *files);

#endif
