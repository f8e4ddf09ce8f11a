/*
 * mm/region.c, mm/space.c, mm/pages.c, mm/fault.c: thousands of random calls on a small space, with
 * allocations that fail at random, against a model that is an array of pages. After each call the
 * regions must be what the model says, in order, merged, and balanced; a call that failed must have
 * changed nothing.
 */
#include "test/unit/unit.h"

#include "test/unit/names.h"

#include "mm/failalloc.h"
#include "mm/frame.c"
#include "mm/heap.c"
#include "mm/region.c"
#include "mm/pages.c"
#include "mm/space.c"
#include "mm/fault.c"

#define MEMORY     (8u << 20)
#define BASE       0x403f0000u /* the range lies across two page tables */
#define PAGES      64
#define FILE_PAGES 256
#define CALLS      60000

#include "test/unit/stand_ins.h"

uint32_t failalloc_left;
bool failalloc_count(void)
{
    return rand() % 12 == 0;
}

ssize_t file_read_at(struct file *file, void *to, size_t size, uint64_t offset)
{
    (void)file, (void)to, (void)size, (void)offset;
    return -EACCES;
}

/* --- a file ------------------------------------------------------------------------------------
 */

static paddr_t file_frames[FILE_PAGES];

static int test_frame(struct file *file, uint32_t page, bool for_write, paddr_t *frame)
{
    (void)file, (void)for_write;
    if (page >= FILE_PAGES)
        return -EFAULT;
    frame_get(file_frames[page]);
    *frame = file_frames[page];
    return 0;
}

static const struct file_operations test_operations = {.frame = test_frame};
static struct file test_file = {.references = 1, .flags = O_RDWR, .operations = &test_operations};

static uint8_t *file_byte(uint32_t page)
{
    return direct_map(file_frames[page]);
}

/* --- the model ---------------------------------------------------------------------------------
 */

struct page {
    bool mapped, from_file, written;
    uint32_t flags;
    uint32_t file_page;
    uint8_t value; /* of a private page that was written */
};

static struct page model[PAGES];
static struct space *space;
static unsigned wrong;
static const char *call;

static void expect(bool condition, const char *what)
{
    if (!condition && wrong++ < 10)
        printf("# %s: %s\n", call, what);
}

static vaddr_t address_of(unsigned page)
{
    return BASE + page * PAGE_SIZE;
}

static unsigned check_tree(const struct region *node, unsigned depth)
{
    if (!node)
        return depth;
    for (int side = 0; side < 2; side++) {
        const struct region *child = side ? node->right : node->left;
        if (child) {
            expect(child->priority <= node->priority, "a child above its parent");
            expect(side ? child->start >= node->end : child->end <= node->start, "tree order");
        }
    }
    unsigned left = check_tree(node->left, depth + 1), right = check_tree(node->right, depth + 1);
    return MAX(left, right);
}

static void check_regions(void)
{
    const struct region *region, *previous = NULL;
    unsigned count = 0, resident = 0;

    space_for_each_region(region, space) {
        expect(region->start < region->end, "an empty region");
        expect(!previous || previous->end <= region->start, "list order");
        expect(!previous || !region_continues(previous, region), "two regions that are one");
        expect(space_find(space, region->start) == region &&
                   space_find(space, region->end - 1) == region,
               "a region that is not found");
        resident += pages_count(space, region);
        previous = region;
        count++;
    }
    expect(count == space->nr_regions, "the number of regions");
    expect(resident == space->resident, "the number of resident pages");
    check_tree(space->tree, 0);
    expect((unsigned)test_file.references >= 1, "the file's references");
}

static void check_against_model(void)
{
    for (unsigned i = 0; i < PAGES; i++) {
        const struct page *page = &model[i];
        const struct region *region = space_find(space, address_of(i));
        expect(!region == !page->mapped, "what is mapped");
        if (!region || !page->mapped)
            continue;
        expect(region->flags == page->flags, "flags");
        expect(!region->file == !page->from_file, "source");
        expect(!region->file || region_file_page(region, address_of(i)) == page->file_page,
               "page of the file");
    }
}

static uint8_t *access_page(unsigned i, uint32_t access)
{
    int error = space_fault(space, address_of(i), access);

    expect(error || pte_has(*space_pte(space, address_of(i)), PTE_PRESENT | PTE_USER),
           "a page that was faulted in");
    return error ? NULL : direct_map(pte_frame(*space_pte(space, address_of(i))));
}

static uint8_t expected_value(const struct page *page)
{
    bool shared = page->flags & REGION_SHARED;

    if (page->written && !shared)
        return page->value;
    return page->from_file ? *file_byte(page->file_page) : 0;
}

static void check_contents(void)
{
    failalloc_left = 0;
    for (unsigned i = 0; i < PAGES; i++) {
        const uint8_t *bytes = access_page(i, REGION_READ);
        bool allowed = model[i].mapped && model[i].flags & REGION_RIGHTS;
        expect(!bytes == !allowed, "who may read");
        expect(!bytes || *bytes == expected_value(&model[i]), "contents");
    }
    failalloc_left = 1;
}

/* --- calls --------------------------------------------------------------------------------------
 */

struct range {
    unsigned start, end;
};

static struct range random_range(void)
{
    unsigned start = rand() % PAGES, size = 1 + rand() % (rand() % 4 ? 6 : 32);

    return (struct range){start, MIN(start + size, (unsigned)PAGES)};
}

static uint32_t random_rights(void)
{
    static const uint32_t rights[] = {0, REGION_READ, REGION_READ | REGION_WRITE,
                                      REGION_READ | REGION_EXEC};

    return rights[rand() % ARRAY_SIZE(rights)];
}

static void call_map(void)
{
    struct range range = random_range();
    bool from_file = rand() % 2;
    struct region region = {
        .flags = random_rights() | (from_file && rand() % 2 ? REGION_SHARED : 0),
        .file = from_file ? &test_file : NULL,
        .page = from_file ? range.start + rand() % 2 * 64 : 0,
        .file_end = REGION_NO_FILE_END,
    };

    call = "map";
    if (space_replace(space, address_of(range.start), address_of(range.end), &region))
        return;
    for (unsigned i = range.start; i < range.end; i++)
        model[i] = (struct page){
            .mapped = true,
            .from_file = from_file,
            .flags = region.flags,
            .file_page = region.page + i - range.start,
        };
}

static void call_unmap(void)
{
    struct range range = random_range();

    call = "unmap";
    if (!space_unmap(space, address_of(range.start), address_of(range.end)))
        memset(&model[range.start], 0, (range.end - range.start) * sizeof(model[0]));
}

static void call_protect(void)
{
    struct range range = random_range();
    uint32_t rights = random_rights();
    vaddr_t hole = space_hole(space, address_of(range.start), address_of(range.end));

    call = "protect";
    int error = space_protect(space, address_of(range.start), address_of(range.end), rights);
    expect(error || hole == address_of(range.end), "success across a hole");
    for (unsigned i = range.start; address_of(i) < hole; i++) {
        uint32_t flags = (model[i].flags & ~REGION_RIGHTS) | rights;
        /* across a hole -ENOMEM is both the hole and an allocation that failed before any change */
        const struct region *region = space_find(space, address_of(i));
        if (!error || (hole < address_of(range.end) && region->flags == flags))
            model[i].flags = flags;
    }
}

static void call_store(void)
{
    unsigned i = rand() % PAGES;
    uint8_t *bytes = access_page(i, REGION_WRITE);

    call = "store";
    expect(!bytes || (model[i].mapped && model[i].flags & REGION_WRITE), "who may write");
    if (!bytes)
        return;
    *bytes = rand();
    model[i].written = true;
    model[i].value = *bytes;
    expect(!(model[i].flags & REGION_SHARED) || bytes == file_byte(model[i].file_page),
           "a shared page is the file's");
}

static bool is_free_in_model(unsigned start, unsigned end)
{
    for (unsigned i = start; i < end; i++) {
        if (model[i].mapped)
            return false;
    }
    return true;
}

static void call_move(void)
{
    struct range range = random_range();
    const struct region *region = space_find(space, address_of(range.start));
    unsigned to = rand() % PAGES, grown = rand() % 3;

    call = "move";
    if (!region || region->end < address_of(range.end))
        return;
    unsigned size = range.end - range.start;
    if (to + size + grown > PAGES || !is_free_in_model(to, to + size + grown))
        return;
    struct page first = model[range.start];
    if (space_move(space, address_of(range.start), size * PAGE_SIZE, address_of(to),
                   (size + grown) * PAGE_SIZE))
        return;
    memcpy(&model[to], &model[range.start], size * sizeof(model[0]));
    memset(&model[range.start], 0, size * sizeof(model[0]));
    for (unsigned i = size; i < size + grown; i++) {
        model[to + i] = first;
        model[to + i].written = false;
        model[to + i].file_page = first.file_page + i;
    }
}

static void call_discard(void)
{
    struct range range = random_range();

    call = "discard";
    space_discard(space, address_of(range.start), address_of(range.end));
    for (unsigned i = range.start; i < range.end; i++)
        model[i].written = false;
}

/* A store to either is not the other's; the clone goes on half the time. */
static void call_clone(void)
{
    struct space *copy = space_clone(space), *other;
    unsigned i = rand() % PAGES;

    call = "clone";
    if (!copy)
        return;
    other = rand() % 2 ? space : copy;
    if (!space_fault(other, address_of(i), REGION_WRITE) && !(model[i].flags & REGION_SHARED))
        *(uint8_t *)direct_map(pte_frame(*space_pte(other, address_of(i)))) = 0xee;
    space = other == space ? copy : space;
    space_put(other);
}

static void random_calls(void)
{
    static void (*const calls[])(void) = {call_map,   call_map,    call_unmap, call_protect,
                                          call_store, call_store,  call_store, call_move,
                                          call_move,  call_discard};

    for (unsigned i = 0; i < CALLS && wrong < 10; i++) {
        failalloc_left = 1;
        if (i % 50 == 0)
            call_clone();
        else
            calls[rand() % ARRAY_SIZE(calls)]();
        check_regions();
        check_against_model();
        if (i % 10 == 0)
            check_contents();
    }
    failalloc_left = 0;
    unit_ok(!wrong, "%u random calls do what the model does", CALLS);
}

/* --- many regions -------------------------------------------------------------------------------
 */

static void check_many(void)
{
    enum { MANY = 10000 };
    struct region region = {.flags = REGION_READ};

    space = space_create(ISOLATION_SPLIT, COPY_WALK);
    for (unsigned i = 0; i < MANY; i++) {
        region.flags ^= REGION_EXEC;
        vaddr_t place = space_find_free(space, 0, PAGE_SIZE);
        if (!place || space_map(space, place, place + PAGE_SIZE, &region))
            wrong++;
    }
    unit_ok(space->nr_regions == MANY, "regions that differ do not merge");
    unsigned depth = check_tree(space->tree, 0);
    unit_ok(depth < 50, "a tree of %u regions is balanced", MANY);
    vaddr_t first = list_first(&space->regions, struct region, link)->start;
    space_unmap(space, first + 100 * PAGE_SIZE, first + 102 * PAGE_SIZE);
    unit_ok(space_find_free(space, 0, 2 * PAGE_SIZE) == first + 100 * PAGE_SIZE,
            "a hole is found again");
    unit_ok(space_find_free(space, 0, 3 * PAGE_SIZE) == first + MANY * PAGE_SIZE,
            "if it is large enough");
    unit_ok(space_find_free(space, 0, PAGE_SIZE) == first + 100 * PAGE_SIZE,
            "the search for a larger one does not lose it");
    unit_ok(space_protect(space, first, first + MANY * PAGE_SIZE, REGION_READ) == -ENOMEM &&
                space->nr_regions == 1 + MANY - 102,
            "a change of rights ends at a hole");
    space_protect(space, first + 102 * PAGE_SIZE, first + MANY * PAGE_SIZE, REGION_READ);
    unit_ok(space->nr_regions == 2, "with the same rights they merge up to the hole");
    space_put(space);
}

static void check_limit(void)
{
    struct region region = {.flags = REGION_READ};
    vaddr_t place = 0x40000000;
    unsigned count = 0;

    space = space_create(ISOLATION_SPLIT, COPY_WALK);
    while (count <= REGIONS_MAX && !space_map(space, place, place + PAGE_SIZE, &region)) {
        region.flags ^= REGION_EXEC;
        place += PAGE_SIZE;
        count++;
    }
    unit_ok(count == REGIONS_MAX, "there is a limit of regions");
    space_put(space);
}

static void check_usage(void)
{
    struct region code = {
        .flags = REGION_READ | REGION_EXEC, .file = &test_file, .file_end = REGION_NO_FILE_END};
    struct region data = {.flags = REGION_READ | REGION_WRITE | REGION_LOCKED};
    struct futex_key own, shared, same;

    space = space_create(ISOLATION_SPLIT, COPY_WALK);
    space_map(space, BASE, BASE + 3 * PAGE_SIZE, &code);
    space_map(space, BASE + 8 * PAGE_SIZE, BASE + 10 * PAGE_SIZE, &data);
    space_fault(space, BASE, REGION_READ);
    space_fault(space, BASE + 8 * PAGE_SIZE, REGION_WRITE);
    struct space_usage usage = space_usage(space);
    unit_ok(usage.mapped == 5 && usage.resident == 2 && usage.shared == 1 && usage.text == 3 &&
                usage.data == 2 && usage.locked == 2 && usage.stack == 0,
            "pages are counted by kind");
    code.flags = REGION_READ | REGION_WRITE | REGION_SHARED;
    code.page = 2;
    space_map(space, BASE + 20 * PAGE_SIZE, BASE + 21 * PAGE_SIZE, &code);
    code.page = 1;
    space_map(space, BASE + 30 * PAGE_SIZE, BASE + 32 * PAGE_SIZE, &code);
    unit_ok(!space_futex_key(space, BASE + 20 * PAGE_SIZE + 8, true, &shared) &&
                !space_futex_key(space, BASE + 31 * PAGE_SIZE + 8, true, &same) &&
                shared.owner == same.owner && shared.offset == same.offset,
            "two mappings of a word are one futex");
    unit_ok(!space_futex_key(space, BASE + 20 * PAGE_SIZE + 8, false, &own) && own.owner == space &&
                own.offset == BASE + 20 * PAGE_SIZE + 8,
            "a private futex is the space's");
    unit_ok(space_futex_key(space, BASE + 40 * PAGE_SIZE, true, &shared) == -EFAULT,
            "a shared one must be mapped");
    space_put(space);
}

int main(void)
{
    printf("KTAP version 1\n");
    if (!unit_physical_memory(MEMORY)) {
        printf("1..0 # SKIP address c0000000 is taken\n");
        return 0;
    }
    frame_init(calloc(1, frame_table_size(MEMORY)), MEMORY);
    frame_add(0, MEMORY);
    for (unsigned i = 0; i < FILE_PAGES; i++) {
        file_frames[i] = frame_alloc_zeroed();
        *file_byte(i) = i + 1;
    }
    srand(1);
    space = space_create(ISOLATION_SPLIT, COPY_WALK);
    random_calls();
    space_put(space);
    unit_ok(frames_in_use == FILE_PAGES && heap_in_use == 0 && test_file.references == 1,
            "everything goes back");
    check_many();
    check_limit();
    check_usage();
    unit_ok(frames_in_use == FILE_PAGES && heap_in_use == 0 && test_file.references == 1,
            "everything goes back again");
    return unit_end();
}
