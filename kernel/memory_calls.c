/* brk, mmap2, munmap: the calls that change an address space. */
#include "kernel/file.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "mm/space.h"

SYSCALL_DEFINE1(brk, vaddr_t, end)
{
    return (long)space_brk(current_thread()->space, end);
}

static uint32_t region_flags(uint32_t protection)
{
    return (protection & PROT_READ ? REGION_READ : 0) |
           (protection & PROT_WRITE ? REGION_WRITE : 0) |
           (protection & PROT_EXEC ? REGION_EXEC : 0);
}

/* Where the mapping goes: an address, or -Exxx as a number above USER_LIMIT. */
static vaddr_t mmap_place(struct space *space, vaddr_t start, uint32_t size, uint32_t flags)
{
    bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);

    if (!fixed) {
        vaddr_t place = space_find_free(space, ROUND_DOWN(start, PAGE_SIZE), size);
        return place ? place : (vaddr_t)-ENOMEM;
    }
    if (start % PAGE_SIZE)
        return (vaddr_t)-EINVAL;
    if (start > USER_LIMIT - size)
        return (vaddr_t)-ENOMEM;
    if (start < USER_BASE)
        return (vaddr_t)-EPERM;
    if (flags & MAP_FIXED_NOREPLACE)
        return space_is_free(space, start, start + size) ? start : (vaddr_t)-EEXIST;
    return space_unmap(space, start, start + size) ? (vaddr_t)-ENOMEM : start;
}

/*
 * Private anonymous memory. Files cannot be mapped and memory cannot be shared yet: -ENODEV, as
 * mmap(2) says of a file system without mappings.
 */
SYSCALL_DEFINE6(mmap2, vaddr_t, start, size_t, length, uint32_t, protection, uint32_t, flags, int,
                fd, uint32_t, page)
{
    struct space *space = current_thread()->space;
    uint32_t size = ROUND_UP(length, PAGE_SIZE);
    uint32_t type = flags & MAP_TYPE;

    if (!(flags & MAP_ANONYMOUS) && !files_lookup(current_thread()->files, fd))
        return -EBADF;
    if (!length || (type != MAP_PRIVATE && type != MAP_SHARED))
        return -EINVAL;
    if (!size || size > USER_LIMIT - USER_BASE)
        return -ENOMEM;
    if (page + (size >> PAGE_SHIFT) < page)
        return -EOVERFLOW;
    if (!(flags & MAP_ANONYMOUS) || type != MAP_PRIVATE)
        return -ENODEV;

    vaddr_t place = mmap_place(space, start, size, flags);
    if (place >= USER_LIMIT)
        return (long)place;
    struct region model = {.flags = region_flags(protection)};
    int error = space_map(space, place, place + size, &model);
    return error ? -ENOMEM : (long)place;
}

SYSCALL_DEFINE2(munmap, vaddr_t, start, size_t, length)
{
    if (start % PAGE_SIZE || !length || start > USER_LIMIT || length > USER_LIMIT - start)
        return -EINVAL;
    return space_unmap(current_thread()->space, start, start + ROUND_UP(length, PAGE_SIZE));
}
