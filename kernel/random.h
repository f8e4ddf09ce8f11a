/* Bytes that differ from boot to boot where the machine has a running clock. Not for cryptography.
 */
#ifndef KERNEL_RANDOM_H
#define KERNEL_RANDOM_H

#include "arch/i386/types.h"

void random_bytes(void *bytes, size_t size);

#endif
