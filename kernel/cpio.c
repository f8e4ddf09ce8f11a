#include "kernel/cpio.h"

#include "kernel/errno.h"
#include "kernel/string.h"

/* "070701", then thirteen fields of eight hexadecimal digits. */
#define MAGIC       "070701"
#define MAGIC_SIZE  6
#define FIELD_SIZE  8
#define HEADER_SIZE (MAGIC_SIZE + 13 * FIELD_SIZE)

enum field {
    FIELD_INODE,
    FIELD_MODE,
    FIELD_UID,
    FIELD_GID,
    FIELD_LINKS,
    FIELD_MTIME,
    FIELD_SIZE_OF_FILE,
    FIELD_RDEV_MAJOR = 9,
    FIELD_RDEV_MINOR,
    FIELD_SIZE_OF_NAME,
    NR_FIELDS = 13,
};

static bool read_field(const uint8_t *digits, uint32_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < FIELD_SIZE; i++) {
        uint8_t c = digits[i];
        uint32_t digit = c >= '0' && c <= '9'   ? c - '0'
                         : c >= 'a' && c <= 'f' ? c - 'a' + 10
                         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                : 16;
        if (digit == 16)
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

/* Moves *offset over size bytes and the padding to four; false if the archive ends before. */
static bool skip(const struct cpio_archive *archive, size_t *offset, size_t size)
{
    size_t padding;

    if (size > archive->size - *offset)
        return false;
    *offset += size;
    padding = -*offset % 4;
    *offset += padding <= archive->size - *offset ? padding : archive->size - *offset;
    return true;
}

static const char *strip(const char *name)
{
    for (;;) {
        if (name[0] == '/')
            name++;
        else if (name[0] == '.' && name[1] == '/')
            name += 2;
        else
            return name;
    }
}

int cpio_next(struct cpio_archive *archive, struct cpio_entry *entry)
{
    const uint8_t *header = archive->bytes + archive->offset;
    size_t offset = archive->offset;
    uint32_t fields[NR_FIELDS];

    if (offset == archive->size)
        return 0;
    if (archive->size - offset < HEADER_SIZE || memcmp(header, MAGIC, MAGIC_SIZE))
        return -EINVAL;
    for (unsigned i = 0; i < NR_FIELDS; i++) {
        if (!read_field(header + MAGIC_SIZE + i * FIELD_SIZE, &fields[i]))
            return -EINVAL;
    }

    uint32_t name_size = fields[FIELD_SIZE_OF_NAME];
    const char *name = (const char *)header + HEADER_SIZE;
    offset += HEADER_SIZE;
    if (!name_size || name_size > archive->size - offset || name[name_size - 1])
        return -EINVAL;
    skip(archive, &offset, name_size);
    entry->data = archive->bytes + offset;
    if (!skip(archive, &offset, fields[FIELD_SIZE_OF_FILE]))
        return -EINVAL;
    if (!strcmp(name, "TRAILER!!!"))
        return 0;

    archive->offset = offset;
    entry->name = strip(name);
    entry->inode = fields[FIELD_INODE];
    entry->mode = fields[FIELD_MODE];
    entry->uid = fields[FIELD_UID];
    entry->gid = fields[FIELD_GID];
    entry->links = fields[FIELD_LINKS];
    entry->mtime = fields[FIELD_MTIME];
    entry->device_major = fields[FIELD_RDEV_MAJOR];
    entry->device_minor = fields[FIELD_RDEV_MINOR];
    entry->size = fields[FIELD_SIZE_OF_FILE];
    return 1;
}
