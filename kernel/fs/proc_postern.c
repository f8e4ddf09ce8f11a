/*
 * /proc/postern: what isolation costs and exposes, for people and scripts. One fact a line, the
 * name in front.
 */
#include "kernel/counters.h"
#include "kernel/exposure.h"
#include "kernel/fs/proc.h"
#include "kernel/knobs.h"
#include "kernel/sweep.h"
#include "mm/space.h"
#include "trampoline/gate.h"

static const char *const door_names[NR_DOORS] = {"int80", "sysenter", "syscall", "callgate"};

static const char *isolation_name(enum postern_isolation isolation)
{
    return isolation == ISOLATION_SPLIT ? "split" : "shared";
}

/* As postern_counters(2) gives them. */
static int show_counters(struct text *text, const struct proc_inode *inode)
{
    struct postern_counters now = counters_read();

    (void)inode;
    text_print(text, "cr3_writes %u\n", now.cr3_writes);
    for (unsigned door = 0; door < NR_DOORS; door++)
        text_print(text, "entries_%s %u\n", door_names[door], now.entries[door]);
    text_print(text, "answered %u\n", now.answered);
    text_print(text, "exceptions %u\ninterrupts %u\npage_faults %u\n", now.exceptions,
               now.interrupts, now.page_faults);
    text_print(text, "copies_from_user %u\ncopies_to_user %u\ncontext_switches %u\n",
               now.copies_from_user, now.copies_to_user, now.context_switches);
    return 0;
}

static const char *const copy_names[NR_COPIES] = {
    [COPY_WALK] = "walk",
    [COPY_DIRECT] = "direct",
    [COPY_WINDOW] = "window",
    [COPY_BOUNCE] = "bounce",
};

/* Of the process that reads. */
static int show_isolation(struct text *text, const struct proc_inode *inode)
{
    const struct space *space = current_thread()->space;

    (void)inode;
    text_print(text, "isolation %s\nisolation_next %s\ncopy %s\n", isolation_name(space->isolation),
               isolation_name(current_process()->isolation_next), copy_names[space->copy]);
    return 0;
}

/* Each door: whether the CPU has it, and which one AT_SYSINFO names after the reader's next exec.
 */
static int show_doors(struct text *text, const struct proc_inode *inode)
{
    int next = current_process()->door_next;

    (void)inode;
    if (next == DOOR_AUTO)
        next = gate_default_door;
    for (int door = 0; door < NR_DOORS; door++)
        text_print(text, "%s %s%s\n", door_names[door],
                   gate_doors & (1u << door) ? "present" : "absent", door == next ? " next" : "");
    return 0;
}

static int show_knobs(struct text *text, const struct proc_inode *inode)
{
    char line[160];

    (void)inode;
    knobs_describe(line, sizeof(line));
    text_print(text, "%s\n", line);
    return 0;
}

/* The supervisor ranges of the reader's user directory: addresses, bytes, whether they are writable
 * and global, and what they hold. */
static int show_exposure(struct text *text, const struct proc_inode *inode)
{
    struct exposure_walk walk = exposure_begin(current_thread()->space->directory);
    struct postern_exposure row;

    (void)inode;
    while (exposure_next(&walk, &row))
        text_print(text, "%08x-%08x %10u r%c%c %s\n", row.start, row.end, row.end - row.start,
                   row.flags & EXPOSURE_WRITABLE ? 'w' : '-',
                   row.flags & EXPOSURE_GLOBAL ? 'g' : '-', row.what);
    return 0;
}

/* Where in the gate page interrupts and NMIs have struck; empty unless booted with sweep=on. */
static int show_sweep(struct text *text, const struct proc_inode *inode)
{
    (void)inode;
    sweep_show(text);
    return 0;
}

const struct proc_entry proc_postern_entries[] = {
    PROC_FILE("counters", show_counters),
    PROC_FILE("doors", show_doors),
    PROC_FILE("exposure", show_exposure),
    PROC_FILE("isolation", show_isolation),
    PROC_FILE("knobs", show_knobs),
    PROC_FILE("sweep", show_sweep),
    {.name = NULL},
};
