/*
 * Kernel messages. Any context; the caller gives whole lines. A message whose
 * level is above log_threshold is dropped.
 */
#ifndef KERNEL_PRINTK_H
#define KERNEL_PRINTK_H

enum log_level {
    LOG_ERROR,
    LOG_WARNING,
    LOG_NOTICE,
    LOG_INFO,
    LOG_DEBUG,
};

extern int log_threshold;

void printk(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
