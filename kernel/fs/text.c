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

void text_reset(struct text *text)
{
    for (unsigned i = 0; i < TEXT_PAGES; i++)
        heap_free(text->pages[i]);
    *text = (struct text){0};
}

void text_free(struct text *text)
{
    text_reset(text);
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

/* The bytes at position that lie in one page, up to size of them; 0 at the end. */
static size_t piece(const struct text *text, uint64_t position, size_t size, const char **bytes)
{
    if (position >= text->length)
        return 0;
    uint32_t at = position;
    *bytes = text->pages[at / PAGE_SIZE] + at % PAGE_SIZE;
    return MIN(MIN(size, text->length - at), PAGE_SIZE - at % PAGE_SIZE);
}

ssize_t text_read(const struct text *text, uint64_t position, unsafe_bytes to, size_t size)
{
    const char *bytes;
    size_t done = 0, part;

    while ((part = piece(text, position + done, size - done, &bytes))) {
        size_t moved = copy_k2u_partial(unsafe_advance(to, done), bytes, part);
        done += moved;
        if (moved < part)
            return done ? (ssize_t)done : -EFAULT;
    }
    return done;
}

size_t text_read_kernel(const struct text *text, uint64_t position, void *to, size_t size)
{
    const char *bytes;
    size_t done = 0, part;

    while ((part = piece(text, position + done, size - done, &bytes))) {
        memcpy((char *)to + done, bytes, part);
        done += part;
    }
    return done;
}
