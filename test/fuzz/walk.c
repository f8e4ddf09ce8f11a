/*
 * Regions, faults and the page walk against a model: what user mode may do with each page of a
 * small space, and what it holds. The input is a list of steps, four bytes each.
 */
#include "test/fuzz/fuzz.h"

#include "test/unit/spaces.h"

#define PAGES 16

struct step {
    uint8_t what, page, count, argument;
};

static struct space *space, *twin; /* twin: a clone, which must not see what is done to space */

static bool mapped[PAGES];
static uint8_t rights[PAGES], bytes[PAGES][PAGE_SIZE];

/* --- the model -------------------------------------------------------------------------------- */

static bool allowed(unsigned page, uint32_t access)
{
    return mapped[page] && rights[page] & (access == REGION_WRITE ? REGION_WRITE : REGION_RIGHTS);
}

/* How many of size bytes at offset can be accessed before the first that cannot. */
static size_t model_count(size_t offset, size_t size, uint32_t access)
{
    size_t done = 0;

    while (done < size && offset + done < sizeof(bytes) &&
           allowed((offset + done) / PAGE_SIZE, access))
        done++;
    return done;
}

static void model_map(unsigned page, unsigned count, uint32_t flags)
{
    for (unsigned i = page; i < page + count; i++) {
        mapped[i] = true;
        rights[i] = flags;
        memset(bytes[i], 0, PAGE_SIZE);
    }
}

static void model_unmap(unsigned page, unsigned count)
{
    memset(mapped + page, false, count);
}

static void model_protect(unsigned page, unsigned count, uint32_t flags)
{
    for (unsigned i = page; i < page + count; i++)
        rights[i] = flags;
}

/* --- steps ------------------------------------------------------------------------------------ */

static void try_protect(unsigned page, unsigned count, uint32_t flags)
{
    vaddr_t start = BASE + page * PAGE_SIZE, end = start + count * PAGE_SIZE;
    unsigned whole = 0;

    /* up to the first hole */
    while (whole < count && mapped[page + whole])
        whole++;
    fuzz_require(space_protect(space, start, end, flags) == (whole == count ? 0 : -ENOMEM));
    model_protect(page, whole, flags);
}

static void try_write(size_t offset, size_t size, uint8_t fill)
{
    static char from[2 * PAGE_SIZE];
    size_t wanted = model_count(offset, size, REGION_WRITE);

    memset(from, fill, size);
    fuzz_require(walk_to_user(space, BASE + offset, from, size) == wanted);
    memset(&bytes[0][0] + offset, fill, wanted);
}

static void try_read(size_t offset, size_t size)
{
    static char to[2 * PAGE_SIZE];
    size_t wanted = model_count(offset, size, REGION_READ);

    fuzz_require(walk_to_kernel(space, to, BASE + offset, size) == wanted);
    fuzz_require(!memcmp(to, &bytes[0][0] + offset, wanted));
}

static void try_clear(size_t offset, size_t size)
{
    size_t wanted = model_count(offset, size, REGION_WRITE);

    fuzz_require(walk_clear(space, BASE + offset, size) == wanted);
    memset(&bytes[0][0] + offset, 0, wanted);
}

static void try_clone(void)
{
    if (twin)
        space_put(twin);
    twin = space_clone(space);
    fuzz_require(twin != NULL);
}

static void run(const struct step *step)
{
    unsigned page = step->page % PAGES, count = MIN(step->count % 8 + 1u, PAGES - page);
    vaddr_t start = BASE + page * PAGE_SIZE, end = start + count * PAGE_SIZE;
    struct region model = {.flags = step->argument & REGION_RIGHTS};
    size_t offset = page * PAGE_SIZE + step->argument * 16, size = step->count * 32u;

    switch (step->what % 7) {
    case 0:
        fuzz_require(!space_replace(space, start, end, &model));
        model_map(page, count, model.flags);
        break;
    case 1:
        fuzz_require(!space_unmap(space, start, end));
        model_unmap(page, count);
        break;
    case 2:
        try_protect(page, count, model.flags);
        break;
    case 3:
        try_write(offset, size, step->what);
        break;
    case 4:
        try_read(offset, size);
        break;
    case 5:
        try_clear(offset, size);
        break;
    case 6:
        try_clone();
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;

    if (!begun && !(begun = spaces_begin()))
        exit(0); /* the host has something there */
    memset(mapped, false, sizeof(mapped));
    space = space_create(ISOLATION_SPLIT, COPY_WALK);
    for (size_t i = 0; i + sizeof(struct step) <= size; i += sizeof(struct step))
        run((const struct step *)(data + i));
    for (unsigned page = 0; page < PAGES; page++)
        try_read(page * PAGE_SIZE, PAGE_SIZE);
    space_put(space);
    if (twin)
        space_put(twin);
    twin = NULL;
    fuzz_require(!frames_in_use && !heap_in_use);
    return 0;
}
