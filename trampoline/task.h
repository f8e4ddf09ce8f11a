/*
 * The tasks behind task gates: #DF always; #DB, NMI and #MC where the syscall door is open.
 *
 * With syscall open, ring 3 can be at a landing with its own ESP, where an interrupt gate would
 * push onto an address of the user's choice with supervisor rights. A task gate brings its own
 * stack. The CPU saves everything but CR3 in the outgoing TSS; the gate page keeps that field
 * right.
 */
#ifndef TRAMPOLINE_TASK_H
#define TRAMPOLINE_TASK_H

#include "arch/i386/types.h"

/* Fills the tasks' TSSs and descriptors of CPU n; returns nothing that can fail. */
void task_init(unsigned n);

#endif
