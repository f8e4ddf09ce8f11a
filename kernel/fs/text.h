/* Text that grows while it is written: what files in /proc are made of. Thread context. */
#ifndef KERNEL_FS_TEXT_H
#define KERNEL_FS_TEXT_H

#include "arch/i386/types.h"
#include "mm/unsafe.h"

#define TEXT_PAGES 64

struct text {
    uint32_t length;
    int error; /* -ENOMEM: something is missing */
    bool complete;
    char *pages[TEXT_PAGES];
};

/* Empty; NULL: no memory. text_reset() makes it empty again. */
struct text *text_create(void);
void text_reset(struct text *text);
void text_free(struct text *text);

/* Appends; a line made by one text_print() has up to 255 bytes. */
void text_print(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_bytes(struct text *text, const void *bytes, size_t size);
void text_string(struct text *text, const char *string);

/* Appends spaces until the text is width bytes longer than it was at start. */
void text_pad(struct text *text, uint32_t start, uint32_t width);

/* Up to size bytes from position on, as a file's read operations give them. */
ssize_t text_read(const struct text *text, uint64_t position, unsafe_bytes to, size_t size);
size_t text_read_kernel(const struct text *text, uint64_t position, void *to, size_t size);

#endif
