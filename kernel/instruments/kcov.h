/*
 * kcov: the trace of one thread's way through the kernel, as Linux has it
 * (Documentation/dev-tools/kcov). The compiler puts a call before each basic block of mm/ and
 * kernel/; it stores its caller's address in an array that the program maps.
 *
 *     array[0]   how many addresses follow; the program may set it back at any time
 *     array[1]   the first ...
 *
 * Only in kernels that are built with FLAVOUR=kcov.
 */
#ifndef KERNEL_INSTRUMENTS_KCOV_H
#define KERNEL_INSTRUMENTS_KCOV_H

#include <stdint.h>

#define KCOV_INIT_TRACE 0x80046301 /* argument: the array's size in words */
#define KCOV_ENABLE     0x6364     /* argument: KCOV_TRACE_* */
#define KCOV_DISABLE    0x6365     /* argument: 0 */

#define KCOV_TRACE_PC   0
#define KCOV_TRACE_CMP  1

#define KCOV_MAJOR      240 /* a number for local use */

#ifdef INSTRUMENT_KCOV
#include "kernel/file.h"

extern const struct file_operations kcov_operations;

/* Makes the node where Linux's debugfs has it; behind vfs_init(). */
void kcov_init(void);
#else
static inline void kcov_init(void)
{
}
#endif

#endif
