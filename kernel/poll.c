/* Waiting for several files at once, and poll(2) and ppoll(2); select is in kernel/select.c. */
#include "kernel/poll.h"

#include "kernel/file.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "kernel/user_time.h"
#include "mm/heap.h"

/* A place in one queue; the file is held, since another thread may close its descriptor. */
struct poll_entry {
    struct waiter waiter;
    struct file *file;
};

#define PAGE_ENTRIES  ((PAGE_SIZE - 2 * sizeof(uint32_t)) / sizeof(struct poll_entry))
#define FIRST_ENTRIES 6

struct poll_page {
    struct poll_page *next;
    uint32_t used;
    struct poll_entry entries[PAGE_ENTRIES];
};
_Static_assert(sizeof(struct poll_page) <= HEAP_MAX, "poll: a page of entries is one");

/* A few entries need no memory; more come by the page. */
struct poll_table {
    struct file *file; /* whose operation is being called */
    int error;         /* -ENOMEM: a queue could not be entered */
    uint32_t used;     /* of first */
    struct poll_entry first[FIRST_ENTRIES];
    struct poll_page *pages;
};

/* --- the table ----------------------------------------------------------------------------------
 */

static struct poll_entry *new_entry(struct poll_table *table)
{
    struct poll_page *page = table->pages;

    if (table->used < FIRST_ENTRIES)
        return &table->first[table->used++];
    if (!page || page->used == PAGE_ENTRIES) {
        page = heap_alloc(sizeof(*page));
        if (!page)
            return NULL;
        page->next = table->pages;
        page->used = 0;
        table->pages = page;
    }
    return &page->entries[page->used++];
}

void poll_wait(struct poll_table *table, struct wait_queue *queue)
{
    if (!table)
        return;
    struct poll_entry *entry = new_entry(table);
    if (!entry) {
        table->error = -ENOMEM;
        return;
    }
    file_get(table->file);
    entry->file = table->file;
    wait_begin(&entry->waiter, queue);
}

static void leave_queues(struct poll_entry *entries, uint32_t used)
{
    for (uint32_t i = 0; i < used; i++) {
        uint32_t flags = interrupts_save();
        wait_end(&entries[i].waiter);
        interrupts_restore(flags);
        file_put(entries[i].file);
    }
}

static void table_end(struct poll_table *table)
{
    leave_queues(table->first, table->used);
    while (table->pages) {
        struct poll_page *page = table->pages;
        table->pages = page->next;
        leave_queues(page->entries, page->used);
        heap_free(page);
    }
}

uint32_t poll_descriptor(struct poll_table *table, int fd)
{
    struct file *file = files_lookup(current_thread()->files, fd);

    if (!file)
        return POLLNVAL;
    if (!file->operations->poll)
        return POLL_ALWAYS;
    if (table)
        table->file = file;
    return file->operations->poll(file, table);
}

int poll_until(int (*scan)(void *context, struct poll_table *table), void *context,
               uint64_t deadline)
{
    struct poll_table table = {.used = 0};
    struct poll_table *enter = deadline ? &table : NULL; /* the first scan enters the queues */
    uint32_t flags = interrupts_save();
    int error = 0, count;

    for (;;) {
        count = scan(context, enter);
        if (!count && !error)
            error = table.error;
        /* what was waited for counts more than a late signal, so there is a scan after each */
        if (count || error || !deadline)
            break;
        enter = NULL;
        error = wait_sleep(SLEEP_INTERRUPTIBLE, deadline);
    }
    interrupts_restore(flags);
    table_end(&table);
    if (count)
        return count;
    return error == -ETIMEDOUT ? 0 : error == -ERESTARTSYS ? -ERESTARTNOHAND : error;
}

int poll_take_mask(unsafe_bytes mask, uint32_t size)
{
    sigset_t set;

    if (unsafe_is_null(mask))
        return 0;
    if (size != sizeof(set))
        return -EINVAL;
    if (copy_u2k(&set, mask, sizeof(set)))
        return -EFAULT;
    signal_set_temporary_mask(set);
    return 0;
}

/* A signal that ended the wait is still to be delivered under the mask that let it through. */
static void drop_mask(void)
{
    struct thread *thread = current_thread();

    if (!thread->mask_is_temporary)
        return;
    thread->mask_is_temporary = false;
    signal_set_blocked(thread->saved_mask);
}

/* --- timeouts -----------------------------------------------------------------------------------
 */

uint64_t poll_deadline(uint64_t length)
{
    return length ? time_now() + length : 0;
}

int poll_take_timeout(struct poll_timeout *timeout, struct user_time from)
{
    uint64_t length;

    *timeout = (struct poll_timeout){.place = from, .deadline = WAIT_FOREVER};
    if (user_time_is_null(from))
        return 0;
    int error = user_time_fetch(&length, from);
    if (!error)
        timeout->deadline = poll_deadline(length);
    return error;
}

long poll_give_rest(const struct poll_timeout *timeout, long result)
{
    uint64_t now = time_now();

    if (result != -ERESTARTNOHAND)
        drop_mask();
    if (user_time_is_null(timeout->place) || !timeout->deadline)
        return result;
    if (user_time_store(timeout->place, timeout->deadline > now ? timeout->deadline - now : 0) &&
        result == -ERESTARTNOHAND)
        return -EINTR;
    return result;
}

/* --- poll ---------------------------------------------------------------------------------------
 */

#define PAGE_FDS   (PAGE_SIZE / sizeof(struct pollfd))
#define POLL_PAGES ((FILES_MAX + PAGE_FDS - 1) / PAGE_FDS)

/* The kernel's copy of the caller's array. */
struct poll_set {
    uint32_t count;
    struct pollfd *pages[POLL_PAGES];
};

static struct pollfd *set_entry(const struct poll_set *set, uint32_t i)
{
    return &set->pages[i / PAGE_FDS][i % PAGE_FDS];
}

static void set_free(struct poll_set *set)
{
    for (uint32_t i = 0; i < POLL_PAGES; i++)
        heap_free(set->pages[i]);
}

/* Bytes of the array that page number i holds. */
static uint32_t page_bytes(const struct poll_set *set, uint32_t i)
{
    return MIN(set->count - i * PAGE_FDS, PAGE_FDS) * sizeof(struct pollfd);
}

static int set_fetch(struct poll_set *set, unsafe_pollfd from)
{
    for (uint32_t i = 0; i * PAGE_FDS < set->count; i++) {
        unsafe_pollfd part = unsafe_element(from, i * PAGE_FDS);
        set->pages[i] = heap_alloc(page_bytes(set, i));
        if (!set->pages[i])
            return -ENOMEM;
        if (copy_u2k(set->pages[i], unsafe_as_bytes(part), page_bytes(set, i)))
            return -EFAULT;
    }
    return 0;
}

/* Linux writes the answers alone: what another thread put beside them meanwhile stays. */
static int set_store(const struct poll_set *set, unsafe_pollfd to)
{
    for (uint32_t i = 0; i < set->count; i++) {
        unsafe_bytes answer = unsafe_advance(unsafe_as_bytes(unsafe_element(to, i)),
                                             offsetof(struct pollfd, revents));
        if (unsafe_poke16(answer, set_entry(set, i)->revents))
            return -EFAULT;
    }
    return 0;
}

static int scan_set(void *context, struct poll_table *table)
{
    const struct poll_set *set = context;
    int ready = 0;

    for (uint32_t i = 0; i < set->count; i++) {
        struct pollfd *entry = set_entry(set, i);
        entry->revents = 0;
        if (entry->fd < 0)
            continue;
        entry->revents =
            poll_descriptor(table, entry->fd) & (entry->events | POLLERR | POLLHUP | POLLNVAL);
        if (entry->revents)
            ready++;
    }
    return ready;
}

static long poll_files(unsafe_pollfd fds, uint32_t count, uint64_t deadline)
{
    struct poll_set set = {.count = count};

    if (count > files_limit())
        return -EINVAL;
    long result = set_fetch(&set, fds);
    if (!result) {
        result = poll_until(scan_set, &set, deadline);
        if (set_store(&set, fds))
            result = -EFAULT;
    }
    set_free(&set);
    return result;
}

/* poll's own timeout does not change in user memory, so the rest of it has to be kept here. */
static long poll_and_keep(unsafe_pollfd fds, uint32_t count, uint64_t deadline);

static long poll_go_on(const struct restart *record)
{
    return poll_and_keep((unsafe_pollfd){.address = record->arguments[0]}, record->arguments[1],
                         record->until);
}

static long poll_and_keep(unsafe_pollfd fds, uint32_t count, uint64_t deadline)
{
    long result = poll_files(fds, count, deadline);

    if (result != -ERESTARTNOHAND)
        return result;
    return restart_later(&(struct restart){
        .go_on = poll_go_on, .until = deadline, .arguments = {fds.address, count}});
}

SYSCALL_DEFINE3(poll, unsafe_pollfd, fds, uint32_t, count, int, milliseconds)
{
    uint64_t deadline = WAIT_FOREVER;

    if (milliseconds >= 0)
        deadline = poll_deadline((uint64_t)milliseconds * 1000000);
    return poll_and_keep(fds, count, deadline);
}

static long ppoll(unsafe_pollfd fds, uint32_t count, struct user_time time, unsafe_bytes mask,
                  uint32_t size)
{
    struct poll_timeout timeout;
    int error = poll_take_timeout(&timeout, time);

    if (!error)
        error = poll_take_mask(mask, size);
    if (error)
        return error;
    return poll_give_rest(&timeout, poll_files(fds, count, timeout.deadline));
}

SYSCALL_DEFINE5(ppoll, unsafe_pollfd, fds, uint32_t, count, unsafe_timespec, timeout, unsafe_bytes,
                mask, uint32_t, size)
{
    return ppoll(fds, count, user_timespec(timeout), mask, size);
}

SYSCALL_DEFINE5(ppoll_time64, unsafe_pollfd, fds, uint32_t, count, unsafe_timespec64, timeout,
                unsafe_bytes, mask, uint32_t, size)
{
    return ppoll(fds, count, user_timespec64(timeout), mask, size);
}
