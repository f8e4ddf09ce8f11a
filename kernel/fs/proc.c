#include "kernel/fs/proc.h"

#include "kernel/format.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "mm/heap.h"

#define PROC_MAGIC     0x9fa0
#define FIRST_POSITION 2    /* behind "." and ".." */
#define FIRST_NUMBER   1024 /* position of number 0; fixed names are in front */

static const struct inode_operations proc_operations, proc_jump_operations;

static struct filesystem proc = {
    .type = "proc",
    .magic = PROC_MAGIC,
    .device = 3,
};

static struct proc_inode *proc_inode(struct inode *inode)
{
    return container_of(inode, struct proc_inode, inode);
}

/* --- processes -------------------------------------------------------------------------------- */

struct process *proc_process_of(const struct proc_inode *inode)
{
    return process_find(inode->pid);
}

struct thread *proc_thread_of(const struct proc_inode *inode)
{
    struct process *process = proc_process_of(inode);
    struct thread *thread = process && inode->tid ? thread_find(inode->tid) : NULL;

    if (!process || !inode->tid)
        return process ? process_first_thread(process) : NULL;
    return thread && thread->process == process ? thread : NULL;
}

/* --- inodes ----------------------------------------------------------------------------------- */

/* The same for each lookup of the same name: entries have fixed places. */
static uint32_t inode_number(const struct proc_inode *inode)
{
    uint32_t place = (uint32_t)inode->entry >> 2;

    return place * 32768 + inode->pid * 256 + inode->tid * 64 + inode->fd + 1;
}

/* An inode like model, which says what it is about. */
static struct inode *make_inode(struct inode *parent, const struct proc_inode *model)
{
    const struct proc_entry *entry = model->entry;
    struct proc_inode *made = heap_alloc_zeroed(sizeof(*made));

    if (!made)
        return NULL;
    *made = *model;
    inode_init(&made->inode, &proc, entry->jump ? &proc_jump_operations : &proc_operations,
               inode_number(made), entry->mode);
    made->inode.links = S_ISDIR(entry->mode) ? 2 : 1;
    made->inode.parent = parent ? inode_get(parent) : &made->inode;
    const struct process *process = made->pid ? process_find(made->pid) : NULL;
    made->inode.uid = process ? process->credentials.user.effective : 0;
    made->inode.gid = process ? process->credentials.group.effective : 0;
    return &made->inode;
}

/* What an entry below directory is about: the same process and thread. */
static struct proc_inode child_of(const struct proc_inode *directory,
                                  const struct proc_entry *entry)
{
    return (struct proc_inode){.entry = entry, .pid = directory->pid, .tid = directory->tid};
}

static struct proc_inode numbered_child(const struct proc_inode *directory, int32_t number)
{
    struct proc_inode child = child_of(directory, directory->entry->numbers->entry);

    directory->entry->numbers->set(&child, number);
    return child;
}

static void proc_release(struct inode *inode)
{
    inode_put(inode->parent);
    heap_free(proc_inode(inode));
}

/* What a process has open, and where it stands, is its user's business (ptrace(2)). */
static bool may_follow(const struct inode *inode)
{
    return process_is_root() || current_process()->credentials.user.file == inode->uid;
}

static ssize_t proc_readlink(struct inode *inode, char *text)
{
    if (inode->operations->jump && !may_follow(inode))
        return -EACCES;
    return proc_inode(inode)->entry->readlink(proc_inode(inode), text);
}

static int proc_jump(struct inode *inode, struct inode **target)
{
    if (!may_follow(inode))
        return -EACCES;
    return proc_inode(inode)->entry->jump(proc_inode(inode), target);
}

/* --- directories ------------------------------------------------------------------------------ */

/* The number that name is in its only form, or -1. */
static int32_t parse_number(const struct name *name)
{
    int32_t number = 0;

    if (!name->length || name->length > 9 || (name->length > 1 && name->bytes[0] == '0'))
        return -1;
    for (uint32_t i = 0; i < name->length; i++) {
        if (name->bytes[i] < '0' || name->bytes[i] > '9')
            return -1;
        number = number * 10 + (name->bytes[i] - '0');
    }
    return number;
}

static int proc_lookup(struct inode *directory, const struct name *name, struct inode **found)
{
    const struct proc_inode *from = proc_inode(directory);
    const struct proc_numbers *numbers = from->entry->numbers;
    int32_t number = numbers ? parse_number(name) : -1;

    if (from->pid && !proc_process_of(from))
        return -ENOENT;
    if (number >= 0 && numbers->next(from, number) == number) {
        const struct proc_inode child = numbered_child(from, number);
        *found = make_inode(directory, &child);
        return *found ? 0 : -ENOMEM;
    }
    for (const struct proc_entry *child = from->entry->children; child && child->name; child++) {
        if (strlen(child->name) == name->length &&
            !memcmp(child->name, name->bytes, name->length)) {
            const struct proc_inode model = child_of(from, child);
            *found = make_inode(directory, &model);
            return *found ? 0 : -ENOMEM;
        }
    }
    return -ENOENT;
}

struct emission {
    readdir_emit emit;
    void *context;
    uint64_t *position;
};

static bool emit_entry(const struct emission *to, const struct proc_inode *seen, const char *text,
                       uint64_t next)
{
    const struct name name = name_make(text);

    if (!to->emit(to->context, &name, inode_number(seen), seen->entry->mode, next))
        return false;
    *to->position = next;
    return true;
}

static void emit_numbers(const struct emission *to, const struct proc_inode *directory)
{
    const struct proc_numbers *numbers = directory->entry->numbers;
    int32_t number = *to->position > FIRST_NUMBER ? (int32_t)(*to->position - FIRST_NUMBER) : 0;

    while ((number = numbers->next(directory, number)) >= 0) {
        const struct proc_inode seen = numbered_child(directory, number);
        char text[12];
        snprintf(text, sizeof(text), "%d", number);
        number++;
        if (!emit_entry(to, &seen, text, FIRST_NUMBER + (uint64_t)number))
            return;
    }
}

static void proc_readdir(struct inode *inode, uint64_t *position, readdir_emit emit, void *context)
{
    const struct proc_inode *directory = proc_inode(inode);
    const struct proc_entry *children = directory->entry->children;
    const struct emission to = {emit, context, position};
    uint32_t nr_children = 0;

    if (directory->pid && !proc_process_of(directory))
        return;
    while (children && children[nr_children].name)
        nr_children++;
    while (*position - FIRST_POSITION < nr_children) {
        const struct proc_entry *child = &children[*position - FIRST_POSITION];
        const struct proc_inode seen = child_of(directory, child);
        if (!emit_entry(&to, &seen, child->name, *position + 1))
            return;
    }
    if (directory->entry->numbers)
        emit_numbers(&to, directory);
}

/* A number's name is made anew where it is asked for: it is used before the next one is. */
static int proc_locate(struct inode *inode, struct inode **directory, struct name *name)
{
    static char digits[12];
    const struct proc_inode *self = proc_inode(inode);
    const char *text = self->entry->name;

    if (self->pid && !proc_process_of(self))
        return -ENOENT;
    if (!*text) {
        snprintf(digits, sizeof(digits), "%d",
                 proc_inode(inode->parent)->entry->numbers->get(self));
        text = digits;
    }
    *directory = inode->parent;
    *name = name_make(text);
    return 0;
}

/* --- files ------------------------------------------------------------------------------------ */

static int proc_open(struct file *file)
{
    file->object = text_create();
    return file->object ? 0 : -ENOMEM;
}

/* A reading from the start is a new look; one that goes on gets the rest of the same text. */
static int write_text(struct text *text, const struct proc_inode *inode, uint64_t position)
{
    if (text->complete && position)
        return 0;
    text_reset(text);
    int error = inode->entry->show(text, inode);
    if (!error)
        error = text->error;
    if (error)
        text_reset(text);
    text->complete = !error;
    return error;
}

static ssize_t proc_read(struct file *file, unsafe_bytes to, size_t size)
{
    int error = write_text(file->object, proc_inode(file->inode), file->position);
    if (error)
        return error;

    ssize_t result = text_read(file->object, file->position, to, size);
    if (result > 0)
        file->position += result;
    return result;
}

static ssize_t proc_read_at(struct file *file, void *to, size_t size, uint64_t offset)
{
    int error = write_text(file->object, proc_inode(file->inode), offset);

    return error ? error : (ssize_t)text_read_kernel(file->object, offset, to, size);
}

static void proc_close(struct file *file)
{
    text_free(file->object);
}

static const struct file_operations proc_file = {
    .open = proc_open,
    .read = proc_read,
    .read_at = proc_read_at,
    .seek = file_seek_sized,
    .release = proc_close,
};

static const struct inode_operations proc_operations = {
    .lookup = proc_lookup,
    .readdir = proc_readdir,
    .locate = proc_locate,
    .readlink = proc_readlink,
    .release = proc_release,
    .file = &proc_file,
};

static const struct inode_operations proc_jump_operations = {
    .locate = proc_locate,
    .readlink = proc_readlink,
    .jump = proc_jump,
    .release = proc_release,
};

/* --- the root --------------------------------------------------------------------------------- */

static int32_t next_process(const struct proc_inode *directory, int32_t number)
{
    struct process *process;
    int32_t next = -1;

    (void)directory;
    list_for_each(process, &process_list, all) {
        if (process->pid >= number && (next < 0 || process->pid < next))
            next = process->pid;
    }
    return next;
}

static void set_pid(struct proc_inode *inode, int32_t pid)
{
    inode->pid = pid;
}

static int32_t get_pid(const struct proc_inode *inode)
{
    return inode->pid;
}

static const struct proc_numbers processes = {&proc_process, next_process, set_pid, get_pid};

static const struct proc_entry root_entry = {
    .name = "",
    .mode = S_IFDIR | 0555,
    .children = proc_system_entries,
    .numbers = &processes,
};

void proc_init(void)
{
    const struct proc_inode model = {.entry = &root_entry};
    struct inode *root = make_inode(NULL, &model), *directory;
    struct walk walk;

    walk_begin_kernel(&walk, "/proc");
    if (!walk_to_new(&walk, true)) {
        if (inode_create(walk.at, &walk.last, S_IFDIR | 0555, 0, NULL, &directory))
            panic("cannot make /proc");
    } else if (walk_last(&walk, &directory)) {
        panic("cannot find /proc");
    }
    walk_end(&walk);
    if (!root || mount_add(directory, root))
        panic("cannot mount /proc");
    inode_put(directory);
}
