/*
 * The strings of an execve, between the old program's memory and the new one's stack: kept in heap
 * pages, since their number and length are known only when the last one has been read, and each is
 * read once.
 */
#ifndef KERNEL_ARGUMENTS_H
#define KERNEL_ARGUMENTS_H

#include "kernel/abi.h"
#include "mm/space.h"

#define ARGUMENTS_PAGES 512 /* 2 MiB: a quarter of the stack, as Linux has it (execve(2)) */
#define ARGUMENT_MAX    (32 * PAGE_SIZE)

struct arguments {
    char *pages[ARGUMENTS_PAGES];
    uint32_t size; /* bytes used */
    uint32_t argc, envc;
};

/* Empty, in two heap pages' worth of memory; NULL: no memory. */
struct arguments *arguments_create(void);
void arguments_free(struct arguments *arguments);

/* Appends a kernel string. 0, -E2BIG or -ENOMEM. */
int arguments_add(struct arguments *arguments, const char *string);

/* Appends one user string, or a vector of them (a null pointer is an empty vector, as on Linux) and
 * counts them in *count. 0, -EFAULT, -E2BIG or -ENOMEM. */
int arguments_add_vector(struct arguments *arguments, unsafe_strings vector, uint32_t *count);

/* Appends the strings of other from offset on. 0, -E2BIG or -ENOMEM. */
int arguments_append(struct arguments *arguments, const struct arguments *other, uint32_t offset);

/* Writes all strings to address in space. 0 or -ENOMEM. */
int arguments_write(const struct arguments *arguments, struct space *space, vaddr_t address);

/* The length with terminator of the string at offset. */
uint32_t arguments_length(const struct arguments *arguments, uint32_t offset);

#endif
