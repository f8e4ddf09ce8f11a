/* kernel/fs/page_tree.c: pages found where they were made, holes, ranges that are cleared,
 * truncation, memory that runs out, against a list of the pages that are there. */
#include "test/unit/unit.h"

#include "test/unit/failalloc.h"
#include "kernel/fs/page_tree.c"
#include "mm/frame.c"

#define MEMORY (4u << 20)
#define PAGES  200
#define ROUNDS 3000

static struct page_tree tree;
static uint32_t numbers[PAGES]; /* of the pages that were made; each holds its own number */
static unsigned count;

/* Small numbers, the borders of tables, and the last page of all. */
static uint32_t random_number(void)
{
    static const uint32_t bases[] = {0, 1020, 1 << 20, (1u << 30) - 2, UINT32_MAX - 5};

    return bases[rand() % 5] + rand() % 6;
}

static bool is_listed(uint32_t number)
{
    for (unsigned i = 0; i < count; i++) {
        if (numbers[i] == number)
            return true;
    }
    return false;
}

static bool make(uint32_t number)
{
    uint32_t *page = page_tree_make(&tree, number);

    if (!page)
        return false;
    if (!is_listed(number)) {
        if (*page != 0)
            return false;
        numbers[count++] = number;
    }
    *page = number + 1;
    return true;
}

static void cut(uint32_t first)
{
    unsigned kept = 0;

    page_tree_truncate(&tree, first);
    for (unsigned i = 0; i < count; i++) {
        if (numbers[i] < first)
            numbers[kept++] = numbers[i];
    }
    count = kept;
}

static void clear(uint32_t first, uint32_t end)
{
    unsigned kept = 0;

    page_tree_clear(&tree, first, end);
    for (unsigned i = 0; i < count; i++) {
        if (numbers[i] < first || numbers[i] >= end)
            numbers[kept++] = numbers[i];
    }
    count = kept;
}

static bool agrees(uint32_t number)
{
    const uint32_t *page = page_tree_find(&tree, number);

    return is_listed(number) ? page && *page == number + 1 : !page;
}

static void check_random(void)
{
    bool good = true;

    for (int i = 0; i < ROUNDS && good; i++) {
        if (count == PAGES || rand() % 20 == 0)
            cut(random_number());
        else if (rand() % 10 == 0)
            clear(random_number(), random_number());
        else
            good = make(random_number());
        good = good && agrees(random_number()) && frames_in_use == tree.pages;
    }
    unit_ok(good, "pages are where they were made, and nowhere else");
    cut(0);
    unit_ok(!frames_in_use && !tree.pages && !tree.root, "an empty tree has no frames");
}

static void check_exhaustion(void)
{
    uint32_t number = 0;

    while (make(number) && ++number < PAGES)
        ;
    cut(0);
    while (frame_alloc().value)
        ;
    unit_ok(!make(0) && !make(UINT32_MAX), "without memory there is no page");
    uint32_t before = frames_in_use - tree.pages;
    page_tree_truncate(&tree, 0);
    unit_ok(frames_in_use == before, "and what was begun is given back");
}

int main(void)
{
    printf("KTAP version 1\n");
    if (!unit_physical_memory(MEMORY)) {
        printf("1..0 # SKIP address c0000000 is taken\n");
        return 0;
    }
    static char table[(MEMORY >> PAGE_SHIFT) * sizeof(struct frame)];
    frame_init(table, MEMORY);
    frame_add(0, MEMORY);
    check_random();
    check_exhaustion();
    return unit_end();
}
