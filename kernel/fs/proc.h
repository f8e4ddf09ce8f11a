/*
 * The process file system: files that are written when they are read (proc(5)).
 *
 *     proc.c         inodes, made at lookup from tables of entries; files
 *     proc_pid.c     the directory of a process: what its files say
 *     proc_fd.c      its open files, as links
 *     proc_memory.c  its memory
 *     proc_system.c  the system's files; proc_postern.c: Postern's own
 */
#ifndef KERNEL_FS_PROC_H
#define KERNEL_FS_PROC_H

#include "kernel/fs/text.h"
#include "kernel/fs/vfs.h"
#include "kernel/process.h"

struct proc_entry;

struct proc_inode {
    struct inode inode;
    const struct proc_entry *entry;
    int32_t pid; /* 0: of the system */
    int32_t tid; /* below the directory of one thread, else 0 */
    int32_t fd;  /* in a directory of descriptors, else 0 */
};

/* Names that are numbers: processes, threads, descriptors. */
struct proc_numbers {
    const struct proc_entry *entry; /* what each of them is */
    /* The lowest number from number on that is there, or -1. */
    int32_t (*next)(const struct proc_inode *directory, int32_t number);
    /* Puts the number into what it is of an inode. */
    void (*set)(struct proc_inode *inode, int32_t number);
    int32_t (*get)(const struct proc_inode *inode);
};

/* A name in a directory and what is behind it, by its kind. */
struct proc_entry {
    const char *name; /* NULL ends a table */
    uint32_t mode;
    /* A file: writes its text. 0, -ESRCH if its process is gone. */
    int (*show)(struct text *text, const struct proc_inode *inode);
    /* A directory: fixed names, and numbers. */
    const struct proc_entry *children;
    const struct proc_numbers *numbers;
    /* A link: its text, terminated, into text[PATH_MAX]; its length. And what it leads to where
     * that is not what the text says. */
    ssize_t (*readlink)(const struct proc_inode *inode, char *text);
    int (*jump)(const struct proc_inode *inode, struct inode **target);
};

#define PROC_FILE(label, function)                                  \
    {                                                               \
        .name = (label), .mode = S_IFREG | 0444, .show = (function) \
    }
#define PROC_PRIVATE(label, function)                               \
    {                                                               \
        .name = (label), .mode = S_IFREG | 0400, .show = (function) \
    }
#define PROC_DIRECTORY(label, table)                                 \
    {                                                                \
        .name = (label), .mode = S_IFDIR | 0555, .children = (table) \
    }
#define PROC_NUMBERS(label, permissions, set)                              \
    {                                                                      \
        .name = (label), .mode = S_IFDIR | (permissions), .numbers = (set) \
    }
#define PROC_LINK(label, text, target)                                                \
    {                                                                                 \
        .name = (label), .mode = S_IFLNK | 0777, .readlink = (text), .jump = (target) \
    }

/* The tables of the other files. */
extern const struct proc_entry proc_process; /* a process's directory */
extern const struct proc_entry proc_system_entries[];
extern const struct proc_entry proc_postern_entries[];
extern const struct proc_numbers proc_descriptors;

/* The process of an inode; NULL: gone. And the thread that the inode is about, or the process's
 * first one; NULL: it has ended. */
struct process *proc_process_of(const struct proc_inode *inode);
struct thread *proc_thread_of(const struct proc_inode *inode);

/* The path of what an inode leads to, as a link's text. */
ssize_t proc_path(struct inode *target, char *text);

/* The links of a process's directory. */
ssize_t proc_exe_readlink(const struct proc_inode *inode, char *text);
int proc_exe_jump(const struct proc_inode *inode, struct inode **target);
ssize_t proc_cwd_readlink(const struct proc_inode *inode, char *text);
int proc_cwd_jump(const struct proc_inode *inode, struct inode **target);
ssize_t proc_root_readlink(const struct proc_inode *inode, char *text);
int proc_root_jump(const struct proc_inode *inode, struct inode **target);

/* Its memory. */
int proc_show_maps(struct text *text, const struct proc_inode *inode);
int proc_show_statm(struct text *text, const struct proc_inode *inode);
int proc_show_cmdline(struct text *text, const struct proc_inode *inode);
int proc_show_environ(struct text *text, const struct proc_inode *inode);

/* The rows of /proc/mounts. */
int proc_show_mounts(struct text *text, const struct proc_inode *inode);

/* Mounts it on /proc. Once, at boot. */
void proc_init(void);

#endif
