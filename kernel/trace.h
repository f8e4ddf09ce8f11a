/* trace=syscalls: one line for each call, with its name, decoded arguments and result. */
#ifndef KERNEL_TRACE_H
#define KERNEL_TRACE_H

#include "kernel/syscall.h"

/* Runs handler on tf and prints what it was asked and gave. Thread context. */
long trace_call(struct trapframe *tf, syscall_handler handler);

#endif
