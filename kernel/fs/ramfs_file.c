/* The file system in memory: what is in its regular files. */
#include "arch/i386/paging.h"
#include "kernel/fs/ramfs.h"
#include "kernel/limits.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/string.h"
#include "mm/frame.h"

/* The number of a page is 32 bits. */
#define SIZE_LIMIT (((uint64_t)1 << (32 + PAGE_SHIFT)) - PAGE_SIZE)

/* After so many bytes others may run; whole calls up to that are atomic. */
#define PART_MAX (1u << 20)

/* Of all frames, one in sixteen is for what has no error to give: page faults, stacks. */
bool ramfs_is_full(void)
{
    return frames_total - frames_in_use < frames_total / 16;
}

/* RLIMIT_FSIZE, and what who exceeds it gets. */
static uint64_t file_size_limit(void)
{
    return limit_of(current_process(), RLIMIT_FSIZE);
}

static int file_too_big(void)
{
    if (file_size_limit() < SIZE_LIMIT)
        signal_raise_thread(current_thread(), SIGXFSZ);
    return -EFBIG;
}

static uint32_t page_number(uint64_t position)
{
    return position >> PAGE_SHIFT;
}

static size_t page_rest(uint64_t position, size_t size)
{
    return MIN(size, PAGE_SIZE - (uint32_t)position % PAGE_SIZE);
}

/* A page to write to: NULL if there is none and shall be no more. */
static char *page_for(struct ramfs_inode *inode, uint64_t position)
{
    char *page = page_tree_find(&inode->pages, page_number(position));

    if (!page && !ramfs_is_full())
        page = page_tree_make(&inode->pages, page_number(position));
    return page;
}

/* What is left of size bytes at position before the end of the file. */
static size_t readable(const struct inode *inode, uint64_t position, size_t size)
{
    if (position >= inode->size)
        return 0;
    return MIN(inode->size - position, (uint64_t)size);
}

/* In the midst of a copy, after done bytes: false if it is to end there. */
static bool may_go_on(size_t done, size_t part)
{
    return done / PART_MAX == (done - part) / PART_MAX || sched_pause();
}

static ssize_t ramfs_read(struct file *file, unsafe_bytes to, size_t size)
{
    struct inode *inode = file->inode;
    uint64_t position = file->position;
    size_t done = 0;

    size = readable(inode, position, size);
    if (!size)
        return 0;
    while (done < size) {
        size_t part = page_rest(position, size - done);
        const char *page = page_tree_find(&ramfs_inode(inode)->pages, page_number(position));
        unsafe_bytes place = unsafe_advance(to, done);
        size_t moved = page ? copy_k2u_partial(place, page + position % PAGE_SIZE, part)
                            : clear_user(place, part);
        done += moved;
        position += moved;
        if (moved < part || !may_go_on(done, part))
            break;
    }
    file->position = position;
    if (!(file->flags & O_NOATIME))
        inode_accessed(inode);
    return done ? (ssize_t)done : -EFAULT;
}

static ssize_t ramfs_read_at(struct file *file, void *to, size_t size, uint64_t offset)
{
    struct inode *inode = file->inode;
    size_t done = 0;

    size = readable(inode, offset, size);
    while (done < size) {
        uint64_t position = offset + done;
        size_t part = page_rest(position, size - done);
        const char *page = page_tree_find(&ramfs_inode(inode)->pages, page_number(position));
        if (page)
            memcpy((char *)to + done, page + position % PAGE_SIZE, part);
        else
            memset((char *)to + done, 0, part);
        done += part;
    }
    return done;
}

/* Bytes from user memory, or the kernel's if bytes is not NULL. */
static size_t store(char *to, unsafe_bytes user, const char *bytes, size_t size)
{
    if (!bytes)
        return copy_u2k_over(to, user, size);
    memcpy(to, bytes, size);
    return size;
}

static ssize_t write_at(struct inode *inode, uint64_t position, unsafe_bytes user,
                        const char *bytes, size_t size)
{
    ssize_t error = -EFAULT;
    size_t done = 0;

    while (done < size) {
        size_t part = page_rest(position + done, size - done);
        char *page = page_for(ramfs_inode(inode), position + done);
        if (!page) {
            error = -ENOSPC;
            break;
        }
        size_t moved = store(page + (position + done) % PAGE_SIZE, unsafe_advance(user, done),
                             bytes ? bytes + done : NULL, part);
        done += moved;
        inode->size = MAX(inode->size, position + done);
        if (moved < part || !may_go_on(done, part))
            break;
    }
    return done ? (ssize_t)done : error;
}

static ssize_t write_from(struct file *file, unsafe_bytes user, const char *bytes, size_t size)
{
    struct inode *inode = file->inode;
    uint64_t position = file->flags & O_APPEND ? inode->size : file->position;

    if (!size)
        return 0;
    uint64_t limit = MIN(SIZE_LIMIT, file_size_limit());
    if (position >= limit)
        return file_too_big();
    size = MIN((uint64_t)size, limit - position);
    ssize_t done = write_at(inode, position, user, bytes, size);
    if (done < 0)
        return done;
    file->position = position + done;
    inode_modified(inode);
    inode_drop_privileges(inode);
    return done;
}

static ssize_t ramfs_write(struct file *file, unsafe_bytes from, size_t size)
{
    return write_from(file, from, NULL, size);
}

static ssize_t ramfs_write_kernel(struct file *file, const void *from, size_t size)
{
    return write_from(file, (unsafe_bytes){.address = 0}, from, size);
}

int ramfs_set_size(struct inode *inode, uint64_t size)
{
    struct page_tree *pages = &ramfs_inode(inode)->pages;

    if (size > inode->size && size > file_size_limit())
        return file_too_big();
    if (size > SIZE_LIMIT)
        return -EFBIG;
    if (size < inode->size) {
        page_tree_truncate(pages, page_number(size + PAGE_SIZE - 1));
        char *page = page_tree_find(pages, page_number(size));
        if (page) /* what a longer file shows again is zeroes */
            memset(page + size % PAGE_SIZE, 0, PAGE_SIZE - size % PAGE_SIZE);
    }
    inode->size = size;
    return 0;
}

int ramfs_reserve(struct inode *inode, uint64_t start, uint64_t end)
{
    if (end > SIZE_LIMIT)
        return -EFBIG;
    for (uint64_t position = start; position < end; position += page_rest(position, PAGE_SIZE)) {
        if (!page_for(ramfs_inode(inode), position))
            return -ENOSPC;
    }
    return 0;
}

/* Within one page. */
static void clear_bytes(struct page_tree *pages, uint64_t start, size_t size)
{
    char *page = size ? page_tree_find(pages, page_number(start)) : NULL;

    if (page)
        memset(page + start % PAGE_SIZE, 0, size);
}

/* Pages behind the file's end, too: they may have been reserved. */
int ramfs_clear(struct inode *inode, uint64_t start, uint64_t end)
{
    struct page_tree *pages = &ramfs_inode(inode)->pages;

    start = MIN(start, SIZE_LIMIT);
    end = MIN(end, SIZE_LIMIT);
    uint64_t first = ROUND_UP(start, PAGE_SIZE), last = ROUND_DOWN(end, PAGE_SIZE);
    if (first > last) {
        clear_bytes(pages, start, end - start);
    } else {
        clear_bytes(pages, start, first - start);
        page_tree_clear(pages, page_number(first), page_number(last));
        clear_bytes(pages, last, end - last);
    }
    inode_modified(inode);
    return 0;
}

static int ramfs_frame(struct file *file, uint32_t page, bool for_write, paddr_t *frame)
{
    struct ramfs_inode *inode = ramfs_inode(file->inode);

    if (page >= page_number(file->inode->size + PAGE_SIZE - 1))
        return -EFAULT;
    void *bytes = page_tree_find(&inode->pages, page);
    if (!bytes && for_write) {
        bytes = page_for(inode, (uint64_t)page << PAGE_SHIFT);
        if (!bytes)
            return -ENOMEM;
    }
    *frame = bytes ? direct_map_paddr(bytes) : frame_alloc_zeroed();
    if (!frame->value)
        return -ENOMEM;
    if (bytes)
        frame_get(*frame);
    return 0;
}

const struct file_operations ramfs_file_operations = {
    .read = ramfs_read,
    .write = ramfs_write,
    .read_at = ramfs_read_at,
    .write_kernel = ramfs_write_kernel,
    .seek = file_seek_sized,
    .frame = ramfs_frame,
};
