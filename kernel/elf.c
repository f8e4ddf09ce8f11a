#include "kernel/elf.h"

#include "kernel/errno.h"
#include "kernel/string.h"
#include "trampoline/layout.h"

#define MAX_HEADERS 64
/* A relocatable image is placed at a fixed base and must leave room above it. */
#define MAX_RELOCATABLE 0x40000000u

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version, entry, phoff, shoff, flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct elf_header) == 52, "Elf32_Ehdr: size");

struct program_header {
    uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};
_Static_assert(sizeof(struct program_header) == 32, "Elf32_Phdr: size");

static const uint8_t expected_ident[7] = {0x7f, 'E', 'L', 'F', 1 /* 32-bit */, 1 /* LSB */, 1};

#define ET_EXEC      2
#define ET_DYN       3
#define EM_386       3
#define PT_LOAD      1
#define PT_INTERP    3
#define PT_GNU_STACK 0x6474e551
#define PF_EXECUTE   1
#define PF_WRITE     2
#define PF_READ      4

static int read_exactly(elf_read read, void *file, uint32_t offset, void *buffer, size_t size)
{
    ssize_t got = read(file, offset, buffer, size);

    if (got < 0)
        return got;
    return (size_t)got == size ? 0 : -ENOEXEC;
}

static bool header_ok(const struct elf_header *h, uint32_t file_size)
{
    return !memcmp(h->ident, expected_ident, sizeof(expected_ident)) &&
           (h->type == ET_EXEC || h->type == ET_DYN) && h->machine == EM_386 && h->version == 1 &&
           h->phentsize == sizeof(struct program_header) && h->phnum >= 1 &&
           h->phnum <= MAX_HEADERS && h->phoff <= file_size &&
           h->phnum * sizeof(struct program_header) <= file_size - h->phoff;
}

static uint32_t page_up(uint32_t address)
{
    return ROUND_UP(address, PAGE_SIZE);
}

static bool segment_ok(const struct elf_image *image, const struct program_header *p,
                       uint32_t file_size)
{
    uint32_t lowest = image->relocatable ? 0 : USER_BASE;
    uint32_t limit = image->relocatable ? MAX_RELOCATABLE : USER_LIMIT;

    if (image->nr_segments == ELF_MAX_SEGMENTS || p->filesz > p->memsz || p->offset > file_size ||
        p->filesz > file_size - p->offset || (p->vaddr - p->offset) % PAGE_SIZE)
        return false;
    if (p->vaddr < lowest || p->vaddr >= limit || p->memsz > limit - p->vaddr)
        return false;
    return !image->nr_segments || ROUND_DOWN(p->vaddr, PAGE_SIZE) >= page_up(image->high);
}

static int add_segment(struct elf_image *image, const struct program_header *p, uint32_t file_size)
{
    if (!p->memsz && !p->filesz)
        return 0;
    if (!segment_ok(image, p, file_size))
        return -ENOEXEC;
    if (!image->nr_segments)
        image->low = p->vaddr;
    image->high = p->vaddr + p->memsz;
    image->segments[image->nr_segments++] = (struct elf_segment){
        .address = p->vaddr,
        .memory_size = p->memsz,
        .offset = p->offset,
        .file_size = p->filesz,
        .readable = p->flags & PF_READ,
        .writable = p->flags & PF_WRITE,
        .executable = p->flags & PF_EXECUTE,
    };
    return 0;
}

static bool entry_ok(const struct elf_image *image)
{
    for (unsigned i = 0; i < image->nr_segments; i++) {
        const struct elf_segment *s = &image->segments[i];
        if (s->executable && image->entry >= s->address &&
            image->entry - s->address < s->memory_size)
            return true;
    }
    return false;
}

/* Where the program headers are in memory: in the segment whose file bytes hold them all. */
static uint32_t headers_address(const struct elf_image *image, uint32_t phoff)
{
    uint32_t size = image->nr_headers * image->header_size;

    for (unsigned i = 0; i < image->nr_segments; i++) {
        const struct elf_segment *s = &image->segments[i];
        if (phoff >= s->offset && phoff - s->offset <= s->file_size &&
            size <= s->file_size - (phoff - s->offset))
            return s->address + (phoff - s->offset);
    }
    return 0;
}

int elf_parse(elf_read read, void *file, uint32_t file_size, struct elf_image *image)
{
    struct elf_header header;
    int error = read_exactly(read, file, 0, &header, sizeof(header));

    if (error)
        return error;
    if (!header_ok(&header, file_size))
        return -ENOEXEC;
    *image = (struct elf_image){
        .relocatable = header.type == ET_DYN,
        .executable_stack = true, /* what an object without PT_GNU_STACK asks for */
        .entry = header.entry,
        .nr_headers = header.phnum,
        .header_size = header.phentsize,
    };
    for (unsigned i = 0; i < header.phnum; i++) {
        struct program_header p;
        error = read_exactly(read, file, header.phoff + i * sizeof(p), &p, sizeof(p));
        if (!error && p.type == PT_INTERP)
            error = -ENOEXEC; /* a dynamic program, and there is no dynamic linker */
        if (!error && p.type == PT_LOAD)
            error = add_segment(image, &p, file_size);
        if (error)
            return error;
        if (p.type == PT_GNU_STACK)
            image->executable_stack = p.flags & PF_EXECUTE;
    }
    if (!entry_ok(image))
        return -ENOEXEC;
    image->headers = headers_address(image, header.phoff);
    return 0;
}
