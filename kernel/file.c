#include "kernel/file.h"

#include "kernel/fs/vfs.h"
#include "kernel/panic.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "mm/heap.h"

#define FIRST_SIZE 32

/* A descriptor: the file's address, whose lowest bit says close on exec. */
typedef uintptr_t slot_t;
#define SLOT_CLOEXEC    1u
#define slot_file(slot) ((struct file *)((slot) & ~SLOT_CLOEXEC))

struct files {
    unsigned references; /* threads that use it */
    unsigned size;
    slot_t *slots;
};

/* --- files --------------------------------------------------------------------------------------
 */

struct file *file_create(const struct file_operations *operations, uint32_t flags, void *object)
{
    struct file *file = heap_alloc(sizeof(*file));

    if (file)
        *file = (struct file){
            .references = 1, .flags = flags, .operations = operations, .object = object};
    return file;
}

void file_get(struct file *file)
{
    file->references++;
}

void file_put(struct file *file)
{
    if (--file->references)
        return;
    if (file->operations->release)
        file->operations->release(file);
    if (file->inode)
        inode_close(file);
    heap_free(file);
}

void file_discard(struct file *file)
{
    heap_free(file);
}

ssize_t file_read_at(struct file *file, void *to, size_t size, uint32_t offset)
{
    return file->operations->read_at ? file->operations->read_at(file, to, size, offset) : -EACCES;
}

/* --- tables -------------------------------------------------------------------------------------
 */

static struct files *files_sized(unsigned size)
{
    struct files *files = heap_alloc(sizeof(*files));
    slot_t *slots = heap_alloc_zeroed(size * sizeof(slot_t));

    if (!files || !slots) {
        heap_free(files);
        heap_free(slots);
        return NULL;
    }
    files->references = 1;
    files->size = size;
    files->slots = slots;
    return files;
}

struct files *files_create(void)
{
    return files_sized(FIRST_SIZE);
}

struct files *files_clone(const struct files *files)
{
    struct files *copy = files_sized(files->size);
    if (!copy)
        return NULL;

    for (unsigned fd = 0; fd < files->size; fd++) {
        copy->slots[fd] = files->slots[fd];
        if (slot_file(copy->slots[fd]))
            file_get(slot_file(copy->slots[fd]));
    }
    return copy;
}

void files_get(struct files *files)
{
    files->references++;
}

void files_put(struct files *files)
{
    if (--files->references)
        return;
    for (unsigned fd = 0; fd < files->size; fd++) {
        if (slot_file(files->slots[fd]))
            file_put(slot_file(files->slots[fd]));
    }
    heap_free(files->slots);
    heap_free(files);
}

struct file *files_lookup(struct files *files, int fd)
{
    return (unsigned)fd < files->size ? slot_file(files->slots[fd]) : NULL;
}

/* Makes room for descriptor fd. 0, -EMFILE or -ENOMEM. */
static int files_grow(struct files *files, unsigned fd)
{
    unsigned size = files->size;

    if (fd >= FILES_MAX)
        return -EMFILE;
    while (size <= fd)
        size *= 2;
    if (size == files->size)
        return 0;
    slot_t *slots = heap_alloc_zeroed(size * sizeof(slot_t));
    if (!slots)
        return -ENOMEM;
    memcpy(slots, files->slots, files->size * sizeof(slot_t));
    heap_free(files->slots);
    files->slots = slots;
    files->size = size;
    return 0;
}

static int files_install_from(struct files *files, struct file *file, bool close_on_exec,
                              unsigned fd)
{
    while (fd < files->size && files->slots[fd])
        fd++;
    int error = files_grow(files, fd);
    if (error)
        return error;
    files->slots[fd] = (slot_t)file | (close_on_exec ? SLOT_CLOEXEC : 0);
    return fd;
}

int files_room(struct files *files)
{
    unsigned fd = 0;

    while (fd < files->size && files->slots[fd])
        fd++;
    return files_grow(files, fd);
}

int files_install(struct files *files, struct file *file, bool close_on_exec)
{
    return files_install_from(files, file, close_on_exec, 0);
}

void files_remove(struct files *files, int fd)
{
    files->slots[fd] = 0;
}

static int files_close(struct files *files, int fd)
{
    struct file *file = files_lookup(files, fd);

    if (!file)
        return -EBADF;
    files->slots[fd] = 0;
    file_put(file);
    return 0;
}

void files_close_on_exec(struct files *files)
{
    for (unsigned fd = 0; fd < files->size; fd++) {
        if (files->slots[fd] & SLOT_CLOEXEC)
            files_close(files, fd);
    }
}

void files_open_console(struct files *files)
{
    struct file *file;

    if (file_open("/dev/console", O_RDWR, &file))
        panic("no console for init");
    for (int fd = 0; fd < 3; fd++) {
        file_get(file);
        if (files_install(files, file, false) != fd)
            panic("no descriptor for init");
    }
    file_put(file);
}

/* --- calls --------------------------------------------------------------------------------------
 */

static struct file *lookup(int fd)
{
    return files_lookup(current_thread()->files, fd);
}

/* Counts are signed on the way back: Linux moves at most this much at once (read(2)). */
#define COUNT_MAX 0x7ffff000u

static ssize_t file_read(struct file *file, unsafe_bytes to, size_t size)
{
    if (!file_may_read(file))
        return -EBADF;
    if (!file->operations->read)
        return -EINVAL;
    if (!unsafe_range_ok(to, size))
        return -EFAULT;
    file_get(file);
    ssize_t result = file->operations->read(file, to, MIN(size, COUNT_MAX));
    file_put(file);
    return result;
}

static ssize_t file_write(struct file *file, unsafe_bytes from, size_t size)
{
    if (!file_may_write(file))
        return -EBADF;
    if (!file->operations->write)
        return -EINVAL;
    if (!unsafe_range_ok(from, size))
        return -EFAULT;
    file_get(file);
    ssize_t result = file->operations->write(file, from, MIN(size, COUNT_MAX));
    file_put(file);
    return result;
}

SYSCALL_DEFINE3(read, int, fd, unsafe_bytes, buffer, size_t, count)
{
    struct file *file = lookup(fd);

    return file ? file_read(file, buffer, count) : -EBADF;
}

SYSCALL_DEFINE3(write, int, fd, unsafe_bytes, buffer, size_t, count)
{
    struct file *file = lookup(fd);

    return file ? file_write(file, buffer, count) : -EBADF;
}

static ssize_t write_element(unsafe_bytes base, size_t length, void *file)
{
    return file_write(file, base, length);
}

SYSCALL_DEFINE3(writev, int, fd, unsafe_iovec, vector, int32_t, count)
{
    struct file *file = lookup(fd);

    if (!file || !file_may_write(file))
        return -EBADF;
    return iovec_walk(vector, count, write_element, file);
}

SYSCALL_DEFINE1(close, int, fd)
{
    return files_close(current_thread()->files, fd);
}

SYSCALL_DEFINE1(dup, int, fd)
{
    struct files *files = current_thread()->files;
    struct file *file = lookup(fd);

    if (!file)
        return -EBADF;
    int copy = files_install(files, file, false);
    if (copy >= 0)
        file_get(file);
    return copy;
}

SYSCALL_DEFINE2(dup2, int, old, int, new)
{
    struct files *files = current_thread()->files;
    struct file *file = lookup(old);

    if (!file || (unsigned)new >= FILES_MAX)
        return -EBADF;
    if (old == new)
        return new;
    int error = files_grow(files, new);
    if (error)
        return error;
    file_get(file);
    files_close(files, new);
    files->slots[new] = (slot_t)file;
    return new;
}

SYSCALL_DEFINE3(ioctl, int, fd, uint32_t, request, uint32_t, argument)
{
    struct file *file = lookup(fd);

    if (!file)
        return -EBADF;
    if (!file->operations->ioctl)
        return -ENOTTY;
    file_get(file);
    long result = file->operations->ioctl(file, request, argument);
    file_put(file);
    return result;
}
