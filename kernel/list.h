/* Doubly linked lists with a head; links live in the objects. No locking: the caller's context. */
#ifndef KERNEL_LIST_H
#define KERNEL_LIST_H

#include "arch/i386/types.h"

struct list {
    struct list *next, *previous;
};

#define LIST_INIT(list)  \
    {                    \
        &(list), &(list) \
    }

static inline void list_init(struct list *list)
{
    list->next = list->previous = list;
}

static inline bool list_empty(const struct list *list)
{
    return list->next == list;
}

/* Inserts link right before position: before a head means at the end. */
static inline void list_insert(struct list *position, struct list *link)
{
    link->next = position;
    link->previous = position->previous;
    position->previous->next = link;
    position->previous = link;
}

/* Leaves link an empty list of its own, so that removing twice is harmless. */
static inline void list_remove(struct list *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    list_init(link);
}

#define list_entry(link, type, member) container_of(link, type, member)
#define list_first(list, type, member) list_entry((list)->next, type, member)

/* The body may remove entry. */
#define list_for_each(entry, list, member)                            \
    for (__typeof__(entry) entry##_next_ =                            \
             (entry = list_first(list, __typeof__(*entry), member),   \
             list_first(&entry->member, __typeof__(*entry), member)); \
         &entry->member != (list); entry = entry##_next_,             \
                           entry##_next_ = list_first(&entry->member, __typeof__(*entry), member))

#endif
