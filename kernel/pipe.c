/*
 * Pipes: a ring of pages that exist while they hold bytes, readers and writers that sleep. It holds
 * 64 KiB, and writes of up to PIPE_BUF bytes are atomic: one waits until all of it fits (pipe(7)).
 */
#include "kernel/file.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/wait.h"
#include "mm/heap.h"

#define PIPE_BUF   PAGE_SIZE
#define PIPE_PAGES 16
#define PIPE_SIZE  (PIPE_PAGES * PAGE_SIZE)

struct pipe {
    char *pages[PIPE_PAGES];
    char *spare; /* the page that was drained last, so that small traffic allocates nothing */
    uint32_t head, tail; /* bytes ever read and written; wrap */
    unsigned readers, writers;
    struct wait_queue changed;
};

static size_t pipe_used(const struct pipe *pipe)
{
    return pipe->tail - pipe->head;
}

static size_t pipe_free(const struct pipe *pipe)
{
    return PIPE_SIZE - pipe_used(pipe);
}

static char **pipe_page(struct pipe *pipe, uint32_t position)
{
    return &pipe->pages[position / PAGE_SIZE % PIPE_PAGES];
}

static size_t page_rest(uint32_t position, size_t size)
{
    return MIN(size, PAGE_SIZE - position % PAGE_SIZE);
}

/* Moves the head; a page that is drained becomes the spare one, unless the ring is so full that its
 * end lies in that page too. */
static void pipe_consume(struct pipe *pipe, size_t bytes)
{
    char **page = pipe_page(pipe, pipe->head);

    pipe->head += bytes;
    if (pipe->head % PAGE_SIZE == 0 && pipe_used(pipe) <= PIPE_SIZE - PAGE_SIZE) {
        heap_free(pipe->spare);
        pipe->spare = *page;
        *page = NULL;
    }
}

static ssize_t pipe_read(struct file *file, unsafe_bytes to, size_t size)
{
    struct pipe *pipe = file->object;
    size_t done = 0;

    if (!size)
        return 0;
    if ((file->flags & O_NONBLOCK) && !pipe_used(pipe) && pipe->writers)
        return -EAGAIN;
    wait_until(&pipe->changed, pipe_used(pipe) || !pipe->writers);
    if (!pipe_used(pipe))
        return 0;
    while (done < size && pipe_used(pipe)) {
        size_t part = page_rest(pipe->head, MIN(size - done, pipe_used(pipe)));
        const char *bytes = *pipe_page(pipe, pipe->head) + pipe->head % PAGE_SIZE;
        size_t moved = copy_k2u_partial(unsafe_advance(to, done), bytes, part);
        done += moved;
        if (moved)
            pipe_consume(pipe, moved);
        if (moved < part)
            break;
    }
    wait_wake(&pipe->changed);
    return done ? (ssize_t)done : -EFAULT;
}

/* Appends up to size bytes without sleeping; at least one fits. Bytes, -EFAULT or -ENOMEM. What was
 * read of a page before a fault is dropped, as on Linux. */
static ssize_t pipe_append(struct pipe *pipe, unsafe_bytes from, size_t size)
{
    size_t done = 0;

    size = MIN(size, pipe_free(pipe));
    while (done < size) {
        char **page = pipe_page(pipe, pipe->tail);
        if (!*page) {
            *page = pipe->spare ? pipe->spare : heap_alloc(PAGE_SIZE);
            pipe->spare = NULL;
        }
        if (!*page)
            return done ? (ssize_t)done : -ENOMEM;
        size_t part = page_rest(pipe->tail, size - done);
        size_t moved =
            copy_u2k_partial(*page + pipe->tail % PAGE_SIZE, unsafe_advance(from, done), part);
        if (moved < part)
            return done ? (ssize_t)done : -EFAULT;
        pipe->tail += part;
        done += part;
    }
    return done;
}

static ssize_t pipe_write(struct file *file, unsafe_bytes from, size_t size)
{
    struct pipe *pipe = file->object;
    size_t done = 0, room = size <= PIPE_BUF ? size : 1;

    while (done < size) {
        if ((file->flags & O_NONBLOCK) && pipe_free(pipe) < room && pipe->readers)
            return done ? (ssize_t)done : -EAGAIN;
        wait_until(&pipe->changed, pipe_free(pipe) >= room || !pipe->readers);
        if (!pipe->readers) {
            if (!done)
                thread_die_on_return(current_thread(), SIGPIPE);
            return done ? (ssize_t)done : -EPIPE;
        }
        ssize_t moved = pipe_append(pipe, unsafe_advance(from, done), size - done);
        wait_wake(&pipe->changed);
        if (moved < 0)
            return done ? (ssize_t)done : moved;
        done += moved;
    }
    return done;
}

static void pipe_release(struct file *file)
{
    struct pipe *pipe = file->object;

    if ((file->flags & O_ACCMODE) == O_WRONLY)
        pipe->writers--;
    else
        pipe->readers--;
    wait_wake(&pipe->changed);
    if (!pipe->readers && !pipe->writers) {
        for (unsigned i = 0; i < PIPE_PAGES; i++)
            heap_free(pipe->pages[i]);
        heap_free(pipe->spare);
        heap_free(pipe);
    }
}

static const struct file_operations pipe_operations = {
    .read = pipe_read,
    .write = pipe_write,
    .release = pipe_release,
};

/* Both ends, or -ENOMEM with nothing left behind. */
static int pipe_create(uint32_t flags, struct file *ends[2])
{
    struct pipe *pipe = heap_alloc_zeroed(sizeof(*pipe));

    ends[0] = file_create(&pipe_operations, O_RDONLY | flags, pipe);
    ends[1] = file_create(&pipe_operations, O_WRONLY | flags, pipe);
    if (!pipe || !ends[0] || !ends[1]) {
        heap_free(pipe);
        heap_free(ends[0]);
        heap_free(ends[1]);
        return -ENOMEM;
    }
    pipe->readers = pipe->writers = 1;
    wait_init(&pipe->changed);
    return 0;
}

static long make_pipe(unsafe_int_pair user, uint32_t flags)
{
    struct files *files = current_thread()->files;
    struct file *ends[2];
    struct int_pair fds = {-1, -1};

    if (flags & ~(O_NONBLOCK | O_CLOEXEC))
        return -EINVAL;
    int error = pipe_create(flags & O_NONBLOCK, ends);
    if (error)
        return error;
    fds.first = files_install(files, ends[0], flags & O_CLOEXEC);
    if (fds.first >= 0)
        fds.second = files_install(files, ends[1], flags & O_CLOEXEC);
    error = fds.first < 0 ? fds.first : fds.second < 0 ? fds.second : copy_object_k2u(user, &fds);
    if (!error)
        return 0;
    if (fds.second >= 0)
        files_remove(files, fds.second);
    if (fds.first >= 0)
        files_remove(files, fds.first);
    file_put(ends[0]);
    file_put(ends[1]);
    return error;
}

SYSCALL_DEFINE1(pipe, unsafe_int_pair, fds)
{
    return make_pipe(fds, 0);
}

SYSCALL_DEFINE2(pipe2, unsafe_int_pair, fds, uint32_t, flags)
{
    return make_pipe(fds, flags);
}
