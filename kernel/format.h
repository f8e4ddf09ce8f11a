/*
 * Formatted text with C's meaning: %d %i %u %x %X %o %c %s %p %%, the flags "-0+ #", width and
 * precision (also *), the lengths hh h l ll z. No floating point. Any context.
 */
#ifndef KERNEL_FORMAT_H
#define KERNEL_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Return the length that the whole text has; buffer gets what fits size, terminated if size > 0. */
int vsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
int snprintf(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
