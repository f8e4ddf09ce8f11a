/*
 * Pipes and fifos: a ring of pages that exist while they hold bytes, readers and writers that
 * sleep. It holds 64 KiB unless it is made smaller, and writes of up to PIPE_BUF bytes are atomic:
 * one waits until all of it fits (pipe(7)).
 */
#include "kernel/pipe.h"

#include "kernel/fs/vfs.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/wait.h"
#include "mm/heap.h"

#define PIPE_BUF   PAGE_SIZE
#define PIPE_PAGES 16
#define PIPE_SIZE  (PIPE_PAGES * PAGE_SIZE)

#define FIONREAD   0x541b

struct pipe {
    char *pages[PIPE_PAGES];
    char *spare; /* the page that was drained last, so that small traffic allocates nothing */
    uint32_t head, tail; /* bytes ever read and written; wrap */
    uint32_t size;       /* that it holds */
    unsigned readers, writers;
    uint32_t reader_opens, writer_opens; /* ever: who opens a fifo waits for the other kind's */
    struct wait_queue changed;
};

static size_t pipe_used(const struct pipe *pipe)
{
    return pipe->tail - pipe->head;
}

static size_t pipe_free(const struct pipe *pipe)
{
    return pipe->size - pipe_used(pipe);
}

static char **pipe_page(struct pipe *pipe, uint32_t position)
{
    return &pipe->pages[position / PAGE_SIZE % PIPE_PAGES];
}

static size_t page_rest(uint32_t position, size_t size)
{
    return MIN(size, PAGE_SIZE - position % PAGE_SIZE);
}

/* Mostly nobody waits; a thread that is about to cannot be in between. */
static inline void pipe_changed(struct pipe *pipe)
{
    if (!list_empty(&pipe->changed.waiters))
        wait_wake(&pipe->changed);
}

/* --- reading ---------------------------------------------------------------------------------- */

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

static ssize_t pipe_take(struct pipe *pipe, unsafe_bytes to, size_t size)
{
    size_t done = 0;

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
    pipe_changed(pipe);
    return done ? (ssize_t)done : -EFAULT;
}

static ssize_t pipe_read(struct file *file, unsafe_bytes to, size_t size)
{
    struct pipe *pipe = file->object;

    if (!size)
        return 0;
    if (!pipe_used(pipe)) {
        if (!pipe->writers)
            return 0;
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        int error = wait_interruptible(&pipe->changed, pipe_used(pipe) || !pipe->writers);
        if (error || !pipe_used(pipe))
            return error;
    }
    return pipe_take(pipe, to, size);
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Where bytes come from: user memory, or the kernel's if bytes is not NULL. */
struct source {
    unsafe_bytes user;
    const char *bytes;
};

static inline bool fetch(const struct source *from, size_t offset, char *to, size_t size)
{
    if (!from->bytes)
        return !copy_u2k(to, unsafe_advance(from->user, offset), size);
    memcpy(to, from->bytes + offset, size);
    return true;
}

/* Appends source's bytes from offset to size, as many as fit, without sleeping; at least one does.
 * Bytes, -EFAULT or -ENOMEM. What was read of a page before a fault is dropped, as on Linux. */
static ssize_t pipe_append(struct pipe *pipe, const struct source *from, size_t offset, size_t size)
{
    size_t done = 0;

    size = MIN(size - offset, pipe_free(pipe));
    while (done < size) {
        char **page = pipe_page(pipe, pipe->tail);
        if (!*page) {
            *page = pipe->spare ? pipe->spare : heap_alloc(PAGE_SIZE);
            pipe->spare = NULL;
        }
        if (!*page)
            return done ? (ssize_t)done : -ENOMEM;
        size_t part = page_rest(pipe->tail, size - done);
        if (!fetch(from, offset + done, *page + pipe->tail % PAGE_SIZE, part))
            return done ? (ssize_t)done : -EFAULT;
        pipe->tail += part;
        done += part;
    }
    return done;
}

/* Waits for room for so many bytes, which is not there, or for the last reader to go. */
static int wait_for_room(struct file *file, struct pipe *pipe, size_t room)
{
    if (!pipe->readers)
        return -EPIPE;
    if (file->flags & O_NONBLOCK)
        return -EAGAIN;
    int error = wait_interruptible(&pipe->changed, pipe_free(pipe) >= room || !pipe->readers);
    if (error)
        return error;
    return pipe->readers ? 0 : -EPIPE;
}

static ssize_t pipe_put(struct file *file, const struct source *from, size_t size)
{
    struct pipe *pipe = file->object;
    size_t done = 0, room = MIN(size <= PIPE_BUF ? size : 1, (size_t)pipe->size);

    while (done < size) {
        bool ready = pipe_free(pipe) >= room && pipe->readers;
        ssize_t moved = likely(ready) ? 0 : wait_for_room(file, pipe, room);
        if (moved == -EPIPE && !done)
            signal_raise_thread(current_thread(), SIGPIPE);
        if (!moved) {
            moved = pipe_append(pipe, from, done, size);
            pipe_changed(pipe);
        }
        if (moved < 0)
            return done ? (ssize_t)done : moved;
        done += moved;
    }
    return done;
}

static ssize_t pipe_write(struct file *file, unsafe_bytes from, size_t size)
{
    return pipe_put(file, &(struct source){.user = from}, size);
}

static ssize_t pipe_write_kernel(struct file *file, const void *from, size_t size)
{
    return pipe_put(file, &(struct source){.bytes = from}, size);
}

/* --- what else a file can be asked ------------------------------------------------------------ */

static uint32_t pipe_poll(struct file *file, struct poll_table *table)
{
    struct pipe *pipe = file->object;
    uint32_t ready = 0;

    poll_wait(table, &pipe->changed);
    if (file_may_read(file)) {
        if (pipe_used(pipe))
            ready |= POLLIN | POLLRDNORM;
        if (!pipe->writers && pipe->writer_opens != file->position)
            ready |= POLLHUP;
    }
    if (file_may_write(file)) {
        if (pipe_free(pipe) >= PIPE_BUF)
            ready |= POLLOUT | POLLWRNORM;
        if (!pipe->readers)
            ready |= POLLERR;
    }
    return ready;
}

static long pipe_ioctl(struct file *file, uint32_t request, uint32_t argument)
{
    const unsafe_int user = {.address = argument};
    int32_t used = pipe_used(file->object);

    if (request != FIONREAD)
        return -ENOTTY;
    return copy_object_k2u(user, &used);
}

long pipe_control_size(struct file *file, bool set, uint32_t size)
{
    struct pipe *pipe = file->object;

    if (file->operations != &pipe_operations)
        return -EBADF;
    if (!set)
        return pipe->size;
    if (size > INT32_MAX)
        return -EINVAL;
    if (size > PIPE_SIZE)
        return -EPERM;
    uint32_t rounded = PAGE_SIZE;
    while (rounded < size)
        rounded *= 2;
    if (rounded < pipe_used(pipe))
        return -EBUSY;
    pipe->size = rounded;
    pipe_changed(pipe);
    return rounded;
}

/* --- ends ------------------------------------------------------------------------------------- */

static struct pipe *pipe_of(struct inode *inode)
{
    if (!inode->pipe) {
        struct pipe *pipe = heap_alloc_zeroed(sizeof(*pipe));
        if (!pipe)
            return NULL;
        pipe->size = PIPE_SIZE;
        wait_init(&pipe->changed);
        inode->pipe = pipe;
    }
    return inode->pipe;
}

static void pipe_attach(struct file *file, struct pipe *pipe)
{
    file->object = pipe;
    if (file_may_read(file)) {
        pipe->readers++;
        pipe->reader_opens++;
    }
    if (file_may_write(file)) {
        pipe->writers++;
        pipe->writer_opens++;
    }
    /* what a reader finds without a writer is no hang-up: poll() tells one by another number */
    file->position = pipe->writers ? UINT64_MAX : pipe->writer_opens;
    pipe_changed(pipe);
}

static void pipe_release(struct file *file)
{
    struct pipe *pipe = file->object;

    pipe->readers -= file_may_read(file);
    pipe->writers -= file_may_write(file);
    pipe_changed(pipe);
    if (pipe->readers || pipe->writers)
        return;
    for (unsigned i = 0; i < PIPE_PAGES; i++)
        heap_free(pipe->pages[i]);
    heap_free(pipe->spare);
    heap_free(pipe);
    file->inode->pipe = NULL;
}

/* Until the other end has been opened, be it closed again since (fifo(7)). */
static int wait_for_other_end(struct file *file, struct pipe *pipe)
{
    uint32_t readers = pipe->reader_opens, writers = pipe->writer_opens;
    bool reads = file_may_read(file);

    if (pipe->readers && pipe->writers)
        return 0;
    if (file->flags & O_NONBLOCK)
        return reads ? 0 : -ENXIO;
    return wait_interruptible(&pipe->changed,
                              pipe->reader_opens != readers || pipe->writer_opens != writers);
}

static void release_inode(struct inode *inode)
{
    heap_free(inode);
}

/* Of pipes without a name. */
static const struct inode_operations pipe_inode_operations = {.release = release_inode};

static int fifo_open(struct file *file)
{
    if (!file_may_read(file) && !file_may_write(file))
        return -EINVAL;
    struct pipe *pipe = pipe_of(file->inode);
    if (!pipe)
        return -ENOMEM;
    pipe_attach(file, pipe);
    /* one without a name is opened through /proc, where its other end may be gone for good */
    if (file->inode->operations == &pipe_inode_operations)
        return 0;
    int error = wait_for_other_end(file, pipe);
    if (error)
        pipe_release(file);
    return error;
}

const struct file_operations pipe_operations = {
    .read = pipe_read,
    .write = pipe_write,
    .write_kernel = pipe_write_kernel,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .open = fifo_open,
    .atomic = true,
    .release = pipe_release,
};

/* --- pipe(2) ---------------------------------------------------------------------------------- */

static struct filesystem pipefs = {.type = "pipefs", .magic = 0x50495045, .device = 2};

static struct file *pipe_end(struct inode *inode, uint32_t flags)
{
    struct file *file = file_create(&pipe_operations, flags, NULL);

    if (file) {
        file->inode = inode_get(inode);
        pipe_attach(file, inode->pipe);
    }
    return file;
}

/* Both ends, or -ENOMEM with nothing left behind. */
static int pipe_create(uint32_t flags, struct file *ends[2])
{
    static uint32_t last_number;
    struct inode *inode = heap_alloc(sizeof(*inode));

    if (!inode)
        return -ENOMEM;
    inode_init(inode, &pipefs, &pipe_inode_operations, ++last_number, S_IFIFO | 0600);
    inode->links = 1;
    inode_set_owner(inode, NULL);
    ends[0] = pipe_of(inode) ? pipe_end(inode, O_RDONLY | flags) : NULL;
    ends[1] = ends[0] ? pipe_end(inode, O_WRONLY | flags) : NULL;
    if (ends[0] && !ends[1])
        file_put(ends[0]);
    else if (!ends[0])
        heap_free(inode->pipe);
    inode_put(inode);
    return ends[1] ? 0 : -ENOMEM;
}

static long make_pipe(unsafe_int_pair user, uint32_t flags)
{
    struct file *ends[2];

    if (flags & ~(O_NONBLOCK | O_CLOEXEC))
        return -EINVAL;
    int error = pipe_create(flags & O_NONBLOCK, ends);
    return error ? error
                 : files_install_pair(current_thread()->files, ends, flags & O_CLOEXEC, user);
}

SYSCALL_DEFINE1(pipe, unsafe_int_pair, fds)
{
    return make_pipe(fds, 0);
}

SYSCALL_DEFINE2(pipe2, unsafe_int_pair, fds, uint32_t, flags)
{
    return make_pipe(fds, flags);
}
