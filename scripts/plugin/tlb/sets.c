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

static uint32_t present_generation(uint32_t content, const struct generations *now)
{
    return content & ENTRY_GLOBAL ? now->global : now->local;
}

static bool lives(const struct entry *entry, const struct generations *now)
{
    return entry->generation == present_generation(entry->content, now);
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

static bool same(const struct entry *a, const struct entry *b)
{
    return a->tag == b->tag && a->content == b->content && a->generation == b->generation;
}

/* Ways lie in the order of their use, the latest first. */
bool sets_touch(struct sets *sets, uint32_t tag, uint32_t content, const struct generations *now)
{
    struct entry *set = sets->entries + (tag & (sets->number - 1)) * sets->ways;
    const struct entry wanted = {tag, content, present_generation(content, now)};
    unsigned way = 0;

    if (same(set, &wanted)) /* most are */
        return true;
    while (way < sets->ways && set[way].tag != tag)
        way++;
    /* an entry that says something else was invalidated, by an INVLPG that no plugin can read */
    bool hit = way < sets->ways && same(&set[way], &wanted);
    if (way == sets->ways)
        way = victim(set, sets->ways, now);
    memmove(set + 1, set, way * sizeof(*set));
    set[0] = wanted;
    return hit;
}
