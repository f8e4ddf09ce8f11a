#include "kernel/fs/text.h"

#include <stdarg.h>

#include "kernel/format.h"
#include "kernel/string.h"
#include "mm/heap.h"

#define LINE_MAX 256

struct text *text_create(void)
{
    return heap_alloc_zeroed(sizeof(struct text));
}

void text_free(struct text *text)
{
    if (!text)
        return;
    for (unsigned i = 0; i < TEXT_PAGES; i++)
        heap_free(text->pages[i]);
    heap_free(text);
}

/* Room at the end of the text, in its last page; NULL: none. */
static char *room(struct text *text, size_t *size)
{
    uint32_t page = text->length / PAGE_SIZE, used = text->length % PAGE_SIZE;

    if (page >= TEXT_PAGES)
        return NULL;
    if (!text->pages[page])
        text->pages[page] = heap_alloc(PAGE_SIZE);
    *size = PAGE_SIZE - used;
    return text->pages[page] ? text->pages[page] + used : NULL;
}

void text_bytes(struct text *text, const void *bytes, size_t size)
{
    const char *from = bytes;

    while (size && !text->error) {
        size_t part;
        char *to = room(text, &part);
        if (!to) {
            text->error = -ENOMEM;
            return;
        }
        part = MIN(part, size);
        memcpy(to, from, part);
        text->length += part;
        from += part;
        size -= part;
    }
}

void text_string(struct text *text, const char *string)
{
    text_bytes(text, string, strlen(string));
}

void text_print(struct text *text, const char *format, ...)
{
    char line[LINE_MAX];
    va_list arguments;

    va_start(arguments, format);
    size_t length = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    text_bytes(text, line, MIN(length, sizeof(line) - 1));
}

void text_pad(struct text *text, uint32_t start, uint32_t width)
{
    while (text->length - start < width && !text->error)
        text_bytes(text, " ", 1);
}

ssize_t text_read(const struct text *text, uint64_t position, unsafe_bytes to, size_t size)
{
    size_t done = 0;

    if (position >= text->length)
        return 0;
    size = MIN(size, text->length - (size_t)position);
    while (done < size) {
        uint32_t at = position + done;
        size_t part = MIN(size - done, PAGE_SIZE - at % PAGE_SIZE);
        const char *from = text->pages[at / PAGE_SIZE] + at % PAGE_SIZE;
        size_t moved = copy_k2u_partial(unsafe_advance(to, done), from, part);
        done += moved;
        if (moved < part)
            break;
    }
    return done || !size ? (ssize_t)done : -EFAULT;
}
