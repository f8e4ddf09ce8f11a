/* What TLBs and caches are alike: a number of sets of a number of ways, the least recently used of
 * which makes room. */
#ifndef SCRIPTS_PLUGIN_TLB_SETS_H
#define SCRIPTS_PLUGIN_TLB_SETS_H

#include <stdbool.h>
#include <stdint.h>

/* An entry lives while its generation is the present one: so flushing is counting on. Entries that
 * say ENTRY_GLOBAL have a generation of their own. */
struct entry {
    uint32_t tag, content, generation;
};

#define ENTRY_GLOBAL 0x100 /* in content: as in a page table entry */

/* Present generations; never 0, which is that of an entry that was never used. */
struct generations {
    uint32_t local, global;
};

struct sets {
    unsigned number, ways; /* number: a power of two; ways 0: there is no such structure */
    struct entry *entries;
};

/* False if entries are not ways times a power of two, or there is no memory. */
bool sets_make(struct sets *sets, unsigned entries, unsigned ways);

/* sets_touch(), where the entry is not the latest of its set. */
bool sets_search(struct sets *sets, const struct entry *wanted, const struct generations *now);

/* True if the set of tag has a living entry with this content; otherwise it has it now. Either way
 * it is now the most recently used one. */
static inline bool sets_touch(struct sets *sets, uint32_t tag, uint32_t content,
                              const struct generations *now)
{
    const struct entry *latest = sets->entries + (tag & (sets->number - 1)) * sets->ways;
    const struct entry wanted = {tag, content, content & ENTRY_GLOBAL ? now->global : now->local};

    return (latest->tag == tag && latest->content == content &&
            latest->generation == wanted.generation) ||
           sets_search(sets, &wanted, now);
}

#endif
