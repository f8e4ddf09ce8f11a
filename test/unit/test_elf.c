/* kernel/elf.c: sound headers, what is refused and why, every truncation and bit flip. */
#include "test/unit/unit.h"

#include "test/unit/elf_reader.h"

struct file {
    struct elf_header header;
    struct program_header segments[3];
    uint8_t text[64];
};

static struct file sound(void)
{
    struct file f = {
        .header = {.type = ET_EXEC,
                   .machine = EM_386,
                   .version = 1,
                   .entry = 0x08048000 + offsetof(struct file, text),
                   .phoff = offsetof(struct file, segments),
                   .ehsize = sizeof(struct elf_header),
                   .phentsize = sizeof(struct program_header),
                   .phnum = 3},
        .segments = {{PT_LOAD, 0, 0x08048000, 0, sizeof(struct file), sizeof(struct file),
                      PF_READ | PF_EXECUTE, 4096},
                     {PT_LOAD, 0, 0x0804a000, 0, 16, 8192, PF_READ | PF_WRITE, 4096},
                     {PT_GNU_STACK, 0, 0, 0, 0, 0, PF_READ | PF_WRITE, 16}},
    };

    memcpy(f.header.ident, expected_ident, sizeof(expected_ident));
    return f;
}

static ssize_t read_badly(void *file, uint32_t offset, void *buffer, size_t size)
{
    const struct reader *r = file;

    return offset < r->size ? read_bytes(file, offset, buffer, size) : -EIO;
}

static int parse(const void *bytes, size_t size, struct elf_image *image)
{
    uint8_t *copy = unit_copy(bytes, size);
    struct reader reader = {copy, size};
    int result = elf_parse(read_bytes, &reader, size, image);

    free(copy);
    return result;
}

static void refuse(const char *name, void (*change)(struct file *))
{
    struct file f = sound();
    struct elf_image image;

    change(&f);
    unit_ok(parse(&f, sizeof(f), &image) == -ENOEXEC, "refused: %s", name);
}

#define REFUSE(name, statement)      \
    do {                             \
        void change_(struct file *f) \
        {                            \
            statement;               \
        }                            \
        refuse(name, change_);       \
    } while (0)

static void check_refusals(void)
{
    REFUSE("bad magic", f->header.ident[0] = 0);
    REFUSE("64 bits", f->header.ident[4] = 2);
    REFUSE("big-endian", f->header.ident[5] = 2);
    REFUSE("another machine", f->header.machine = 62);
    REFUSE("a relocatable object", f->header.type = 1);
    REFUSE("no program headers", f->header.phnum = 0);
    REFUSE("too many program headers", f->header.phnum = 65);
    REFUSE("program headers beyond the file", f->header.phoff = 0xfffffff0);
    REFUSE("entry outside", f->header.entry = 0x1000);
    REFUSE("entry in a segment that does not execute", f->header.entry = 0x0804a000);
    REFUSE("an interpreter", f->segments[2].type = PT_INTERP);
    REFUSE("a segment at 0", f->segments[0].vaddr = 0);
    REFUSE("a segment in the kernel", f->segments[1].vaddr = 0xc0000000);
    REFUSE("a segment that reaches into the kernel", f->segments[1].memsz = 0xb8000000);
    REFUSE("a segment that wraps", f->segments[1].memsz = 0xffffffff);
    REFUSE("more file than memory", f->segments[1].filesz = 0x10000);
    REFUSE("file bytes and no memory", f->segments[1].memsz = 0);
    REFUSE("file bytes beyond the file", f->segments[1].offset = 0x10000);
    REFUSE("offset and address that differ within the page", f->segments[1].offset = 1);
    REFUSE("segments out of order", f->segments[1].vaddr = 0x08040000);
    REFUSE("segments that share a page", f->segments[1].vaddr = 0x08048000);
}

static void check_bad_reads(void)
{
    struct file f = sound();
    struct elf_image image;
    struct reader nothing = {(const uint8_t *)&f, 0};
    struct reader header = {(const uint8_t *)&f, sizeof(struct elf_header)};

    unit_ok(elf_parse(read_badly, &nothing, sizeof(f), &image) == -EIO &&
                elf_parse(read_badly, &header, sizeof(f), &image) == -EIO,
            "the reader's error is the result");
    unit_ok(elf_parse(read_bytes, &header, sizeof(f), &image) == -ENOEXEC,
            "a file that shrank meanwhile is refused");
}

static void check_damaged(void)
{
    struct file f = sound();
    struct elf_image image;
    int bad = 0;

    for (size_t size = 0; size < sizeof(f); size++)
        bad += parse(&f, size, &image) != -ENOEXEC;
    unit_ok(!bad, "truncated at every byte: refused");
    bad = 0;
    for (size_t bit = 0; bit < offsetof(struct file, text) * 8; bit++) {
        struct file copy = f;
        ((uint8_t *)&copy)[bit / 8] ^= 1 << bit % 8;
        int result = parse(&copy, sizeof(copy), &image);
        bad += result ? result != -ENOEXEC : !invariants_hold(&image, sizeof(copy));
    }
    unit_ok(!bad, "every bit flipped: refused, or what the loader counts on holds");
}

int main(void)
{
    struct file f = sound();
    struct elf_image image;

    printf("KTAP version 1\n");
    unit_ok(!parse(&f, sizeof(f), &image), "a sound program");
    unit_ok(image.nr_segments == 2 && !image.relocatable && !image.executable_stack,
            "its segments and its stack");
    unit_ok(image.headers == 0x08048000 + sizeof(struct elf_header) && image.nr_headers == 3,
            "its program headers in memory");
    unit_ok(image.low == 0x08048000 && image.high == 0x0804c000, "its extent");
    f.header.type = ET_DYN;
    for (int i = 0; i < 2; i++)
        f.segments[i].vaddr -= 0x08048000;
    f.header.entry -= 0x08048000;
    unit_ok(!parse(&f, sizeof(f), &image) && image.relocatable, "a static PIE");
    check_refusals();
    check_bad_reads();
    check_damaged();
    return unit_end();
}
