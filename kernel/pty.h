/* Pseudo-terminals (pty(7)): terminals whose device is a process that has opened /dev/ptmx. */
#ifndef KERNEL_PTY_H
#define KERNEL_PTY_H

#include "kernel/file.h"

#define PTS_MAJOR 136

/* Of /dev/ptmx: opening it makes a pair; its slave is /dev/pts/N. */
extern const struct file_operations ptmx_operations;

/* The open operation of /dev/pts/N: -EIO if the master is gone or has not unlocked it. */
int pty_open_slave(struct file *file);

#endif
