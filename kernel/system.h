/* What the system calls itself, and how it is doing. Thread context. */
#ifndef KERNEL_SYSTEM_H
#define KERNEL_SYSTEM_H

#include "kernel/abi.h"

#define SYSTEM_NAME    "Postern"
#define SYSTEM_RELEASE "6.1.0-postern"
#define SYSTEM_VERSION "#1"
#define SYSTEM_MACHINE "i686"

#define HOST_NAME_MAX  64

/* The names that root may change, terminated. */
extern char system_node[HOST_NAME_MAX + 1], system_domain[HOST_NAME_MAX + 1];

#endif
