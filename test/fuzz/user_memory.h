/*
 * The input as user memory, for what reads its arguments there: readable from USER_MEMORY on for as
 * long as it is, and nothing else is. Behind it stands a store that takes whatever is written.
 */
#ifndef TEST_FUZZ_USER_MEMORY_H
#define TEST_FUZZ_USER_MEMORY_H

#include "mm/unsafe.h"

#define USER_MEMORY 0x10000000u

static const uint8_t *user_bytes;
static size_t user_size;

/* How many of size bytes at address can be read. */
static size_t user_readable(vaddr_t address, size_t size)
{
    vaddr_t offset = address - USER_MEMORY;

    return offset < user_size ? MIN(size, user_size - offset) : 0;
}

int copy_u2k(void *to, unsafe_bytes from, size_t size)
{
    size_t readable = user_readable(from.address, size);

    if (readable)
        memcpy(to, user_bytes + (from.address - USER_MEMORY), readable);
    memset((char *)to + readable, 0, size - readable);
    return readable == size ? 0 : -EFAULT;
}

ssize_t copy_str_u2k(char *to, unsafe_string from, size_t size)
{
    size_t readable = user_readable(from.address, size);

    if (!size)
        return -ENAMETOOLONG;
    copy_u2k(to, unsafe_as_bytes(from), readable);
    size_t length = strnlen(to, readable);
    to[MIN(length, size - 1)] = '\0';
    if (length < readable)
        return length;
    return readable == size ? -ENAMETOOLONG : -EFAULT;
}

int unsafe_peek8(uint8_t *value, unsafe_bytes from)
{
    return copy_u2k(value, from, sizeof(*value));
}

#endif
