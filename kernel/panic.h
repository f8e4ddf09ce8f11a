/*
 * The end: for broken invariants of the kernel only, never for what a user program did.
 *
 * Any context. Prints the reason, the registers, CR2 and CR3 and a backtrace with symbols, then
 * powers off with PANIC_STATUS, so that whoever runs the machine sees that it failed.
 */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

#include "arch/i386/trapframe.h"
#include "arch/i386/types.h"

#define PANIC_STATUS 101

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a trap: tf's registers and a backtrace from there; cr3 as it was then. */
_Noreturn void panic_frame(const struct trapframe *tf, uint32_t cr3, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
