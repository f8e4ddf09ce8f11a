/*
 * What changes when the CPU goes from one thread to another: the stack, the registers that the
 * trapframe does not hold, the words of the gate, and the directory where it must.
 *
 * Which directory is loaded while a thread is in the kernel: the kernel's for kernel threads and
 * ISOLATION_SPLIT, the process's own for ISOLATION_SHARED.
 */
#ifndef ARCH_I386_SWITCH_H
#define ARCH_I386_SWITCH_H

#include "kernel/process.h"
#include "mm/space.h"

/* Saves what previous needs and runs next; returns when previous runs again. Interrupts off. */
void switch_thread(struct thread *previous, struct thread *next);

/* Enters space for the running thread, which had another one or none (exec). Interrupts off. */
void switch_space(struct space *space);

/* Which variant of the gate page is mapped now. */
enum gate_variant switch_gate_variant(void);

/* True if this space's directory is in CR3: entries that change in it need an invlpg. */
bool space_is_loaded(const struct space *space);

/* Forgets every translation of space that this CPU may hold, after a change to many entries. */
void space_flush(const struct space *space);

/* Puts the running thread's TLS descriptors into the GDT. Interrupts off. */
void switch_tls(const struct thread *thread);

/* The user's fs and gs as they are in the CPU now. */
static inline uint32_t read_fs(void)
{
    uint32_t value = 0;
    __asm__ volatile("movw %%fs, %w0" : "+r"(value));
    return value;
}

static inline uint32_t read_gs(void)
{
    uint32_t value = 0;
    __asm__ volatile("movw %%gs, %w0" : "+r"(value));
    return value;
}

/* Loads fs and gs; a selector that cannot be loaded becomes null. */
void load_fs_gs(uint32_t fs, uint32_t gs);

#endif
