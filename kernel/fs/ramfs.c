/*
 * The file system in memory: names and inodes.
 *
 * All entries of all directories are in one hash table by directory and name; those of a directory
 * also in a list by position. An entry keeps its position for life, and later ones get higher
 * positions, so a reader's position means the same whatever comes and goes meanwhile.
 */
#include "kernel/fs/ramfs.h"

#include "kernel/string.h"
#include "mm/heap.h"

#define BUCKETS_BITS   12
#define FIRST_POSITION 2 /* behind "." and ".." */

struct ramfs_entry {
    struct ramfs_entry *next;              /* in its bucket */
    struct list siblings;                  /* in its directory's entries */
    struct list same_inode;                /* in its inode's names */
    struct ramfs_inode *directory, *inode; /* inode: with a reference */
    uint32_t hash, position;
    uint8_t length;
    char name[];
};

static struct ramfs_entry *buckets[1 << BUCKETS_BITS];
static const struct inode_operations ramfs_operations;

/* --- entries ---------------------------------------------------------------------------------- */

/* The top bits of a product, which depend on all bits of the factors (Knuth 6.4). */
static struct ramfs_entry **bucket_of(const struct ramfs_inode *directory, uint32_t hash)
{
    return &buckets[(hash ^ directory->inode.number) * 2654435769u >> (32 - BUCKETS_BITS)];
}

static struct ramfs_entry *entry_find(struct inode *directory, const struct name *name)
{
    struct ramfs_inode *owner = ramfs_inode(directory);
    struct ramfs_entry *entry = *bucket_of(owner, name->hash);

    while (entry &&
           (entry->directory != owner || entry->hash != name->hash ||
            entry->length != name->length || memcmp(entry->name, name->bytes, name->length)))
        entry = entry->next;
    return entry;
}

/* Positions are 31 bits, as old readers know them; who gets there starts again. */
static void renumber(struct ramfs_inode *directory)
{
    struct ramfs_entry *entry;

    directory->directory.next_position = FIRST_POSITION;
    list_for_each(entry, &directory->directory.entries, siblings)
        entry->position = directory->directory.next_position++;
}

static struct ramfs_entry *entry_create(struct inode *directory, const struct name *name)
{
    struct ramfs_inode *owner = ramfs_inode(directory);
    struct ramfs_entry *entry = heap_alloc(sizeof(*entry) + name->length);
    struct ramfs_entry **bucket = bucket_of(owner, name->hash);

    if (!entry)
        return NULL;
    if (owner->directory.next_position == INT32_MAX)
        renumber(owner);
    entry->directory = owner;
    entry->hash = name->hash;
    entry->position = owner->directory.next_position++;
    entry->length = name->length;
    memcpy(entry->name, name->bytes, name->length);
    entry->next = *bucket;
    *bucket = entry;
    list_insert(&owner->directory.entries, &entry->siblings);
    list_init(&entry->same_inode);
    return entry;
}

static struct ramfs_entry *entry_after(const struct ramfs_entry *entry)
{
    struct list *next = entry->siblings.next;

    return next == &entry->directory->directory.entries
               ? NULL
               : list_entry(next, struct ramfs_entry, siblings);
}

static void entry_free(struct ramfs_entry *entry)
{
    struct ramfs_inode *owner = entry->directory;
    struct ramfs_entry **link = bucket_of(owner, entry->hash);

    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
    if (owner->directory.hint == entry)
        owner->directory.hint = entry_after(entry);
    list_remove(&entry->siblings);
    heap_free(entry);
}

/* The entry is inode's from now on, whose reference it takes over. */
static void entry_bind(struct ramfs_entry *entry, struct ramfs_inode *inode)
{
    struct ramfs_inode *directory = entry->directory;

    entry->inode = inode;
    list_remove(&entry->same_inode);
    list_insert(&inode->names, &entry->same_inode);
    if (S_ISDIR(inode->inode.mode)) {
        inode_get(&directory->inode);
        if (inode->inode.parent)
            inode_put(inode->inode.parent);
        inode->inode.parent = &directory->inode;
        directory->inode.links++;
    }
}

/* The entry is nobody's any more; the reference is the caller's. */
static struct ramfs_inode *entry_unbind(struct ramfs_entry *entry)
{
    struct ramfs_inode *inode = entry->inode;

    list_remove(&entry->same_inode);
    if (S_ISDIR(inode->inode.mode))
        entry->directory->inode.links--;
    return inode;
}

/* --- inodes ----------------------------------------------------------------------------------- */

static struct inode *ramfs_make(struct filesystem *filesystem, uint32_t mode, uint32_t rdev,
                                const char *target)
{
    static uint32_t last_number;
    struct ramfs_inode *inode = ramfs_is_full() ? NULL : heap_alloc_zeroed(sizeof(*inode));

    if (!inode)
        return NULL;
    inode_init(&inode->inode, filesystem, &ramfs_operations, ++last_number, mode);
    inode->inode.rdev = rdev;
    list_init(&inode->names);
    if (S_ISDIR(mode)) {
        list_init(&inode->directory.entries);
        inode->directory.next_position = FIRST_POSITION;
        inode->inode.links = 1; /* its "."; the name makes it two */
        inode->inode.size = PAGE_SIZE;
    } else if (target) {
        inode->inode.size = strlen(target);
        inode->target = heap_alloc(inode->inode.size + 1);
        if (!inode->target) {
            heap_free(inode);
            return NULL;
        }
        memcpy(inode->target, target, inode->inode.size + 1);
    }
    return &inode->inode;
}

/* A removed directory is what keeps its parent, which may be a removed one too: a loop, since they
 * may be nested deeper than the kernel's stack. */
static void ramfs_release(struct inode *inode)
{
    while (inode) {
        struct ramfs_inode *dying = ramfs_inode(inode);
        struct inode *parent = inode->parent;
        if (S_ISREG(inode->mode))
            page_tree_truncate(&dying->pages, 0);
        else if (S_ISLNK(inode->mode))
            heap_free(dying->target);
        heap_free(dying);
        inode = parent && !--parent->references ? parent : NULL;
    }
}

static int ramfs_lookup(struct inode *directory, const struct name *name, struct inode **found)
{
    struct ramfs_entry *entry = entry_find(directory, name);

    if (!entry)
        return -ENOENT;
    *found = inode_get(&entry->inode->inode);
    return 0;
}

/* --- changes ---------------------------------------------------------------------------------- */

static int ramfs_link(struct inode *directory, const struct name *name, struct inode *inode)
{
    struct ramfs_entry *entry = entry_create(directory, name);

    if (!entry)
        return -ENOMEM;
    entry_bind(entry, ramfs_inode(inode_get(inode)));
    inode->links++;
    inode_modified(directory);
    inode->changed = directory->changed;
    return 0;
}

/* A name less; the reference goes with it. */
static void drop(struct ramfs_inode *inode)
{
    inode->inode.links = S_ISDIR(inode->inode.mode) ? 0 : inode->inode.links - 1;
    inode->inode.changed = inode_now();
    inode_put(&inode->inode);
}

static void ramfs_unlink(struct inode *directory, const struct name *name)
{
    struct ramfs_entry *entry = entry_find(directory, name);
    struct ramfs_inode *inode = entry_unbind(entry);

    inode_modified(directory);
    entry_free(entry);
    drop(inode);
}

static void exchange(struct ramfs_entry *a, struct ramfs_entry *b)
{
    struct ramfs_inode *first = entry_unbind(a), *second = entry_unbind(b);

    entry_bind(a, second);
    entry_bind(b, first);
    second->inode.changed = inode_now();
}

static int ramfs_rename(struct inode *directory, const struct name *name,
                        struct inode *new_directory, const struct name *new_name, uint32_t flags)
{
    struct ramfs_entry *from = entry_find(directory, name);
    struct ramfs_entry *to = entry_find(new_directory, new_name);
    struct ramfs_inode *inode = from->inode;

    if (flags & RENAME_EXCHANGE) {
        exchange(from, to);
    } else {
        struct ramfs_inode *replaced = to ? entry_unbind(to) : NULL;
        if (!to && !(to = entry_create(new_directory, new_name)))
            return -ENOMEM;
        entry_unbind(from);
        entry_free(from);
        entry_bind(to, inode);
        if (replaced)
            drop(replaced);
    }
    inode_modified(directory);
    inode_modified(new_directory);
    inode->inode.changed = directory->changed;
    return 0;
}

/* --- what is there ---------------------------------------------------------------------------- */

static bool ramfs_is_empty(struct inode *directory)
{
    return list_empty(&ramfs_inode(directory)->directory.entries);
}

/* The first entry at or behind position; mostly the one where the last reader stopped. */
static struct ramfs_entry *entry_from(struct ramfs_inode *directory, uint64_t position)
{
    struct ramfs_entry *entry = directory->directory.hint;

    if (entry && entry->position == position)
        return entry;
    list_for_each(entry, &directory->directory.entries, siblings) {
        if (entry->position >= position)
            return entry;
    }
    return NULL;
}

static void ramfs_readdir(struct inode *inode, uint64_t *position, readdir_emit emit, void *context)
{
    struct ramfs_inode *directory = ramfs_inode(inode);
    struct ramfs_entry *entry = entry_from(directory, *position);

    for (; entry; entry = entry_after(entry)) {
        const struct name name = {entry->name, entry->length, entry->hash};
        uint64_t next = entry->position + 1;
        if (!emit(context, &name, entry->inode->inode.number, entry->inode->inode.mode, next))
            break;
        *position = next;
    }
    /* the next call begins there */
    if (entry)
        *position = entry->position;
    directory->directory.hint = entry;
}

static int ramfs_locate(struct inode *inode, struct inode **directory, struct name *name)
{
    struct ramfs_inode *self = ramfs_inode(inode);

    if (list_empty(&self->names))
        return -ENOENT;
    const struct ramfs_entry *entry = list_first(&self->names, struct ramfs_entry, same_inode);
    *directory = &entry->directory->inode;
    *name = (struct name){entry->name, entry->length, entry->hash};
    return 0;
}

static ssize_t ramfs_readlink(struct inode *inode, char *text)
{
    memcpy(text, ramfs_inode(inode)->target, inode->size + 1);
    return inode->size;
}

static uint64_t ramfs_blocks(const struct inode *inode)
{
    const struct ramfs_inode *self = container_of(inode, struct ramfs_inode, inode);
    uint32_t pages = S_ISREG(inode->mode) ? self->pages.pages : S_ISDIR(inode->mode);

    return (uint64_t)pages * (PAGE_SIZE / 512);
}

static const struct inode_operations ramfs_operations = {
    .lookup = ramfs_lookup,
    .readdir = ramfs_readdir,
    .link = ramfs_link,
    .unlink = ramfs_unlink,
    .rename = ramfs_rename,
    .is_empty = ramfs_is_empty,
    .locate = ramfs_locate,
    .readlink = ramfs_readlink,
    .set_size = ramfs_set_size,
    .reserve = ramfs_reserve,
    .clear = ramfs_clear,
    .blocks = ramfs_blocks,
    .release = ramfs_release,
    .file = &ramfs_file_operations,
};

struct filesystem ramfs = {
    .type = "ramfs",
    .magic = 0x858458f6,
    .device = 1,
    .in_memory = true,
    .make = ramfs_make,
};

struct inode *ramfs_create(void)
{
    struct inode *root = ramfs_make(&ramfs, S_IFDIR | 0755, 0, NULL);

    if (root) {
        root->parent = root;
        root->links++;
    }
    return root;
}
