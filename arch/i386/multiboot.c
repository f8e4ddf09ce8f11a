#include "arch/i386/multiboot.h"

#include "arch/i386/paging.h"
#include "kernel/string.h"

#define MAGIC1 0x2badb002
#define MAGIC2 0x36d76289

#define MEMORY_AVAILABLE 1

/* A physical range that boot.S mapped, or NULL. */
static const void *mapped(uint32_t address, uint32_t size)
{
    if (address > BOOT_MAPPED || size > BOOT_MAPPED - address)
        return NULL;
    return direct_map(PADDR(address));
}

static const char *add_region(struct boot_info *boot, uint64_t start, uint64_t length, uint32_t type)
{
    if (boot->nr_regions == ARRAY_SIZE(boot->regions))
        return "the memory map has too many entries";
    boot->regions[boot->nr_regions++] = (struct boot_region){
        .start = start,
        .end = start + length < start ? UINT64_MAX : start + length,
        .usable = type == MEMORY_AVAILABLE,
    };
    return NULL;
}

static const char *add_module(struct boot_info *boot, uint32_t start, uint32_t end)
{
    if (boot->nr_modules == ARRAY_SIZE(boot->modules))
        return "too many modules";
    if (end < start)
        return "a module ends before it starts";
    boot->modules[boot->nr_modules++] = (struct boot_module){start, end};
    return NULL;
}

static const char *set_command_line(struct boot_info *boot, const char *line)
{
    return strlcpy(boot->command_line, line, sizeof(boot->command_line)) <
                   sizeof(boot->command_line)
               ? NULL
               : "the command line is too long";
}

/* --- multiboot 1 -------------------------------------------------------------------------------- */

/* 3.3; the fields as far as they are used. */
struct info1 {
    uint32_t flags, mem_lower, mem_upper, boot_device, command_line, nr_modules, modules;
    uint32_t symbols[4];
    uint32_t mmap_length, mmap;
};
_Static_assert(offsetof(struct info1, mmap) == 48, "multiboot 1: mmap_addr");

#define FLAG_MEMORY       (1u << 0)
#define FLAG_COMMAND_LINE (1u << 2)
#define FLAG_MODULES      (1u << 3)
#define FLAG_MMAP         (1u << 6)

struct module1 {
    uint32_t start, end, string, reserved;
};

/* size does not count itself */
struct mmap1 {
    uint32_t size;
    uint64_t start, length;
    uint32_t type;
} __attribute__((packed));

static const char *read_mmap1(const struct info1 *info, struct boot_info *boot)
{
    uint32_t offset = 0;

    while (offset < info->mmap_length) {
        const struct mmap1 *entry = mapped(info->mmap + offset, sizeof(*entry));
        if (!entry || entry->size < sizeof(*entry) - sizeof(entry->size))
            return "the memory map is damaged";
        const char *error = add_region(boot, entry->start, entry->length, entry->type);
        if (error)
            return error;
        offset += entry->size + sizeof(entry->size);
    }
    return NULL;
}

/* What comes first is the kernel's file name: QEMU and GRUB put it there (3.3, "cmdline"). */
static const char *read_command_line1(const struct info1 *info, struct boot_info *boot)
{
    const char *line = mapped(info->command_line, sizeof(boot->command_line));

    if (!line)
        return "the command line lies too high in memory";
    const char *space = strchr(line, ' ');
    return set_command_line(boot, space ? space + 1 : "");
}

static const char *read1(uint32_t address, struct boot_info *boot)
{
    const struct info1 *info = mapped(address, sizeof(*info));
    const char *error = NULL;

    if (!info)
        return "its information lies too high in memory";
    if (info->flags & FLAG_COMMAND_LINE)
        error = read_command_line1(info, boot);
    if (!error && (info->flags & FLAG_MMAP)) {
        error = read_mmap1(info, boot);
    } else if (!error && (info->flags & FLAG_MEMORY)) {
        error = add_region(boot, 0x100000, (uint64_t)info->mem_upper * 1024, MEMORY_AVAILABLE);
    }
    for (uint32_t i = 0; !error && (info->flags & FLAG_MODULES) && i < info->nr_modules; i++) {
        const struct module1 *module = mapped(info->modules + i * sizeof(*module), sizeof(*module));
        error = module ? add_module(boot, module->start, module->end)
                       : "its list of modules lies too high in memory";
    }
    return error;
}

/* --- multiboot 2 -------------------------------------------------------------------------------- */

#define TAG_END          0
#define TAG_COMMAND_LINE 1
#define TAG_MODULE       3
#define TAG_MMAP         6

struct tag {
    uint32_t type, size;
};

struct module2 {
    struct tag tag;
    uint32_t start, end;
};

struct mmap2 {
    struct tag tag;
    uint32_t entry_size, entry_version;
};

struct mmap2_entry {
    uint64_t start, length;
    uint32_t type, reserved;
};

static const char *read_mmap2(const struct mmap2 *map, struct boot_info *boot)
{
    uint32_t offset = sizeof(*map);

    if (map->entry_size < sizeof(struct mmap2_entry))
        return "the memory map is damaged";
    for (; offset + map->entry_size <= map->tag.size; offset += map->entry_size) {
        const struct mmap2_entry *entry = (const void *)((const char *)map + offset);
        const char *error = add_region(boot, entry->start, entry->length, entry->type);
        if (error)
            return error;
    }
    return NULL;
}

/* GRUB gives the arguments alone here, without a file name. */
static const char *read_tag(const struct tag *tag, struct boot_info *boot)
{
    const struct module2 *module = (const void *)tag;

    switch (tag->type) {
    case TAG_COMMAND_LINE:
        return set_command_line(boot, (const char *)(tag + 1));
    case TAG_MODULE:
        return add_module(boot, module->start, module->end);
    case TAG_MMAP:
        return read_mmap2((const void *)tag, boot);
    }
    return NULL;
}

static const char *read2(uint32_t address, struct boot_info *boot)
{
    const uint32_t *total = mapped(address, 2 * sizeof(*total));

    if (!total || !mapped(address, *total))
        return "its information lies too high in memory";
    for (uint32_t offset = 8; offset + sizeof(struct tag) <= *total;) {
        const struct tag *tag = (const void *)((const char *)total + offset);
        if (tag->type == TAG_END)
            return NULL;
        if (tag->size < sizeof(*tag) || tag->size > *total - offset)
            return "a tag of its information is damaged";
        const char *error = read_tag(tag, boot);
        if (error)
            return error;
        offset += ROUND_UP(tag->size, 8);
    }
    return "its information has no end";
}

const char *multiboot_read(uint32_t magic, uint32_t info, struct boot_info *boot)
{
    const char *error = magic == MAGIC1   ? read1(info, boot)
                        : magic == MAGIC2 ? read2(info, boot)
                                          : "it speaks neither multiboot 1 nor 2";

    return error ? error : boot->nr_regions ? NULL : "it gave no memory map";
}
