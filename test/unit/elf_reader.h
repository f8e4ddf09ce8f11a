/* kernel/elf.c with a file in memory, and what the loader counts on in an image that it accepts. */
#ifndef TEST_UNIT_ELF_READER_H
#define TEST_UNIT_ELF_READER_H

#include "kernel/elf.c"

struct reader {
    const uint8_t *bytes;
    size_t size;
};

static ssize_t read_bytes(void *file, uint32_t offset, void *buffer, size_t size)
{
    const struct reader *r = file;

    if (offset >= r->size)
        return 0;
    if (size > r->size - offset)
        size = r->size - offset;
    memcpy(buffer, r->bytes + offset, size);
    return size;
}

/* The program headers, where they are loaded, are file bytes of one segment. */
static bool headers_hold(const struct elf_image *image)
{
    uint32_t size = image->nr_headers * image->header_size;

    for (unsigned i = 0; i < image->nr_segments; i++) {
        const struct elf_segment *s = &image->segments[i];
        if (image->headers >= s->address &&
            (uint64_t)image->headers + size <= (uint64_t)s->address + s->file_size)
            return true;
    }
    return !image->headers;
}

/* What the loader counts on in an accepted image. */
static bool invariants_hold(const struct elf_image *image, size_t file_size)
{
    uint32_t limit = image->relocatable ? MAX_RELOCATABLE : USER_LIMIT, last = 0;

    if (!image->nr_segments || image->nr_segments > ELF_MAX_SEGMENTS)
        return false;
    for (unsigned i = 0; i < image->nr_segments; i++) {
        const struct elf_segment *s = &image->segments[i];
        uint64_t end = (uint64_t)s->address + s->memory_size;
        if (end > limit || s->file_size > s->memory_size ||
            (uint64_t)s->offset + s->file_size > file_size ||
            (s->address - s->offset) % PAGE_SIZE || (s->address & ~0xfffu) < last)
            return false;
        last = (end + 0xfff) & ~0xfffu;
    }
    const struct elf_segment *first = &image->segments[0];
    const struct elf_segment *top = &image->segments[image->nr_segments - 1];
    return image->low == first->address && image->high == top->address + top->memory_size &&
           entry_ok(image) && headers_hold(image);
}

#endif
