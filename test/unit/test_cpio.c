/* kernel/cpio.c: sound archives, and every truncation and bit flip of one. */
#include "test/unit/unit.h"

#include "test/unit/cpio_reader.h"

static uint8_t archive[1024];
static size_t archive_size;

static void add(const char *name, uint32_t mode, const char *data)
{
    char header[111];
    size_t size = strlen(data);

    snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x",
             1, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, strlen(name) + 1, 0);
    memcpy(archive + archive_size, header, 110);
    archive_size += 110;
    strcpy((char *)archive + archive_size, name);
    archive_size = (archive_size + strlen(name) + 1 + 3) & ~3u;
    memcpy(archive + archive_size, data, size);
    archive_size = (archive_size + size + 3) & ~3u;
}

static void check_sound(void)
{
    struct cpio_archive reader = {.bytes = archive, .size = archive_size};
    struct cpio_entry entry;

    unit_ok(cpio_next(&reader, &entry) == 1 && !strcmp(entry.name, "."), "the root");
    unit_ok(cpio_next(&reader, &entry) == 1 && !strcmp(entry.name, "etc/motd") && entry.size == 5 &&
                !memcmp(entry.data, "hello", 5) && entry.mode == 0100644,
            "a file, its leading ./ taken off");
    unit_ok(cpio_next(&reader, &entry) == 1 && !strcmp(entry.name, "empty") && !entry.size,
            "an empty file");
    unit_ok(cpio_next(&reader, &entry) == 0, "the trailer");
}

/* The archive with text at an offset of its first header, which starts with the magic number. */
static void refuse(const char *name, size_t offset, const char *text)
{
    uint8_t *copy = unit_copy(archive, archive_size);
    int entries;

    memcpy(copy + offset, text, strlen(text));
    unit_ok(read_all(copy, archive_size, &entries) == -EINVAL && !entries, "refused: %s", name);
    free(copy);
}

static void check_refusals(void)
{
    const size_t size = MAGIC_SIZE + FIELD_SIZE_OF_FILE * FIELD_SIZE;
    const size_t name_size = MAGIC_SIZE + FIELD_SIZE_OF_NAME * FIELD_SIZE;

    refuse("the old ASCII format", 0, "070707");
    refuse("the format with checksums", 0, "070702");
    refuse("a letter that is no digit", MAGIC_SIZE + 7, "g");
    refuse("a sign", MAGIC_SIZE, "-");
    refuse("a file that runs past the end", size, "00001000");
    refuse("a file whose end wraps", size, "ffffffff");
    refuse("no name", name_size, "00000000");
    refuse("a name that runs past the end", name_size, "00001000");
    refuse("a name whose end wraps", name_size, "ffffffff");
    refuse("a name that is not terminated", name_size, "00000001");
}

static void check_damaged(void)
{
    int bad = 0, entries;

    for (size_t size = 0; size <= archive_size; size++) {
        uint8_t *copy = unit_copy(archive, size);
        int result = read_all(copy, size, &entries);
        bad += result != 0 && result != -EINVAL;
        free(copy);
    }
    unit_ok(!bad, "truncated at every byte: an end or -EINVAL");
    bad = 0;
    for (size_t bit = 0; bit < archive_size * 8; bit++) {
        uint8_t *copy = unit_copy(archive, archive_size);
        copy[bit / 8] ^= 1 << bit % 8;
        int result = read_all(copy, archive_size, &entries);
        bad += result != 0 && result != -EINVAL;
        free(copy);
    }
    unit_ok(!bad, "every bit flipped: entries inside the archive, an end or -EINVAL");
}

int main(void)
{
    printf("KTAP version 1\n");
    add(".", 0040755, "");
    add("./etc/motd", 0100644, "hello");
    add("/empty", 0100644, "");
    add("TRAILER!!!", 0, "");
    check_sound();
    check_refusals();
    check_damaged();
    return unit_end();
}
