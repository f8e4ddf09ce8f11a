/*
 * The page tables of a space, below its regions. Private to mm/.
 *
 * An entry of a user page is one of three: 0, nothing there yet; present; or not present with the
 * frame's address in it, a page that keeps its contents while its region allows no access. A
 * present entry of a private region that allows stores, but without PTE_WRITABLE, is a page that
 * somebody else may have as well: the first store copies it (copy-on-write). Whatever is present is
 * marked accessed, whatever is writable dirty: it is there because it was touched.
 *
 * A table's frame has one reference for itself and one for each entry in use, so it goes with its
 * last page.
 */
#ifndef MM_PAGES_H
#define MM_PAGES_H

#include "mm/space.h"

/* The entry of address, making its table; NULL: no memory. */
pte_t *pages_entry(struct space *space, vaddr_t address);

/* Frees the table of address, if there is one and it is empty: for what failed behind
 * pages_entry(). */
void pages_prune(struct space *space, vaddr_t address);

/* Fills an empty entry with frame, whose reference it takes over, and the region's rights; owned:
 * the frame is this space's alone, or shared on purpose, so that stores need no copy. */
void pages_map(struct space *space, const struct region *region, pte_t *entry, paddr_t frame,
               bool owned);

/* Makes the present page of a region that allows stores writable; a shared one is copied. 0 or
 * -ENOMEM. */
int pages_make_writable(struct space *space, const struct region *region, vaddr_t page,
                        pte_t *entry);

/* Empties [start, end). */
void pages_unmap(struct space *space, vaddr_t start, vaddr_t end);

/* Gives the region's pages the rights that it has now. */
void pages_protect(struct space *space, const struct region *region);

/* Moves the entries of [from, from + size) to an empty range, with the rights they have. 0 or
 * -ENOMEM, and then nothing was moved. */
int pages_move(struct space *space, vaddr_t from, vaddr_t to, uint32_t size);

/* Shares the pages of a private region with copy, read-only in both. 0 or -ENOMEM. */
int pages_clone(struct space *space, struct space *copy, const struct region *region);

/* How many pages of the region are there. */
uint32_t pages_count(const struct space *space, const struct region *region);

#endif
