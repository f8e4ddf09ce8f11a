#include "kernel/printk.h"

#include <stdarg.h>

#include "arch/i386/asm.h"
#include "kernel/console.h"
#include "kernel/format.h"

#define MESSAGE_MAX 512

int log_threshold = LOG_INFO;

void printk(enum log_level level, const char *format, ...)
{
    char message[MESSAGE_MAX];
    va_list arguments;

    if ((int)level > log_threshold)
        return;
    va_start(arguments, format);
    size_t length = vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);

    uint32_t flags = interrupts_save();
    console_write(message, MIN(length, sizeof(message) - 1));
    interrupts_restore(flags);
}
