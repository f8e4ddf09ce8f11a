/* Memory and strings, with C's meaning. Any context. */
#ifndef KERNEL_STRING_H
#define KERNEL_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

size_t strlen(const char *string);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
char *strchr(const char *string, int c);
char *strrchr(const char *string, int c);

/* Copies as much as fits to[size], always terminated; returns the length of from. */
size_t strlcpy(char *to, const char *from, size_t size);

#endif
