#include "kernel/printk.h"

#include <stdarg.h>

#include "arch/i386/asm.h"
#include "kernel/console.h"
#include "kernel/format.h"

#define MESSAGE_MAX 512

int log_threshold = LOG_INFO;

/* A ring. end counts all bytes ever written, so a position stays valid while the ring moves on. */
static struct {
    char bytes[LOG_SIZE];
    uint32_t end;
} journal;

static void journal_put(char c)
{
    journal.bytes[journal.end++ % LOG_SIZE] = c;
}

static char journal_at(uint32_t position)
{
    return journal.bytes[position % LOG_SIZE];
}

/* Starts each line with its level, as syslog(2) shows it; a continued line keeps its first. */
static void journal_write(enum log_level level, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool line_start = !journal.end || journal_at(journal.end - 1) == '\n';
        if (line_start) {
            journal_put('<');
            journal_put('0' + level);
            journal_put('>');
        }
        journal_put(text[i]);
    }
}

void printk(enum log_level level, const char *format, ...)
{
    char message[MESSAGE_MAX];
    va_list arguments;

    va_start(arguments, format);
    size_t length = vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    if (length >= sizeof(message)) {
        length = sizeof(message) - 1;
        message[length - 1] = '\n';
    }

    uint32_t flags = interrupts_save();
    journal_write(level, message, length);
    if ((int)level <= log_threshold)
        console_write(message, length);
    interrupts_restore(flags);
}

/* The oldest position that a reader can start at: a line's first byte. */
static uint32_t oldest_line(void)
{
    uint32_t position = journal.end - LOG_SIZE;

    while (position != journal.end && journal_at(position++) != '\n')
        ;
    return position;
}

size_t log_read(uint32_t *position, char *buffer, size_t size)
{
    uint32_t flags = interrupts_save();
    size_t copied = 0;

    if (journal.end - *position > LOG_SIZE)
        *position = oldest_line();
    while (copied < size && *position != journal.end)
        buffer[copied++] = journal_at((*position)++);
    interrupts_restore(flags);
    return copied;
}
