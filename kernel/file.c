#include "kernel/file.h"

#include "kernel/fs/lock.h"
#include "kernel/fs/vfs.h"
#include "kernel/ipc_direct.h"
#include "kernel/limits.h"
#include "kernel/panic.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "mm/heap.h"

#define FIRST_SIZE 32

uint32_t files_in_use;

/* --- files --------------------------------------------------------------------------------------
 */

struct file *file_create(const struct file_operations *operations, uint32_t flags, void *object)
{
    struct file *file = heap_alloc(sizeof(*file));

    if (!file)
        return NULL;
    *file =
        (struct file){.references = 1, .flags = flags, .operations = operations, .object = object};
    files_in_use++;
    return file;
}

void file_release(struct file *file)
{
    if (file->operations->release)
        file->operations->release(file);
    if (file->inode)
        inode_close(file);
    file_discard(file);
}

void file_discard(struct file *file)
{
    files_in_use--;
    heap_free(file);
}

ssize_t file_read_at(struct file *file, void *to, size_t size, uint64_t offset)
{
    return file->operations->read_at ? file->operations->read_at(file, to, size, offset) : -EACCES;
}

/* --- tables -------------------------------------------------------------------------------------
 */

/* Any close of a file gives up the record locks that the process holds on it (fcntl(2)), and any
 * close of an endpoint what the gate page was told about descriptors. */
static void descriptor_put(struct files *files, struct file *file)
{
    if (file->inode && file->inode->locks)
        lock_release(file->inode, files);
    if (file->operations == &endpoint_operations)
        direct_forget_all();
    file_put(file);
}

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

int files_unshare(struct files **files)
{
    if ((*files)->references == 1)
        return 0;
    struct files *own = files_clone(*files);
    if (!own)
        return -ENOMEM;
    files_put(*files);
    *files = own;
    return 0;
}

void files_put(struct files *files)
{
    if (--files->references)
        return;
    for (unsigned fd = 0; fd < files->size; fd++) {
        if (slot_file(files->slots[fd]))
            descriptor_put(files, slot_file(files->slots[fd]));
    }
    heap_free(files->slots);
    heap_free(files);
}

struct file *files_lookup_open(const struct files *files, int fd)
{
    struct file *file = files_lookup(files, fd);

    return file && !(file->flags & O_PATH) ? file : NULL;
}

unsigned files_limit(void)
{
    const struct process *process = current_process();

    return process ? MIN(limit_of(process, RLIMIT_NOFILE), (uint64_t)FILES_MAX) : FILES_MAX;
}

/* Makes room for descriptor fd. 0, -EMFILE or -ENOMEM. */
static int files_grow(struct files *files, unsigned fd)
{
    unsigned size = files->size;

    if (fd >= files_limit())
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

int files_install_from(struct files *files, struct file *file, bool close_on_exec, unsigned fd)
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

int files_install_pair(struct files *files, struct file *const pair[2], bool close_on_exec,
                       unsafe_int_pair user)
{
    struct int_pair fds = {-1, -1};

    fds.first = files_install(files, pair[0], close_on_exec);
    if (fds.first >= 0)
        fds.second = files_install(files, pair[1], close_on_exec);
    int error = fds.first < 0    ? fds.first
                : fds.second < 0 ? fds.second
                                 : copy_object_k2u(user, &fds);
    if (!error)
        return 0;
    if (fds.second >= 0)
        files_remove(files, fds.second);
    if (fds.first >= 0)
        files_remove(files, fds.first);
    file_put(pair[0]);
    file_put(pair[1]);
    return error;
}

int files_install_at(struct files *files, struct file *file, bool close_on_exec, int fd)
{
    int error = files_grow(files, fd);
    if (error)
        return error == -EMFILE ? -EBADF : error;
    struct file *old = slot_file(files->slots[fd]);
    files->slots[fd] = (slot_t)file | (close_on_exec ? SLOT_CLOEXEC : 0);
    if (old)
        descriptor_put(files, old);
    return 0;
}

int files_close(struct files *files, int fd)
{
    struct file *file = files_lookup(files, fd);

    if (!file)
        return -EBADF;
    files->slots[fd] = 0;
    descriptor_put(files, file);
    return 0;
}

bool files_closes_on_exec(const struct files *files, int fd)
{
    return files->slots[fd] & SLOT_CLOEXEC;
}

void files_set_close_on_exec(struct files *files, int fd, bool close_on_exec)
{
    files->slots[fd] = (files->slots[fd] & ~SLOT_CLOEXEC) | (close_on_exec ? SLOT_CLOEXEC : 0);
}

void files_close_range(struct files *files, unsigned first, unsigned last, bool on_exec)
{
    for (unsigned fd = first; fd <= last && fd < files->size; fd++) {
        if (!files->slots[fd])
            continue;
        if (on_exec)
            files->slots[fd] |= SLOT_CLOEXEC;
        else
            files_close(files, fd);
    }
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
