/*
 * Anonymous memory that processes share: a file without a name, so that regions, forks and futexes
 * treat it as any other file.
 */
#ifndef MM_SHARED_MEMORY_H
#define MM_SHARED_MEMORY_H

#include "arch/i386/types.h"

struct file;

/* A file of that many pages, all zero, that only mappings can reach; one reference. NULL: no
 * memory. */
struct file *shared_memory_create(uint32_t pages);

#endif
