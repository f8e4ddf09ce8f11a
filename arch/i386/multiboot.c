#include "arch/i386/multiboot.h"

#include "arch/i386/paging.h"
#include "kernel/string.h"

#define MAGIC1           0x2badb002
#define MAGIC2           0x36d76289

#define MEMORY_AVAILABLE 1 /* the type of memory that is free to use, in both protocols */
#define EXTENDED_MEMORY  0x100000

#define TOO_HIGH         "its information lies too high in memory"
#define BROKEN_MAP       "its memory map is damaged"

/* A physical range that boot.S mapped, or NULL. */
static const void *mapped(uint32_t address, uint32_t size)
{
    if (address > BOOT_MAPPED || size > BOOT_MAPPED - address)
        return NULL;
    return direct_map(PADDR(address));
}

/* Copies a string that ends within limit bytes; false if it does not, or was cut to fit size. */
static bool copy_string(char *to, size_t size, const char *from, size_t limit)
{
    size_t length = 0;

    while (length < limit && length < size - 1 && from[length])
        length++;
    memcpy(to, from, length);
    to[length] = '\0';
    return length < limit && !from[length];
}

static const char *add_region(struct boot_info *boot, uint64_t start, uint64_t length,
                              uint32_t type)
{
    if (!length)
        return NULL;
    if (boot->nr_regions == ARRAY_SIZE(boot->regions))
        return "its memory map has too many entries";
    boot->regions[boot->nr_regions++] = (struct boot_region){
        .start = start,
        .end = length > UINT64_MAX - start ? UINT64_MAX : start + length,
        .usable = type == MEMORY_AVAILABLE,
    };
    return NULL;
}

/* Both in KiB; upper counts from 1 MiB to the first hole. What there is without a map. */
static const char *add_basic_memory(struct boot_info *boot, uint32_t lower, uint32_t upper)
{
    const char *error = add_region(boot, 0, (uint64_t)lower << 10, MEMORY_AVAILABLE);

    return error ? error
                 : add_region(boot, EXTENDED_MEMORY, (uint64_t)upper << 10, MEMORY_AVAILABLE);
}

/* arguments end within limit bytes; a module may have none. */
static const char *add_module(struct boot_info *boot, uint32_t start, uint32_t end,
                              const char *arguments, size_t limit)
{
    if (boot->nr_modules == ARRAY_SIZE(boot->modules))
        return "it gave too many modules";
    if (end < start)
        return "a module ends before it starts";
    struct boot_module *module = &boot->modules[boot->nr_modules++];
    module->start = start;
    module->end = end;
    copy_string(module->command_line, sizeof(module->command_line), arguments, limit);
    return NULL;
}

static const char *set_command_line(struct boot_info *boot, const char *line, size_t limit)
{
    return copy_string(boot->command_line, sizeof(boot->command_line), line, limit)
               ? NULL
               : "the command line is too long";
}

/* --- multiboot 1 ---------------------------------------------------------------------------- */

/* 3.3; the fields as far as they are used. Each counts only with its flag. */
struct info1 {
    uint32_t flags;
    uint32_t mem_lower, mem_upper;
    uint32_t boot_device;
    uint32_t command_line;
    uint32_t nr_modules, modules;
    uint32_t symbols[4];
    uint32_t mmap_length, mmap;
    uint32_t drives_length, drives;
    uint32_t config_table;
    uint32_t loader_name;
};
_Static_assert(offsetof(struct info1, command_line) == 16, "multiboot 1: cmdline");
_Static_assert(offsetof(struct info1, mmap) == 48, "multiboot 1: mmap_addr");
_Static_assert(offsetof(struct info1, loader_name) == 64, "multiboot 1: boot_loader_name");

#define FLAG_MEMORY       (1u << 0)
#define FLAG_COMMAND_LINE (1u << 2)
#define FLAG_MODULES      (1u << 3)
#define FLAG_MMAP         (1u << 6)
#define FLAG_LOADER_NAME  (1u << 9)

struct module1 {
    uint32_t start, end, string, reserved;
};
_Static_assert(sizeof(struct module1) == 16, "multiboot 1: module");

/* size does not count itself. */
struct mmap1 {
    uint32_t size;
    uint64_t start, length;
    uint32_t type;
} __attribute__((packed));
_Static_assert(sizeof(struct mmap1) == 24, "multiboot 1: memory map entry");

/* How a string begins that has no file name in front, by the name of its loader. */
static const char *const arguments_only[] = {"GRUB 2", "Limine"};

/*
 * The specification does not say whether a command line begins with the file's name. QEMU, GRUB
 * Legacy, SYSLINUX and iPXE put it there; GRUB 2 skips it ("multiboot" and "module" pass what
 * follows the file), and so does Limine.
 */
static bool has_file_name(const struct boot_info *boot)
{
    for (unsigned i = 0; i < ARRAY_SIZE(arguments_only); i++) {
        if (!strncmp(boot->loader_name, arguments_only[i], strlen(arguments_only[i])))
            return false;
    }
    return true;
}

/*
 * The arguments in the string at address and how many bytes may be read there; NULL: too high. A
 * string may be absent, as address 0 (3.3, "mods_addr").
 */
static const char *find_arguments(const struct boot_info *boot, uint32_t address, size_t *limit)
{
    const char *string = mapped(address, 0);

    *limit = 1;
    if (!address)
        return "";
    if (!string)
        return NULL;
    *limit = BOOT_MAPPED - address;
    if (!has_file_name(boot))
        return string;
    while (*limit && *string && *string != ' ')
        string++, --*limit;
    if (*limit && *string == ' ')
        string++, --*limit;
    return string;
}

static const char *read_command_line1(const struct info1 *info, struct boot_info *boot)
{
    size_t limit;
    const char *arguments = find_arguments(boot, info->command_line, &limit);

    return arguments ? set_command_line(boot, arguments, limit)
                     : "the command line lies too high in memory";
}

static const char *read_mmap1(const struct info1 *info, struct boot_info *boot)
{
    const char *map = mapped(info->mmap, info->mmap_length);
    uint32_t left = info->mmap_length;

    if (!map)
        return TOO_HIGH;
    while (left) {
        const struct mmap1 *entry = (const void *)map;
        if (left < sizeof(*entry) || entry->size < sizeof(*entry) - sizeof(entry->size) ||
            entry->size > left - sizeof(entry->size))
            return BROKEN_MAP;
        const char *error = add_region(boot, entry->start, entry->length, entry->type);
        if (error)
            return error;
        map += entry->size + sizeof(entry->size);
        left -= entry->size + sizeof(entry->size);
    }
    return NULL;
}

static const char *read_memory1(const struct info1 *info, struct boot_info *boot)
{
    if (info->flags & FLAG_MMAP)
        return read_mmap1(info, boot);
    if (info->flags & FLAG_MEMORY)
        return add_basic_memory(boot, info->mem_lower, info->mem_upper);
    return NULL;
}

static const char *read_modules1(const struct info1 *info, struct boot_info *boot)
{
    for (uint32_t i = 0; i < info->nr_modules; i++) {
        const struct module1 *module = mapped(info->modules, (i + 1) * sizeof(*module));
        size_t limit;
        if (!module)
            return "its list of modules lies too high in memory";
        module += i;
        const char *arguments = find_arguments(boot, module->string, &limit);
        if (!arguments)
            return "a module's command line lies too high in memory";
        const char *error = add_module(boot, module->start, module->end, arguments, limit);
        if (error)
            return error;
    }
    return NULL;
}

static const char *read1(uint32_t address, struct boot_info *boot)
{
    const struct info1 *info = mapped(address, sizeof(*info));
    const char *error = NULL;

    boot->protocol = "multiboot 1";
    if (!info)
        return TOO_HIGH;
    /* the name decides how the strings are read */
    const char *name = mapped(info->loader_name, 0);
    if (info->flags & FLAG_LOADER_NAME && name)
        copy_string(boot->loader_name, sizeof(boot->loader_name), name,
                    BOOT_MAPPED - info->loader_name);
    if (info->flags & FLAG_COMMAND_LINE)
        error = read_command_line1(info, boot);
    if (!error)
        error = read_memory1(info, boot);
    if (!error && info->flags & FLAG_MODULES)
        error = read_modules1(info, boot);
    return error;
}

/* --- multiboot 2 ---------------------------------------------------------------------------- */

/* 3.6.2. */
#define TAG_END          0
#define TAG_COMMAND_LINE 1
#define TAG_LOADER_NAME  2
#define TAG_MODULE       3
#define TAG_BASIC_MEMORY 4
#define TAG_MMAP         6
#define TAG_ALIGN        8

struct info2 {
    uint32_t size, reserved;
};
_Static_assert(sizeof(struct info2) == 8, "multiboot 2: fixed part");

/* size counts the tag itself, but not what aligns the next. */
struct tag {
    uint32_t type, size;
};

struct basic_memory2 {
    struct tag tag;
    uint32_t lower, upper;
};

struct module2 {
    struct tag tag;
    uint32_t start, end;
    char string[];
};
_Static_assert(offsetof(struct module2, string) == 16, "multiboot 2: module");

struct mmap2 {
    struct tag tag;
    uint32_t entry_size, entry_version;
};
_Static_assert(sizeof(struct mmap2) == 16, "multiboot 2: memory map");

struct mmap2_entry {
    uint64_t start, length;
    uint32_t type, reserved;
};
_Static_assert(sizeof(struct mmap2_entry) == 24, "multiboot 2: memory map entry");

/* The tags that come once each, NULL until seen. Tags may come in any order. */
struct tags {
    const struct basic_memory2 *basic_memory;
    const struct mmap2 *mmap;
};

static const char *read_mmap2(const struct mmap2 *map, struct boot_info *boot)
{
    const char *next = (const char *)(map + 1);
    uint32_t left = map->tag.size - sizeof(*map);

    if (map->entry_size < sizeof(struct mmap2_entry))
        return BROKEN_MAP;
    for (; left >= map->entry_size; next += map->entry_size, left -= map->entry_size) {
        const struct mmap2_entry *entry = (const void *)next;
        const char *error = add_region(boot, entry->start, entry->length, entry->type);
        if (error)
            return error;
    }
    return left ? BROKEN_MAP : NULL;
}

/* The bytes that a tag of each type has at least; others are not looked at. */
static uint32_t least_size(uint32_t type)
{
    switch (type) {
    case TAG_MODULE:
        return sizeof(struct module2);
    case TAG_BASIC_MEMORY:
        return sizeof(struct basic_memory2);
    case TAG_MMAP:
        return sizeof(struct mmap2);
    }
    return sizeof(struct tag);
}

/* Strings are arguments alone here: GRUB 2 and Limine skip the file's name. */
static const char *read_tag(const struct tag *tag, struct tags *tags, struct boot_info *boot)
{
    const struct module2 *module = (const void *)tag;
    const char *string = (const char *)(tag + 1);
    uint32_t limit = tag->size - sizeof(*tag);

    switch (tag->type) {
    case TAG_COMMAND_LINE:
        return set_command_line(boot, string, limit);
    case TAG_LOADER_NAME:
        copy_string(boot->loader_name, sizeof(boot->loader_name), string, limit);
        break;
    case TAG_MODULE:
        return add_module(boot, module->start, module->end, module->string,
                          tag->size - sizeof(*module));
    case TAG_BASIC_MEMORY:
        tags->basic_memory = (const void *)tag;
        break;
    case TAG_MMAP:
        tags->mmap = (const void *)tag;
        break;
    }
    return NULL;
}

/* Reads all tags in left bytes. */
static const char *read_tags(const char *next, uint32_t left, struct tags *tags,
                             struct boot_info *boot)
{
    while (left >= sizeof(struct tag)) {
        const struct tag *tag = (const void *)next;
        if (tag->type == TAG_END)
            return NULL;
        if (tag->size > left || tag->size < least_size(tag->type))
            return "a tag of its information is damaged";
        const char *error = read_tag(tag, tags, boot);
        if (error)
            return error;
        uint32_t step = MIN(ROUND_UP(tag->size, TAG_ALIGN), left);
        next += step;
        left -= step;
    }
    return "its information has no end";
}

static const char *read2(uint32_t address, struct boot_info *boot)
{
    const struct info2 *info = mapped(address, sizeof(*info));
    struct tags tags = {NULL, NULL};

    boot->protocol = "multiboot 2";
    if (!info || !mapped(address, info->size))
        return TOO_HIGH;
    if (address % TAG_ALIGN || info->size < sizeof(*info))
        return "its information is damaged";
    const char *error =
        read_tags((const char *)(info + 1), info->size - sizeof(*info), &tags, boot);
    if (error)
        return error;
    if (tags.mmap)
        return read_mmap2(tags.mmap, boot);
    if (tags.basic_memory)
        return add_basic_memory(boot, tags.basic_memory->lower, tags.basic_memory->upper);
    return NULL;
}

const char *multiboot_read(uint32_t magic, uint32_t info, struct boot_info *boot)
{
    const char *error = "it speaks neither multiboot 1 nor 2";

    memset(boot, 0, sizeof(*boot));
    if (magic == MAGIC1)
        error = read1(info, boot);
    else if (magic == MAGIC2)
        error = read2(info, boot);
    if (!error && !boot->nr_regions)
        error = "it gave no memory map";
    return error;
}
