/* Pipes: those of pipe(2), and those behind the fifos of a file system. */
#ifndef KERNEL_PIPE_H
#define KERNEL_PIPE_H

#include "kernel/file.h"

/* Ends of pipes and opens of fifos: the inode's pipe is made by the first and goes with the last.
 */
extern const struct file_operations pipe_operations;

/* fcntl(2)'s F_GETPIPE_SZ, or F_SETPIPE_SZ with set. The size, or -EBADF, -EBUSY, -EINVAL, -EPERM.
 */
long pipe_control_size(struct file *file, bool set, uint32_t size);

#endif
