#include "kernel/namespace.h"

#include "kernel/cpio.h"
#include "kernel/devices.h"
#include "kernel/list.h"
#include "kernel/string.h"
#include "mm/heap.h"

#define NAME_MAX_LENGTH 255
#define BUCKETS         128 /* a power of two */

struct node {
    struct node *next; /* in its bucket */
    const char *path;  /* without a leading slash; the root is "" */
    uint32_t mode, inode, mtime, links;
    const uint8_t *data;
    uint32_t size;
    const struct device *device;
};

static struct node *buckets[BUCKETS];

/* FNV-1a: short keys, no state. */
static unsigned hash(const char *path)
{
    uint32_t h = 2166136261u;

    while (*path)
        h = (h ^ (uint8_t)*path++) * 16777619u;
    return h % BUCKETS;
}

static struct node *find(const char *path)
{
    struct node *node = buckets[hash(path)];

    while (node && strcmp(node->path, path))
        node = node->next;
    return node;
}

static struct node *add(const char *path, uint32_t mode)
{
    static uint32_t last_inode;
    struct node *node = find(path);

    if (!node) {
        node = heap_alloc_zeroed(sizeof(*node));
        if (!node)
            return NULL;
        node->path = path;
        node->inode = ++last_inode;
        node->next = buckets[hash(path)];
        buckets[hash(path)] = node;
    }
    node->mode = mode;
    node->links = 1;
    return node;
}

static const char *add_entry(const struct cpio_entry *entry)
{
    struct node *node = add(entry->name, entry->mode);

    if (!node)
        return "initrd: no memory for its names";
    node->mtime = entry->mtime;
    node->links = entry->links;
    node->data = entry->data;
    node->size = entry->size;
    return NULL;
}

static const char *add_archive(const void *archive, size_t size)
{
    struct cpio_archive reader = {.bytes = archive, .size = size};
    struct cpio_entry entry;
    int result;

    while ((result = cpio_next(&reader, &entry)) > 0) {
        if (!strcmp(entry.name, "."))
            entry.name = "";
        const char *error = add_entry(&entry);
        if (error)
            return error;
    }
    return result < 0 ? "initrd: not a newc cpio archive, or damaged" : NULL;
}

const char *namespace_init(const void *archive, size_t size)
{
    add("", S_IFDIR | 0755);
    add("dev", S_IFDIR | 0755);
    for (const struct device *device = devices; device->path; device++) {
        struct node *node = add(device->path, S_IFCHR | 0666);
        if (node)
            node->device = device;
    }
    return add_archive(archive, size);
}

/* --- paths --------------------------------------------------------------------------------------
 */

/*
 * Rewrites path in place as the nodes are named: no leading, double or trailing slashes, no "." and
 * "..". Each component but the last must be a directory, the last too if a slash follows it.
 */
static int normalise(const char *path, char *result)
{
    char *end = result;

    *end = '\0';
    while (*path) {
        size_t length = 0;
        while (path[length] && path[length] != '/')
            length++;
        if (length > NAME_MAX_LENGTH)
            return -ENAMETOOLONG;
        if (length == 2 && path[0] == '.' && path[1] == '.') {
            char *slash = strrchr(result, '/');
            end = slash ? slash : result;
        } else if (length && !(length == 1 && path[0] == '.')) {
            if (end != result)
                *end++ = '/';
            memcpy(end, path, length);
            end += length;
        }
        *end = '\0';
        path += length;
        if (!*path)
            break;
        const struct node *node = find(result);
        if (!node)
            return -ENOENT;
        if ((node->mode & S_IFMT) != S_IFDIR)
            return -ENOTDIR;
        while (*path == '/')
            path++;
    }
    return 0;
}

static int lookup(const char *path, struct node **node)
{
    char *name = heap_alloc(PATH_MAX);

    if (!name)
        return -ENOMEM;
    int error = *path ? normalise(path, name) : -ENOENT;
    if (!error) {
        *node = find(name);
        error = *node ? 0 : -ENOENT;
    }
    heap_free(name);
    return error;
}

/* --- files of the archive -------------------------------------------------------------------- */

static ssize_t node_read_at(struct file *file, void *to, size_t size, uint32_t offset)
{
    const struct node *node = file->object;

    if (offset >= node->size)
        return 0;
    size = MIN(size, (size_t)(node->size - offset));
    memcpy(to, node->data + offset, size);
    return size;
}

static ssize_t node_read(struct file *file, unsafe_bytes to, size_t size)
{
    const struct node *node = file->object;

    if ((node->mode & S_IFMT) == S_IFDIR)
        return -EISDIR;
    if (file->position >= node->size || !size)
        return 0;
    size = MIN(size, (size_t)(node->size - file->position));
    size_t done = copy_k2u_partial(to, node->data + file->position, size);
    file->position += done;
    return done ? (ssize_t)done : -EFAULT;
}

static void node_stat(struct file *file, struct stat64 *stat)
{
    const struct node *node = file->object;

    stat->device = 1;
    stat->inode = stat->inode_low = node->inode;
    stat->mode = node->mode;
    stat->links = node->links;
    stat->size = node->size;
    stat->blocks = (node->size + 511) / 512;
    stat->accessed.seconds = stat->modified.seconds = stat->changed.seconds = node->mtime;
    if (node->device)
        stat->rdev = device_number(node->device);
}

void namespace_stat_device(const struct device *device, struct stat64 *stat)
{
    struct file file = {.object = find(device->path)};

    node_stat(&file, stat);
}

static const struct file_operations node_operations = {
    .read = node_read,
    .read_at = node_read_at,
    .stat = node_stat,
};

static int open_node(struct node *node, uint32_t flags, struct file **file)
{
    uint32_t kind = node->mode & S_IFMT;
    bool writes = (flags & O_ACCMODE) != O_RDONLY;

    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    if ((flags & O_DIRECTORY) && kind != S_IFDIR)
        return -ENOTDIR;
    if (kind == S_IFDIR && (writes || (flags & O_CREAT)))
        return -EISDIR;
    if (node->device)
        *file = file_create(node->device->operations, flags, (void *)node->device);
    else if (writes || (flags & O_TRUNC))
        return -EROFS;
    else
        *file = file_create(&node_operations, flags, node);
    return *file ? 0 : -ENOMEM;
}

int namespace_open(const char *path, uint32_t flags, struct file **file)
{
    struct node *node;
    int error = lookup(path, &node);

    if (error == -ENOENT && (flags & O_CREAT))
        return -EROFS;
    return error ? error : open_node(node, flags, file);
}

int namespace_open_program(const char *path, struct file **file, uint32_t *size)
{
    struct node *node;
    int error = lookup(path, &node);

    if (error)
        return error;
    if ((node->mode & S_IFMT) != S_IFREG || !(node->mode & 0111))
        return -EACCES;
    *size = node->size;
    return open_node(node, O_RDONLY, file);
}
