#include "kernel/counters.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "mm/copy_strategy.h"
#include "mm/unsafe.h"

static const struct copy_strategy *const strategies[] = {
    [COPY_WALK] = &copy_walk,
    [COPY_DIRECT] = &copy_direct,
    [COPY_WINDOW] = &copy_window,
    [COPY_BOUNCE] = &copy_bounce,
};

static inline struct space *caller_space(void)
{
    return current_thread()->space;
}

size_t copy_u2k_over(void *to, unsafe_bytes from, size_t size)
{
    struct space *space = caller_space();

    counters.copies_from_user++;
    if (unlikely(!unsafe_range_ok(from, size)))
        return 0;
    return strategies[space->copy]->to_kernel(space, to, from.address, size);
}

size_t copy_u2k_partial(void *to, unsafe_bytes from, size_t size)
{
    size_t done = copy_u2k_over(to, from, size);

    if (unlikely(done < size))
        memset((char *)to + done, 0, size - done);
    return done;
}

size_t copy_k2u_partial(unsafe_bytes to, const void *from, size_t size)
{
    struct space *space = caller_space();

    counters.copies_to_user++;
    if (unlikely(!unsafe_range_ok(to, size)))
        return 0;
    return strategies[space->copy]->to_user(space, to.address, from, size);
}

/*
 * Most copies are of one object within one page that is there, and `walk` is what most processes
 * use: for those the page is looked up right here, and the general way is left out.
 */
static inline bool is_short_walk(const struct space *space, vaddr_t address, size_t size)
{
    return likely(address < space->walk_limit && size <= PAGE_SIZE - address % PAGE_SIZE);
}

/* The entry of the one page that a short walk needs; none: the general way must be gone. */
static inline pte_t short_walk(vaddr_t address, size_t size)
{
    const struct space *space = caller_space();

    return is_short_walk(space, address, size) ? copy_entry(space, address) : (pte_t){0};
}

static __attribute__((noinline)) int copy_u2k_long(void *to, unsafe_bytes from, size_t size)
{
    return copy_u2k_partial(to, from, size) == size ? 0 : -EFAULT;
}

static __attribute__((noinline)) int copy_k2u_long(unsafe_bytes to, const void *from, size_t size)
{
    return copy_k2u_partial(to, from, size) == size ? 0 : -EFAULT;
}

int copy_u2k(void *to, unsafe_bytes from, size_t size)
{
    pte_t entry = short_walk(from.address, size);

    if (unlikely(!pte_has(entry, copy_rights(REGION_READ))))
        return copy_u2k_long(to, from, size);
    counters.copies_from_user++;
    copy_bytes(to, copy_byte_of(entry, from.address), size);
    return 0;
}

int copy_k2u(unsafe_bytes to, const void *from, size_t size)
{
    pte_t entry = short_walk(to.address, size);

    if (unlikely(!pte_has(entry, copy_rights(REGION_WRITE))))
        return copy_k2u_long(to, from, size);
    counters.copies_to_user++;
    copy_bytes(copy_byte_of(entry, to.address), from, size);
    return 0;
}

/*
 * By the page walk whatever the strategies: only one of the two directories could be loaded. Both
 * pages are made present before either is looked at, since one fault may replace the other's page
 * (a copy within one space). No memory for a page is a bad page: the space may be another's, which
 * did not ask for it.
 */
enum copy_fault copy_u2u(struct space *to_space, unsafe_bytes to, struct space *from_space,
                         unsafe_bytes from, size_t size)
{
    counters.copies_from_user++;
    counters.copies_to_user++;
    if (!unsafe_range_ok(from, size))
        return COPY_BAD_SOURCE;
    if (!unsafe_range_ok(to, size))
        return COPY_BAD_TARGET;
    while (size) {
        size_t rest = PAGE_SIZE - MAX(to.address % PAGE_SIZE, from.address % PAGE_SIZE);
        size_t chunk = MIN(size, rest);
        if (space_fault(from_space, from.address, REGION_READ))
            return COPY_BAD_SOURCE;
        if (space_fault(to_space, to.address, REGION_WRITE))
            return COPY_BAD_TARGET;
        copy_bytes(copy_walk_page(to_space, to.address, REGION_WRITE),
                   copy_walk_page(from_space, from.address, REGION_READ), chunk);
        to = unsafe_advance(to, chunk);
        from = unsafe_advance(from, chunk);
        size -= chunk;
    }
    return COPY_DONE;
}

static __attribute__((noinline)) ssize_t copy_long_string(struct space *space, char *to,
                                                          vaddr_t from, size_t size)
{
    size_t room = MIN(size, (size_t)(USER_LIMIT - from));
    size_t done = strategies[space->copy]->string(space, to, from, room);

    if (done && to[done - 1] == '\0')
        return done - 1;
    to[MIN(done, size - 1)] = '\0';
    return done == size ? -ENAMETOOLONG : -EFAULT;
}

/* A string that ends in its first page is copied right here; what was copied of another one is
 * fetched again, all of it, and only that counts. */
ssize_t copy_str_u2k(char *to, unsafe_string from, size_t size)
{
    struct space *space = caller_space();

    counters.copies_from_user++;
    if (!size)
        return -ENAMETOOLONG;
    to[0] = '\0';
    if (from.address >= USER_LIMIT)
        return -EFAULT;
    if (space->copy != COPY_WALK)
        return copy_long_string(space, to, from.address, size);
    const char *page = copy_walk_page(space, from.address, REGION_READ);
    if (!page)
        return -EFAULT;
    size_t room = copy_page_rest(from.address, size);
    for (size_t done = 0; done < room; done++) {
        char c = page[done];
        to[done] = c;
        if (!c)
            return done;
    }
    return copy_long_string(space, to, from.address, size);
}

static __attribute__((noinline)) size_t clear_user_long(struct space *space, unsafe_bytes to,
                                                        size_t size)
{
    counters.copies_to_user++;
    return unsafe_range_ok(to, size) ? strategies[space->copy]->clear(space, to.address, size) : 0;
}

size_t clear_user(unsafe_bytes to, size_t size)
{
    struct space *space = caller_space();

    if (unlikely(!is_short_walk(space, to.address, size)))
        return clear_user_long(space, to, size);
    void *page = copy_walk_page(space, to.address, REGION_WRITE);
    counters.copies_to_user++;
    if (unlikely(!page))
        return 0;
    fill_bytes(page, 0, size);
    return size;
}

/*
 * Peeks and pokes go through the page walk whatever the strategy: one access of exactly the width.
 * One that straddles two pages is no single access on any CPU either, and becomes a copy. One that
 * is misaligned within its page is as good as an aligned one, so the type says that it may be.
 */
static __attribute__((noinline)) void *find_absent(struct space *space, vaddr_t address,
                                                   uint32_t access)
{
    return address < USER_LIMIT ? copy_walk_page(space, address, access) : NULL;
}

/* copy_walk_page() for one that is most likely there. */
static inline void *find_present(vaddr_t address, uint32_t access)
{
    struct space *space = caller_space();

    if (likely(address < USER_LIMIT)) {
        pte_t entry = copy_entry(space, address);
        if (likely(pte_has(entry, copy_rights(access))))
            return copy_byte_of(entry, address);
    }
    return find_absent(space, address, access);
}

#define DEFINE_PEEK_POKE(bits)                                                     \
    typedef uint##bits##_t __attribute__((aligned(1))) unaligned_##bits;           \
    int unsafe_peek##bits(uint##bits##_t *value, unsafe_bytes from)                \
    {                                                                              \
        if (from.address % PAGE_SIZE > PAGE_SIZE - sizeof(*value))                 \
            return copy_u2k(value, from, sizeof(*value));                          \
        *value = 0;                                                                \
        volatile unaligned_##bits *word = find_present(from.address, REGION_READ); \
        if (!word)                                                                 \
            return -EFAULT;                                                        \
        *value = *word;                                                            \
        return 0;                                                                  \
    }                                                                              \
                                                                                   \
    int unsafe_poke##bits(unsafe_bytes to, uint##bits##_t value)                   \
    {                                                                              \
        if (to.address % PAGE_SIZE > PAGE_SIZE - sizeof(value))                    \
            return copy_k2u(to, &value, sizeof(value));                            \
        volatile unaligned_##bits *word = find_present(to.address, REGION_WRITE);  \
        if (!word)                                                                 \
            return -EFAULT;                                                        \
        *word = value;                                                             \
        return 0;                                                                  \
    }

DEFINE_PEEK_POKE(8)
DEFINE_PEEK_POKE(16)
DEFINE_PEEK_POKE(32)

void *unsafe_view(unsafe_bytes to, size_t size)
{
    counters.copies_to_user++;
    return unsafe_range_ok(to, size) ? find_present(to.address, REGION_WRITE) : NULL;
}
