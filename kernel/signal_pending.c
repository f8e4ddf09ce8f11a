#include "kernel/signal_pending.h"

#include "arch/i386/asm.h"
#include "kernel/errno.h"
#include "mm/heap.h"

#define QUEUED_MAX \
    4096 /* signals of the whole system that say something and that nobody took yet */

static unsigned nr_queued;

void signal_pending_init(struct signal_pending *pending)
{
    pending->set = 0;
    pending->first.info.signo = 0;
    list_init(&pending->infos);
}

/* The last reference from an interrupt, or from a place that holds interrupts off, cannot free. */
static struct list garbage = LIST_INIT(garbage);

static void collect_garbage(void)
{
    struct queued_signal *queued;

    list_for_each(queued, &garbage, link) {
        uint32_t flags = interrupts_save();
        list_remove(&queued->link);
        interrupts_restore(flags);
        heap_free(queued);
    }
}

/* Out of infos; interrupts off. */
static void unqueue(struct signal_pending *pending, struct queued_signal *queued)
{
    list_remove(&queued->link);
    nr_queued--;
    if (queued == &pending->first)
        queued->info.signo = 0;
    else
        list_insert(&garbage, &queued->link);
}

void signal_pending_remove(struct signal_pending *pending, sigset_t set)
{
    struct queued_signal *queued;
    uint32_t flags = interrupts_save();

    pending->set &= ~set;
    list_for_each(queued, &pending->infos, link) {
        if (set & signal_bit(queued->info.signo))
            unqueue(pending, queued);
    }
    interrupts_restore(flags);
}

void signal_pending_flush(struct signal_pending *pending)
{
    signal_pending_remove(pending, ~0ull);
    collect_garbage();
}

/* Where to keep what a signal says, or NULL. */
static struct queued_signal *find_room(struct signal_pending *pending)
{
    if (unlikely(nr_queued >= QUEUED_MAX))
        return NULL;
    return pending->first.info.signo ? heap_alloc(sizeof(struct queued_signal)) : &pending->first;
}

int signal_pending_add(struct signal_pending *pending, int signal, const struct siginfo *info)
{
    struct queued_signal *queued = NULL;

    if (signal < SIGRTMIN && (pending->set & signal_bit(signal)))
        return 0;
    if (info) {
        queued = find_room(pending);
        /* a plain one arrives without its details instead (sigqueue(3)) */
        if (!queued && signal >= SIGRTMIN && info->code != SI_USER)
            return -EAGAIN;
    }
    uint32_t flags = interrupts_save();
    if (queued) {
        queued->info = *info;
        list_insert(&pending->infos, &queued->link);
        nr_queued++;
    }
    pending->set |= signal_bit(signal);
    interrupts_restore(flags);
    return 0;
}

/* The first that says something of signal, or NULL; *more: it is not the only one. */
static struct queued_signal *find(struct signal_pending *pending, int signal, bool *more)
{
    struct queued_signal *queued, *found = NULL;

    *more = false;
    list_for_each(queued, &pending->infos, link) {
        if (queued->info.signo != signal)
            continue;
        *more = found;
        if (found)
            break;
        found = queued;
        if (signal < SIGRTMIN)
            break;
    }
    return found;
}

void signal_pending_take(struct signal_pending *pending, int signal, struct siginfo *info)
{
    bool more;
    uint32_t flags = interrupts_save();
    struct queued_signal *found = find(pending, signal, &more);

    if (found) {
        *info = found->info;
        unqueue(pending, found);
    } else {
        *info = (struct siginfo){.signo = signal, .code = SI_KERNEL};
    }
    if (!more)
        pending->set &= ~signal_bit(signal);
    interrupts_restore(flags);
    if (unlikely(!list_empty(&garbage)))
        collect_garbage();
}

uint32_t signal_pending_count(const struct signal_pending *pending)
{
    const struct queued_signal *queued;
    uint32_t count = 0;

    list_for_each(queued, &pending->infos, link)
        count++;
    return count;
}
