#include "scripts/plugin/tlb/sets.h"

#include <stdlib.h>
#include <string.h>

bool sets_make(struct sets *sets, unsigned entries, unsigned ways)
{
    unsigned number = ways ? entries / ways : 0;

    if (!number || number * ways != entries || number & (number - 1))
        return false;
    *sets = (struct sets){number, ways, calloc(entries, sizeof(struct entry))};
    return sets->entries;
}

static bool lives(const struct entry *entry, const struct generations *now)
{
    return entry->generation == (entry->content & ENTRY_GLOBAL ? now->global : now->local);
}

/* The way that makes room: a dead one if there is one, else the last, which is the oldest. */
static unsigned victim(const struct entry *set, unsigned ways, const struct generations *now)
{
    for (unsigned way = 0; way < ways; way++) {
        if (!lives(&set[way], now))
            return way;
    }
    return ways - 1;
}

/* Ways lie in the order of their use, the latest first. */
bool sets_search(struct sets *sets, const struct entry *wanted, const struct generations *now)
{
    struct entry *set = sets->entries + (wanted->tag & (sets->number - 1)) * sets->ways;
    unsigned way = 0;

    while (way < sets->ways && set[way].tag != wanted->tag)
        way++;
    /* an entry that says something else was invalidated, by an INVLPG that no plugin can read */
    bool hit = way < sets->ways && set[way].content == wanted->content &&
               set[way].generation == wanted->generation;
    if (way == sets->ways)
        way = victim(set, sets->ways, now);
    memmove(set + 1, set, way * sizeof(*set));
    set[0] = *wanted;
    return hit;
}
