/*
 * Kernel messages: to the console, and into a log that keeps the last of them. A message ends in a
 * newline, and begins with who speaks ("postern: ..."); without the newline, the next call goes on
 * with the line.
 */
#ifndef KERNEL_PRINTK_H
#define KERNEL_PRINTK_H

#include "arch/i386/types.h"

/* With syslog(2)'s numbers. An emergency is shown however silent syslog(2) made the console. */
enum log_level {
    LOG_EMERGENCY = 0,
    LOG_ERROR = 3,
    LOG_WARNING,
    LOG_NOTICE,
    LOG_INFO,
    LOG_DEBUG,
};

#define LOG_SIZE 16384 /* bytes that the log keeps; a power of two, so that positions may wrap */

/* Messages above this level go into the log alone. */
extern int log_threshold;

/* Formats as kernel/format.h says; what exceeds 512 bytes is cut. Any context, panic included. */
void printk(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Copies at most size bytes of the log to buffer, from *position on, and moves *position behind
 * them; returns how many, 0 at the end. Position 0 is the first message of all; from one that the
 * log no longer holds, the oldest whole line that it does. Lines begin with "<level>". Any context.
 */
size_t log_read(uint32_t *position, char *buffer, size_t size);

#endif
