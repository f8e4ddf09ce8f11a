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

void *copy_walk_page_fault(struct space *space, vaddr_t address, uint32_t access)
{
    int error = space_fault(space, address, access);

    if (error == -ENOMEM)
        thread_out_of_memory();
    return error ? NULL : copy_walk_page(space, address, access);
}

static size_t page_rest(vaddr_t address, size_t size)
{
    return MIN(size, PAGE_SIZE - address % PAGE_SIZE);
}

static size_t walk_to_kernel(struct space *space, void *to, vaddr_t from, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t chunk = page_rest(from + done, size - done);
        void *page = copy_walk_page(space, from + done, REGION_READ);
        if (!page)
            break;
        copy_bytes((char *)to + done, page, chunk);
        done += chunk;
    }
    return done;
}

static size_t walk_to_user(struct space *space, vaddr_t to, const void *from, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t chunk = page_rest(to + done, size - done);
        void *page = copy_walk_page(space, to + done, REGION_WRITE);
        if (!page)
            break;
        copy_bytes(page, (const char *)from + done, chunk);
        done += chunk;
    }
    return done;
}

static size_t walk_clear(struct space *space, vaddr_t to, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t chunk = page_rest(to + done, size - done);
        void *page = copy_walk_page(space, to + done, REGION_WRITE);
        if (!page)
            break;
        fill_bytes(page, 0, chunk);
        done += chunk;
    }
    return done;
}

static size_t walk_string(struct space *space, char *to, vaddr_t from, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t end = done + page_rest(from + done, size - done);
        const char *page = copy_walk_page(space, from + done, REGION_READ);
        if (!page)
            break;
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
