/* execve: a new program in the calling process. Thread context. */
#ifndef KERNEL_EXEC_H
#define KERNEL_EXEC_H

#include "arch/i386/types.h"

/*
 * Loads the program at path into the calling thread's process, which has none yet, with the words
 * of arguments after argv[0]. The thread's trapframe then starts it. 0 or -Exxx.
 */
int exec_init(const char *path, const char *arguments);

#endif
