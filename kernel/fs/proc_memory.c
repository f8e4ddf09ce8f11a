/* The memory of a process, as its directory in /proc shows it. */
#include "kernel/fs/proc.h"
#include "kernel/string.h"
#include "mm/heap.h"
#include "mm/space.h"

int proc_show_statm(struct text *text, const struct proc_inode *inode)
{
    const struct thread *thread = proc_thread_of(inode);
    struct space_usage usage = {0};

    if (!proc_process_of(inode))
        return -ESRCH;
    if (thread && thread->space)
        usage = space_usage(thread->space);
    text_print(text, "%u %u %u %u 0 %u 0\n", usage.mapped, usage.resident, usage.shared, usage.text,
               usage.data + usage.stack);
    return 0;
}

/* --- regions ---------------------------------------------------------------------------------- */

#define NAME_COLUMN 49 /* where the name begins, as on an i386 Linux */

/* One row; a region without a name ends behind its numbers. */
static void show_row(struct text *text, const struct region *region, const char *name)
{
    const struct inode *inode = region->file ? region->file->inode : NULL;
    uint32_t start = text->length;

    text_print(text, "%08x-%08x %c%c%c%c %08x 00:%02x %u ", region->start, region->end,
               region->flags & REGION_READ ? 'r' : '-', region->flags & REGION_WRITE ? 'w' : '-',
               region->flags & REGION_EXEC ? 'x' : '-', region->flags & REGION_SHARED ? 's' : 'p',
               region->file ? region->page * PAGE_SIZE : 0, inode ? inode->filesystem->device : 0,
               inode ? inode->number : 0);
    if (*name)
        text_pad(text, start, NAME_COLUMN);
    text_string(text, name);
    text_string(text, "\n");
}

/* The name, perhaps in path[PATH_MAX]. */
static const char *region_name(const struct region *region, char *path)
{
    if (region->file)
        return region->file->inode && proc_path(region->file->inode, path) > 0 ? path : "";
    return region->flags & REGION_HEAP ? "[heap]" : region->flags & REGION_STACK ? "[stack]" : "";
}

/* The page of the vDSO is no region: every directory has it. */
static const struct region vdso = {
    .start = GATE_VDSO,
    .end = GATE_VDSO + PAGE_SIZE,
    .flags = REGION_READ | REGION_EXEC,
};

int proc_show_maps(struct text *text, const struct proc_inode *inode)
{
    const struct thread *thread = proc_thread_of(inode);
    struct region *region;
    char *path = heap_alloc(PATH_MAX);

    if (!path)
        return -ENOMEM;
    if (thread && thread->space) {
        space_for_each_region(region, thread->space) {
            show_row(text, region, region_name(region, path));
        }
        show_row(text, &vdso, "[vdso]");
    }
    heap_free(path);
    return proc_process_of(inode) ? 0 : -ESRCH;
}

/* --- what exec left on the stack -------------------------------------------------------------- */

/* What cannot be read any more, since the program unmapped it, is left out. */
static int show_strings(struct text *text, const struct proc_inode *inode, vaddr_t start,
                        vaddr_t end)
{
    const struct thread *thread = proc_thread_of(inode);
    char chunk[128];

    while (thread && thread->space && start < end) {
        size_t part = MIN((size_t)(end - start), sizeof(chunk));
        if (space_read(thread->space, start, chunk, part))
            break;
        text_bytes(text, chunk, part);
        start += part;
    }
    return 0;
}

int proc_show_cmdline(struct text *text, const struct proc_inode *inode)
{
    const struct process *process = proc_process_of(inode);

    if (!process)
        return -ESRCH;
    return show_strings(text, inode, process->strings.arguments, process->strings.environment);
}

int proc_show_environ(struct text *text, const struct proc_inode *inode)
{
    const struct process *process = proc_process_of(inode);

    if (!process)
        return -ESRCH;
    return show_strings(text, inode, process->strings.environment, process->strings.end);
}
