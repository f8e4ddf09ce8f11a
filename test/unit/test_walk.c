/* mm/space.c, mm/fault.c, mm/pages.c, mm/copy_walk.c: the page walk, faults, copy-on-write,
 * unmapping.
 */
#include "test/unit/unit.h"

#include "test/unit/spaces.h"

static struct space *make(uint32_t pages, uint32_t flags)
{
    struct space *space = space_create(ISOLATION_SPLIT, COPY_WALK);
    struct region model = {.flags = flags};

    if (space_map(space, BASE, BASE + pages * PAGE_SIZE, &model))
        panic("cannot map");
    return space;
}

static void check_rights(void)
{
    struct space *space = make(2, REGION_READ);

    unit_ok(copy_walk_page(space, BASE, REGION_READ), "a readable page is read");
    unit_ok(!copy_walk_page(space, BASE, REGION_WRITE), "and not written");
    unit_ok(!copy_walk_page(space, BASE - 1, REGION_READ), "nor is the byte before it");
    unit_ok(!copy_walk_page(space, BASE + 2 * PAGE_SIZE, REGION_READ), "nor the byte behind it");
    unit_ok(!copy_walk_page(space, 0, REGION_READ), "nor the null page");
    unit_ok(!copy_walk_page(space, USER_LIMIT, REGION_READ), "nor the kernel");
    unit_ok(!copy_walk_page(space, 0xffffffff, REGION_READ), "nor the last byte");
    space_put(space);
    space = make(1, 0);
    unit_ok(!copy_walk_page(space, BASE, REGION_READ), "PROT_NONE is not read");
    space_put(space);
}

static void check_copies(void)
{
    struct space *space = make(3, REGION_READ | REGION_WRITE);
    static char out[3 * PAGE_SIZE], in[3 * PAGE_SIZE];
    unsigned wrong = 0;

    for (unsigned i = 0; i < sizeof(out); i++)
        out[i] = (char)(i * 13);
    for (unsigned offset = 4080; offset <= 4100; offset++) {
        size_t size = 2 * PAGE_SIZE;
        memset(in, 0, sizeof(in));
        wrong += walk_to_user(space, BASE + offset - 4080, out, size) != size;
        wrong += walk_to_kernel(space, in, BASE + offset - 4080, size) != size;
        wrong += memcmp(in, out, size) != 0;
    }
    unit_ok(!wrong, "copies across pages, at every offset");
    unit_ok(walk_to_user(space, BASE + 2 * PAGE_SIZE + 100, out, PAGE_SIZE) == PAGE_SIZE - 100,
            "a copy stops at the end of the region");
    pte_t *entry = space_pte(space, BASE);
    unit_ok(pte_has(*entry, PTE_DIRTY | PTE_ACCESSED), "a store sets the dirty bit");
    walk_to_user(space, BASE + PAGE_SIZE - 3, "abc", 3);
    walk_to_user(space, BASE + PAGE_SIZE, "def", 4);
    memset(in, 'x', 20);
    unit_ok(walk_string(space, in, BASE + PAGE_SIZE - 3, 20) == 7 && !strcmp(in, "abcdef") &&
                in[7] == 'x',
            "a string across pages stops behind its end");
    space_put(space);
}

static void check_clone(void)
{
    struct space *parent = make(4, REGION_READ | REGION_WRITE);
    char text[8] = "parent";

    walk_to_user(parent, BASE, text, sizeof(text));
    struct space *child = space_clone(parent);
    pte_t *p = space_pte(parent, BASE), *c = space_pte(child, BASE);
    unit_ok(p->bits == c->bits && !pte_has(*p, PTE_WRITABLE),
            "after a clone both share the page, read-only");
    walk_to_user(child, BASE, "child", 6);
    walk_to_kernel(parent, text, BASE, sizeof(text));
    unit_ok(!strcmp(text, "parent"), "the child's store is not the parent's");
    paddr_t before = pte_frame(*p);
    walk_to_user(parent, BASE, "alone", 6);
    unit_ok(pte_frame(*p).value == before.value && pte_has(*p, PTE_WRITABLE),
            "the last owner keeps the page");
    space_put(child);
    space_put(parent);
}

static void check_unmap(void)
{
    struct space *space = make(2048, REGION_READ | REGION_WRITE);
    /* the hole makes a second region: the heap's frame for it is not what is counted here */
    void *region = heap_alloc(sizeof(struct region));
    uint32_t before = frames_in_use;

    for (unsigned i = 0; i < 2048; i += 100)
        copy_walk_page(space, BASE + i * PAGE_SIZE, REGION_WRITE);
    unit_ok(!space_unmap(space, BASE + 500 * PAGE_SIZE, BASE + 1500 * PAGE_SIZE), "a hole");
    unit_ok(!copy_walk_page(space, BASE + 500 * PAGE_SIZE, REGION_READ) &&
                !copy_walk_page(space, BASE + 1499 * PAGE_SIZE, REGION_READ),
            "is not mapped");
    unit_ok(copy_walk_page(space, BASE + 499 * PAGE_SIZE, REGION_READ) &&
                copy_walk_page(space, BASE + 1500 * PAGE_SIZE, REGION_READ),
            "both sides are");
    space_unmap(space, BASE, BASE + 2048 * PAGE_SIZE);
    unit_ok(frames_in_use == before, "page tables go with their last page");
    heap_free(region);
    unit_ok(list_empty(&space->regions), "no region is left");
    space_put(space);
}

static void check_stack_and_file(void)
{
    struct space *space = space_create(ISOLATION_SPLIT, COPY_WALK);
    static const struct file_operations operations = {0};
    struct file file = {.references = 1, .operations = &operations};
    struct region stack = {.flags = REGION_READ | REGION_WRITE | REGION_STACK,
                           .limit = USER_LIMIT - 16 * PAGE_SIZE};
    struct region mapped = {
        .flags = REGION_READ | REGION_WRITE, .file = &file, .page = 7, .file_end = BASE + 100};
    char bytes[200];

    space_map(space, USER_LIMIT - PAGE_SIZE, USER_LIMIT, &stack);
    unit_ok(copy_walk_page(space, USER_LIMIT - 16 * PAGE_SIZE, REGION_WRITE),
            "the stack grows to its limit");
    unit_ok(!copy_walk_page(space, USER_LIMIT - 17 * PAGE_SIZE, REGION_WRITE), "and not beyond");
    space_map(space, BASE, BASE + PAGE_SIZE, &mapped);
    walk_to_kernel(space, bytes, BASE, sizeof(bytes));
    unit_ok(bytes[0] == 7 && bytes[99] == 'f' && bytes[100] == 0, "file bytes, then zeroes");
    unit_ok(space_map(space, BASE, BASE + PAGE_SIZE, &mapped) == -EINVAL, "no region over another");
    space_put(space);
    unit_ok(file.references == 1, "the file is let go");
}

static void check_brk(void)
{
    struct space *space = space_create(ISOLATION_SPLIT, COPY_WALK);

    space->brk_start = space->brk = BASE;
    unit_ok(space_brk(space, BASE + 10) == BASE + 10 && copy_walk_page(space, BASE, REGION_WRITE),
            "brk grows");
    unit_ok(space_brk(space, BASE - 1) == BASE + 10, "not below its start");
    unit_ok(space_brk(space, 0xffffffff) == BASE + 10, "not into the kernel");
    unit_ok(space_brk(space, BASE) == BASE && !copy_walk_page(space, BASE, REGION_READ),
            "and shrinks");
    space_put(space);
}

static void check_exhaustion(void)
{
    struct space *space = make(4096, REGION_READ | REGION_WRITE);
    uint32_t touched = 0;

    while (!space_fault(space, BASE + touched * PAGE_SIZE, REGION_WRITE))
        touched++;
    unit_ok(space_fault(space, BASE + touched * PAGE_SIZE, REGION_WRITE) == -ENOMEM,
            "memory ends with -ENOMEM");
    unit_ok(!space_clone(space), "nothing can be cloned then");
    space_put(space);
    unit_ok(frames_in_use == 0 && heap_in_use == 0, "everything goes back");
}

int main(void)
{
    printf("KTAP version 1\n");
    if (!spaces_begin()) {
        printf("1..0 # SKIP address c0000000 is taken\n");
        return 0;
    }
    check_rights();
    check_copies();
    check_clone();
    check_unmap();
    check_stack_and_file();
    check_brk();
    check_exhaustion();
    return unit_end();
}
