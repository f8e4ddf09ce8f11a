/* The initrd: a newc cpio archive, unpacked into the root file system. */
#include "arch/i386/paging.h"
#include "kernel/cpio.h"
#include "kernel/fs/ramfs.h"
#include "kernel/string.h"
#include "mm/frame.h"
#include "mm/heap.h"

/* Names of the same file have the same number; the bytes are behind one of them (cpio(5)). */
struct linked_file {
    struct linked_file *next;
    uint32_t number;
    struct inode *inode;
};

static int fill(struct inode *inode, const uint8_t *data, size_t size)
{
    struct page_tree *pages = &ramfs_inode(inode)->pages;

    for (size_t done = 0; done < size; done += PAGE_SIZE) {
        void *page = page_tree_make(pages, done / PAGE_SIZE);
        if (!page)
            return -ENOMEM;
        memcpy(page, data + done, MIN(size - done, (size_t)PAGE_SIZE));
    }
    inode->size = size;
    return 0;
}

static void set_attributes(struct inode *inode, const struct cpio_entry *entry)
{
    inode->mode = (inode->mode & S_IFMT) | (entry->mode & S_IALLUGO);
    inode->uid = entry->uid;
    inode->gid = entry->gid;
    inode->accessed = inode->modified = inode->changed = INODE_TIME(entry->mtime, 0);
}

/* The inode that already has the entry's number, or NULL. */
static struct inode *find_linked(const struct linked_file *linked, const struct cpio_entry *entry)
{
    if (entry->links < 2 || !S_ISREG(entry->mode))
        return NULL;
    while (linked && linked->number != entry->inode)
        linked = linked->next;
    return linked ? linked->inode : NULL;
}

/* Without memory for it, the next name becomes a file of its own. */
static void remember(struct linked_file **linked, const struct cpio_entry *entry,
                     struct inode *inode)
{
    bool more = entry->links > 1 && S_ISREG(entry->mode);
    struct linked_file *file = more ? heap_alloc(sizeof(*file)) : NULL;

    if (!file)
        return;
    *file = (struct linked_file){*linked, entry->inode, inode_get(inode)};
    *linked = file;
}

static int make(struct walk *walk, const struct cpio_entry *entry, const char *target,
                struct linked_file **linked, struct inode **inode)
{
    uint32_t rdev = (entry->device_minor & 0xff) | (entry->device_major & 0xfff) << 8 |
                    (entry->device_minor & ~0xffu) << 12;
    struct inode *old = find_linked(*linked, entry);

    if (old) {
        int error = old->operations->link(walk->at, &walk->last, old);
        *inode = error ? NULL : inode_get(old);
        return error;
    }
    int error = inode_create(walk->at, &walk->last, entry->mode & (S_IFMT | S_IALLUGO), rdev,
                             target, inode);
    if (!error)
        remember(linked, entry, *inode);
    return error;
}

/* What already has the entry's name makes way; a directory stays where one is due. 0 and it, or
 * -ENOENT: the name is free. */
static int clear_name(struct walk *walk, const struct cpio_entry *entry, struct inode **inode)
{
    int error = walk_final(walk, 0, inode);

    if (error)
        return walk->missing ? -ENOENT : -EINVAL;
    if (S_ISDIR((*inode)->mode) && S_ISDIR(entry->mode))
        return 0;
    bool directory = S_ISDIR((*inode)->mode);
    inode_put(*inode);
    if (directory || walk->kind != LAST_NAME)
        return -EEXIST;
    walk->at->operations->unlink(walk->at, &walk->last);
    return -ENOENT;
}

static int unpack(const struct cpio_entry *entry, const char *target, struct linked_file **linked)
{
    struct walk walk;
    struct inode *inode;

    walk_begin_kernel(&walk, entry->name);
    int error = clear_name(&walk, entry, &inode);
    if (error == -ENOENT)
        error = make(&walk, entry, target, linked, &inode);
    walk_end(&walk);
    if (error)
        return error;
    set_attributes(inode, entry);
    if (S_ISREG(entry->mode) && entry->size)
        error = fill(inode, entry->data, entry->size);
    inode_put(inode);
    return error;
}

/* A symbolic link's text is its data, which no terminator follows. */
static int unpack_entry(const struct cpio_entry *entry, struct linked_file **linked)
{
    char *text = NULL;

    if (S_ISLNK(entry->mode)) {
        if (!entry->size || entry->size >= PATH_MAX)
            return -EINVAL;
        text = heap_alloc(entry->size + 1);
        if (!text)
            return -ENOMEM;
        memcpy(text, entry->data, entry->size);
        text[entry->size] = '\0';
    }
    int error = unpack(entry, text, linked);
    heap_free(text);
    return error;
}

/* Gives up what was read of an archive, so that memory need not hold all of it twice. */
static void release(uint32_t *start, uint32_t end)
{
    frame_add(*start, end);
    *start = ROUND_DOWN(end, PAGE_SIZE);
}

const char *initrd_unpack(uint32_t start, uint32_t end)
{
    struct cpio_archive reader = {.bytes = direct_map(PADDR(start)), .size = end - start};
    uint32_t first = start;
    struct cpio_entry entry;
    struct linked_file *linked = NULL;
    const char *complaint = NULL;
    int result;

    while ((result = cpio_next(&reader, &entry)) > 0) {
        int error = unpack_entry(&entry, &linked);
        if (error)
            complaint = error == -ENOMEM || error == -ENOSPC
                            ? "initrd: no memory for all of it"
                            : "initrd: an entry that cannot be made was left out";
        release(&start, first + reader.offset);
    }
    release(&start, end);
    while (linked) {
        struct linked_file *file = linked;
        linked = file->next;
        inode_put(file->inode);
        heap_free(file);
    }
    return result < 0 ? "initrd: not a newc cpio archive, or damaged" : complaint;
}
