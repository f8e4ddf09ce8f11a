/* Names of kernel and gate functions, for backtraces. Any context. */
#ifndef KERNEL_SYMBOLS_H
#define KERNEL_SYMBOLS_H

#include "arch/i386/types.h"

/* The function that holds address and how far into it, or NULL. */
const char *symbol_name(uint32_t address, uint32_t *offset);

#endif
