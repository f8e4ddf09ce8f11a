#include "kernel/string.h"

#include <stdint.h>

void *memcpy(void *to, const void *from, size_t size)
{
    copy_bytes(to, from, size);
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    if ((uintptr_t)to - (uintptr_t)from >= size)
        return memcpy(to, from, size);
    /* the target begins inside the source: from the end */
    char *t = (char *)to + size;
    const char *f = (const char *)from + size;
    while (size--)
        *--t = *--f;
    return to;
}

void *memset(void *to, int value, size_t size)
{
    fill_bytes(to, value, size);
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;

    for (; size; size--, x++, y++) {
        if (*x != *y)
            return *x - *y;
    }
    return 0;
}

size_t strlen(const char *string)
{
    size_t length = 0;

    while (string[length])
        length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t size)
{
    while (size && *a && *a == *b)
        a++, b++, size--;
    return size ? (uint8_t)*a - (uint8_t)*b : 0;
}

char *strchr(const char *string, int c)
{
    for (;; string++) {
        if (*string == (char)c)
            return (char *)string;
        if (!*string)
            return NULL;
    }
}

char *strrchr(const char *string, int c)
{
    char *last = NULL;

    do {
        if (*string == (char)c)
            last = (char *)string;
    } while (*string++);
    return last;
}

size_t strlcpy(char *to, const char *from, size_t size)
{
    size_t length = strlen(from);

    if (size) {
        size_t copied = length < size ? length : size - 1;
        memcpy(to, from, copied);
        to[copied] = '\0';
    }
    return length;
}
