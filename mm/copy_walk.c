/*
 * The copy strategy `walk`: find the page in the user's own tables, check what the MMU would have
 * checked, and copy through the direct map. No CR3 write, no TLB entry lost.
 *
 * The kernel is not preempted, and nothing between the walk and the copy sleeps, so the page cannot
 * be unmapped or re-protected in between; after space_fault(), which may sleep, the walk starts
 * anew.
 */
#include "kernel/errno.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "mm/copy_strategy.h"

/* What is done with the part of a page: kernel is the address of the other side, or 0. */
typedef void (*page_action)(char *page, vaddr_t kernel, size_t size);

/* Copies from the beginning of a page on: whole pages, which long copies are made of, and a rest.
 */
ALWAYS_INLINE size_t walk_pages(struct space *space, vaddr_t user, vaddr_t kernel, size_t size,
                                uint32_t access, page_action action)
{
    for (size_t left = size; left; left -= PAGE_SIZE) {
        char *page = copy_walk_page(space, user, access);
        if (!page)
            return size - left;
        if (left < PAGE_SIZE) {
            action(page, kernel, left);
            break;
        }
        action(page, kernel, PAGE_SIZE);
        kernel += PAGE_SIZE;
        user += PAGE_SIZE;
    }
    return size;
}

ALWAYS_INLINE size_t walk(struct space *space, vaddr_t user, vaddr_t kernel, size_t size,
                          uint32_t access, page_action action)
{
    size_t part = copy_page_rest(user, size);
    char *page = size ? copy_walk_page(space, user, access) : NULL;

    if (!page)
        return 0;
    action(page, kernel, part);
    if (part == size)
        return size;
    /* so written, the compiler knows that it is a page's beginning */
    user = (user | (PAGE_SIZE - 1)) + 1;
    return part + walk_pages(space, user, kernel + part, size - part, access, action);
}

static void to_kernel(char *page, vaddr_t kernel, size_t size)
{
    copy_bytes((char *)kernel, page, size);
}

static void to_user(char *page, vaddr_t kernel, size_t size)
{
    copy_bytes(page, (const char *)kernel, size);
}

static void clear(char *page, vaddr_t kernel, size_t size)
{
    (void)kernel;
    fill_bytes(page, 0, size);
}

static size_t walk_to_kernel(struct space *space, void *to, vaddr_t from, size_t size)
{
    return walk(space, from, (vaddr_t)to, size, REGION_READ, to_kernel);
}

static size_t walk_to_user(struct space *space, vaddr_t to, const void *from, size_t size)
{
    return walk(space, to, (vaddr_t)from, size, REGION_WRITE, to_user);
}

static size_t walk_clear(struct space *space, vaddr_t to, size_t size)
{
    return walk(space, to, 0, size, REGION_WRITE, clear);
}

static size_t walk_string(struct space *space, char *to, vaddr_t from, size_t size)
{
    size_t done = 0;

    while (done < size) {
        const char *page = copy_walk_page(space, from + done, REGION_READ);
        if (!page)
            break;
        size_t end = done + copy_page_rest(from + done, size - done);
        while (done < end) {
            char c = *page++;
            to[done++] = c;
            if (!c)
                return done;
        }
    }
    return done;
}

const struct copy_strategy copy_walk = {
    .to_kernel = walk_to_kernel,
    .to_user = walk_to_user,
    .clear = walk_clear,
    .string = walk_string,
};
