#include "kernel/fs/page_tree.h"

#include "arch/i386/paging.h"
#include "kernel/string.h"
#include "mm/frame.h"

#define LEVEL_BITS 10
#define ENTRIES    (1u << LEVEL_BITS)

_Static_assert(ENTRIES * sizeof(void *) == PAGE_SIZE, "a table is a page");

static bool covers(const struct page_tree *tree, uint32_t number)
{
    unsigned bits = tree->height * LEVEL_BITS;

    return bits >= 32 || !(number >> bits);
}

void *page_tree_find(const struct page_tree *tree, uint32_t number)
{
    void *node = tree->root;

    if (!covers(tree, number))
        return NULL;
    for (unsigned level = tree->height; level-- && node;)
        node = ((void **)node)[number >> level * LEVEL_BITS & (ENTRIES - 1)];
    return node;
}

/* A zeroed frame at *node, if there is none. */
static bool fill(struct page_tree *tree, void **node)
{
    if (*node)
        return true;
    paddr_t frame = frame_alloc_zeroed();
    if (!frame.value)
        return false;
    *node = direct_map(frame);
    tree->pages++;
    return true;
}

static bool grow(struct page_tree *tree, uint32_t number)
{
    while (!covers(tree, number)) {
        void *table = NULL;
        if (tree->root) {
            if (!fill(tree, &table))
                return false;
            *(void **)table = tree->root;
            tree->root = table;
        }
        tree->height++;
    }
    return true;
}

void *page_tree_make(struct page_tree *tree, uint32_t number)
{
    void **node = &tree->root;

    if (!grow(tree, number))
        return NULL;
    for (unsigned level = tree->height; level--;) {
        if (!fill(tree, node))
            return NULL;
        node = &((void **)*node)[number >> level * LEVEL_BITS & (ENTRIES - 1)];
    }
    return fill(tree, node) ? *node : NULL;
}

static void put(struct page_tree *tree, void *page)
{
    frame_put(direct_map_paddr(page));
    tree->pages--;
}

/* Frees the pages from number first of node's on; true if node itself is gone. */
static bool truncate(struct page_tree *tree, void *node, unsigned height, uint64_t first)
{
    if (height) {
        void **table = node;
        unsigned bits = (height - 1) * LEVEL_BITS;
        for (uint32_t i = first >> bits; i < ENTRIES; i++) {
            uint64_t start = (uint64_t)i << bits;
            uint64_t rest = first > start ? first - start : 0;
            if (table[i] && truncate(tree, table[i], height - 1, rest))
                table[i] = NULL;
        }
    }
    if (first)
        return false;
    put(tree, node);
    return true;
}

void page_tree_truncate(struct page_tree *tree, uint32_t first)
{
    if (tree->root && covers(tree, first) && truncate(tree, tree->root, tree->height, first))
        tree->root = NULL;
    if (!tree->root)
        tree->height = 0;
}

/* Where node has its first page from number first on; *found is that page's number. NULL: none. */
static void **next(void **node, unsigned height, uint32_t first, uint64_t *found)
{
    *found = 0;
    if (!*node || !height)
        return *node && !first ? node : NULL;
    unsigned bits = (height - 1) * LEVEL_BITS;
    for (uint32_t i = first >> bits; i < ENTRIES; i++) {
        uint64_t start = (uint64_t)i << bits;
        void **slot =
            next((void **)*node + i, height - 1, first > start ? first - start : 0, found);
        if (slot) {
            *found += start;
            return slot;
        }
    }
    return NULL;
}

void page_tree_clear(struct page_tree *tree, uint32_t first, uint32_t end)
{
    uint64_t number = first;

    while (number < end) {
        void **slot = next(&tree->root, tree->height, number, &number);
        if (!slot || number >= end)
            return;
        if (frame_references(direct_map_paddr(*slot)) > 1) {
            memset(*slot, 0, PAGE_SIZE);
        } else {
            put(tree, *slot);
            *slot = NULL;
        }
        number++;
    }
}
