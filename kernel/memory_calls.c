/* brk, mmap, munmap, mprotect, mremap: the calls that change what an address space holds. */
#include "kernel/abi_memory.h"
#include "kernel/fs/vfs.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "mm/space.h"

#define STACK_MAX (8u << 20) /* how far a MAP_GROWSDOWN region may grow */

SYSCALL_DEFINE1(brk, vaddr_t, end)
{
    return (long)space_brk(current_thread()->space, end);
}

static uint32_t rights_of(uint32_t protection)
{
    return (protection & PROT_READ ? REGION_READ : 0) |
           (protection & PROT_WRITE ? REGION_WRITE : 0) |
           (protection & PROT_EXEC ? REGION_EXEC : 0);
}

/* --- mmap ----------------------------------------------------------------------------------------
 */

/* A mapping as it is asked for. */
struct mapping {
    vaddr_t start;
    uint32_t size; /* whole pages */
    uint32_t protection, flags;
    struct file *file; /* NULL: anonymous */
    uint32_t page;
};

/* Whether start can be used as it is, for MAP_FIXED. */
static int check_fixed(struct space *space, const struct mapping *m)
{
    if (m->start > USER_LIMIT - m->size)
        return -ENOMEM;
    if (m->start % PAGE_SIZE)
        return -EINVAL;
    if (m->start < USER_BASE)
        return -EPERM;
    if (m->flags & MAP_FIXED_NOREPLACE && !space_is_free(space, m->start, m->start + m->size))
        return -EEXIST;
    return 0;
}

static int choose_place(struct space *space, struct mapping *m)
{
    if (m->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
        return check_fixed(space, m);
    m->start = space_find_free(space, ROUND_DOWN(m->start, PAGE_SIZE), m->size);
    return m->start ? 0 : -ENOMEM;
}

/* Whether the descriptor was opened for what the mapping is to allow. */
static int check_access(const struct file *file, const struct mapping *m)
{
    uint32_t access = file->flags & O_ACCMODE;
    bool shared = (m->flags & MAP_TYPE) == MAP_SHARED, store = m->protection & PROT_WRITE;

    return access == O_WRONLY || (shared && store && access != O_RDWR) ? -EACCES : 0;
}

static int check_file(const struct mapping *m)
{
    const struct file *file = m->file;
    bool shared = (m->flags & MAP_TYPE) == MAP_SHARED;
    int error = check_access(file, m);

    if (error)
        return error;
    /* pipes are in no file system of which anything may be executed */
    if ((m->protection & PROT_EXEC) && file->inode && S_ISFIFO(file->inode->mode))
        return -EPERM;
    /* without frames of its own a file can only be copied, which a shared store would show */
    if (!file->operations->frame &&
        (!file->operations->read_at || (shared && (file->flags & O_ACCMODE) != O_RDONLY)))
        return -ENODEV;
    return m->flags & MAP_GROWSDOWN ? -EINVAL : 0;
}

static int check_type(const struct mapping *m)
{
    uint32_t type = m->flags & MAP_TYPE;

    if (type != MAP_PRIVATE && type != MAP_SHARED)
        return -EINVAL;
    if (m->file)
        return check_file(m);
    return type == MAP_SHARED && m->flags & MAP_GROWSDOWN ? -EINVAL : 0;
}

static void model_of(const struct mapping *m, struct region *model)
{
    *model = (struct region){
        .flags = rights_of(m->protection) |
                 ((m->flags & MAP_TYPE) == MAP_SHARED ? REGION_SHARED : 0) |
                 (m->flags & MAP_LOCKED ? REGION_LOCKED : 0),
        .file = m->file,
        .page = m->file ? m->page : 0,
        .file_end = REGION_NO_FILE_END,
    };
    if (m->flags & MAP_GROWSDOWN) {
        model->flags |= REGION_STACK;
        model->limit = m->start > STACK_MAX + USER_BASE ? m->start - STACK_MAX : USER_BASE;
    }
}

static int map_model(struct space *space, const struct mapping *m)
{
    struct region model;

    model_of(m, &model);
    if (!(model.flags & REGION_SHARED) || model.file)
        return space_replace(space, m->start, m->start + m->size, &model);
    model.file = file_create_nameless(0777, m->size);
    if (!model.file)
        return -ENOMEM;
    int error = space_replace(space, m->start, m->start + m->size, &model);
    file_put(model.file); /* the region has its own reference */
    return error;
}

static long map(struct mapping *m, size_t length)
{
    struct space *space = current_thread()->space;

    if (!length)
        return -EINVAL;
    m->size = ROUND_UP(length, PAGE_SIZE);
    if (!m->size)
        return -ENOMEM;
    if (m->page + (m->size >> PAGE_SHIFT) < m->page)
        return -EOVERFLOW;
    if (m->size > USER_LIMIT - USER_BASE)
        return -ENOMEM;
    int error = choose_place(space, m);
    if (!error)
        error = check_type(m);
    if (!error)
        error = map_model(space, m);
    if (error)
        return error;
    /* a page that cannot be had now will be asked for again when it is touched (mmap(2)) */
    if ((m->flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE || m->flags & MAP_LOCKED ||
        space->lock_future)
        space_populate(space, m->start, m->start + m->size);
    return (long)m->start;
}

/* Mapping /dev/zero is mapping no file at all (zero(4)). */
static bool is_zero_device(const struct file *file)
{
    const struct inode *inode = file->inode;

    return inode && (inode->mode & S_IFMT) == S_IFCHR && inode->rdev == 0x105;
}

static long map_file(struct mapping *m, size_t length, int fd)
{
    struct file *file = files_lookup(current_thread()->files, fd);

    if (!file)
        return -EBADF;
    file_get(file);
    bool is_zero = is_zero_device(file);
    m->file = is_zero ? NULL : file;
    long result = !length ? -EINVAL : is_zero ? check_access(file, m) : 0;
    if (!result && file->operations->may_map)
        result = file->operations->may_map(file, m->page, ROUND_UP(length, PAGE_SIZE));
    if (!result)
        result = map(m, length);
    file_put(file);
    return result;
}

SYSCALL_DEFINE6(mmap2, vaddr_t, start, size_t, length, uint32_t, protection, uint32_t, flags, int,
                fd, uint32_t, page)
{
    struct mapping m = {start, 0, protection, flags, NULL, page};

    return flags & MAP_ANONYMOUS ? map(&m, length) : map_file(&m, length, fd);
}

SYSCALL_DEFINE1(mmap, unsafe_mmap_arguments, user)
{
    struct mmap_arguments a;

    if (copy_object_u2k(&a, user))
        return -EFAULT;
    if (a.offset % PAGE_SIZE)
        return -EINVAL;
    struct mapping m = {a.start, 0, a.protection, a.flags, NULL, a.offset >> PAGE_SHIFT};
    return a.flags & MAP_ANONYMOUS ? map(&m, a.length) : map_file(&m, a.length, a.fd);
}

/* --- munmap, mprotect ---------------------------------------------------------------------------
 */

SYSCALL_DEFINE2(munmap, vaddr_t, start, size_t, length)
{
    if (start % PAGE_SIZE || !length || start > USER_LIMIT || length > USER_LIMIT - start)
        return -EINVAL;
    return space_unmap(current_thread()->space, start, start + ROUND_UP(length, PAGE_SIZE));
}

SYSCALL_DEFINE3(mprotect, vaddr_t, start, size_t, length, uint32_t, protection)
{
    struct space *space = current_thread()->space;
    uint32_t grows = protection & (PROT_GROWSDOWN | PROT_GROWSUP);
    vaddr_t end = start + ROUND_UP(length, PAGE_SIZE);

    if (start % PAGE_SIZE || grows == (PROT_GROWSDOWN | PROT_GROWSUP))
        return -EINVAL;
    if (!length)
        return 0;
    if (protection & ~grows & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
        return -EINVAL;
    const struct region *region =
        start < end && end <= USER_LIMIT ? space_find(space, start) : NULL;
    if (!region)
        return -ENOMEM;
    if (grows == PROT_GROWSUP || (grows && !(region->flags & REGION_STACK)))
        return -EINVAL;
    return space_protect(space, grows ? region->start : start, end, rights_of(protection));
}

/* --- mremap -------------------------------------------------------------------------------------
 */

/* A mapping on its way; sizes are whole pages. */
struct remapping {
    vaddr_t start, to;
    uint32_t old_size, new_size, flags;
};

/* What may be moved or grown: a part of one region. */
static int check_movable(struct space *space, const struct remapping *r)
{
    const struct region *region = space_find(space, r->start);

    if (!region)
        return -EFAULT;
    if (!r->old_size && !(region->flags & REGION_SHARED))
        return -EINVAL;
    if (r->old_size > region->end - r->start)
        return -EFAULT;
    uint32_t page = region_file_page(region, r->start);
    return page + (r->new_size >> PAGE_SHIFT) < page ? -EINVAL : 0;
}

static int check_target(const struct remapping *r)
{
    if (r->to % PAGE_SIZE || r->new_size > USER_LIMIT || r->to > USER_LIMIT - r->new_size)
        return -EINVAL;
    bool overlaps = r->to < r->start + r->old_size && r->start < r->to + r->new_size;
    if (overlaps || !(r->flags & MREMAP_MAYMOVE))
        return -EINVAL;
    return r->to < USER_BASE ? -EPERM : 0;
}

static long move(struct space *space, const struct remapping *r)
{
    bool locked = space_find(space, r->start)->flags & REGION_LOCKED;
    int error = space_move(space, r->start, r->old_size, r->to, r->new_size);

    if (!error && locked)
        space_populate(space, r->to, r->to + r->new_size);
    return error ? error : (long)r->to;
}

static long move_fixed(struct space *space, struct remapping *r)
{
    int error = check_target(r);

    if (!error)
        error = check_movable(space, r);
    if (!error)
        error = space_unmap(space, r->to, r->to + r->new_size);
    if (!error && r->old_size > r->new_size) {
        error = space_unmap(space, r->start + r->new_size, r->start + r->old_size);
        r->old_size = r->new_size;
    }
    return error ? error : move(space, r);
}

/* True if the region ends where the old range does and what is behind is free. */
static bool can_grow(struct space *space, const struct remapping *r)
{
    vaddr_t end = r->start + r->old_size;

    return r->old_size && space_find(space, r->start)->end == end &&
           r->new_size <= USER_LIMIT - r->start &&
           space_is_free(space, end, r->start + r->new_size);
}

static long grow(struct space *space, struct remapping *r)
{
    int error = check_movable(space, r);

    if (error)
        return error;
    if (can_grow(space, r)) {
        struct region model = *space_find(space, r->start);
        vaddr_t end = r->start + r->old_size;
        model.page = region_file_page(&model, end);
        error = space_map(space, end, r->start + r->new_size, &model);
        if (!error && model.flags & REGION_LOCKED)
            space_populate(space, end, r->start + r->new_size);
        return error ? -ENOMEM : (long)r->start;
    }
    if (!(r->flags & MREMAP_MAYMOVE))
        return -ENOMEM;
    r->to = space_find_free(space, 0, r->new_size);
    return r->to ? move(space, r) : -ENOMEM;
}

static long shrink(struct space *space, const struct remapping *r)
{
    if (r->start > USER_LIMIT || r->old_size > USER_LIMIT - r->start)
        return -EINVAL;
    int error = r->old_size > r->new_size
                    ? space_unmap(space, r->start + r->new_size, r->start + r->old_size)
                    : 0;
    return error ? error : (long)r->start;
}

SYSCALL_DEFINE5(mremap, vaddr_t, start, size_t, old_length, size_t, new_length, uint32_t, flags,
                vaddr_t, to)
{
    struct space *space = current_thread()->space;
    struct remapping r = {start, to, ROUND_UP(old_length, PAGE_SIZE),
                          ROUND_UP(new_length, PAGE_SIZE), flags};

    if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED) || start % PAGE_SIZE || !r.new_size ||
        (flags & MREMAP_FIXED && !(flags & MREMAP_MAYMOVE)))
        return -EINVAL;
    if (!space_find(space, start))
        return -EFAULT;
    if (flags & MREMAP_FIXED)
        return move_fixed(space, &r);
    return r.old_size >= r.new_size ? shrink(space, &r) : grow(space, &r);
}
