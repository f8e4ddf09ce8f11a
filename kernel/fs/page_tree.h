/*
 * The pages of a file in memory: a sparse array of page frames, as a tree of tables that is as high
 * as its last page asks for. A file of one page has no table at all.
 */
#ifndef KERNEL_FS_PAGE_TREE_H
#define KERNEL_FS_PAGE_TREE_H

#include "arch/i386/types.h"

/* A zeroed tree is an empty one. */
struct page_tree {
    void *root;      /* a page if height is 0, else a table */
    uint32_t height; /* levels of tables */
    uint32_t pages;  /* pages and tables: frames that it has */
};

/* The page with that number, or NULL: a hole. */
void *page_tree_find(const struct page_tree *tree, uint32_t number);

/* The same, but a hole gets a page of zeroes. NULL: no memory. */
void *page_tree_make(struct page_tree *tree, uint32_t number);

/* Frees all pages from that number on. */
void page_tree_truncate(struct page_tree *tree, uint32_t first);

/* Makes holes of the pages from number first to before number end; a page that somebody else holds,
 * too, is zeroed instead. Takes as long as there are pages, whatever the range. */
void page_tree_clear(struct page_tree *tree, uint32_t first, uint32_t end);

#endif
