/* Character devices: a table of names, numbers and operations. */
#ifndef KERNEL_DEVICES_H
#define KERNEL_DEVICES_H

#include "kernel/file.h"

struct device {
    const char *path; /* as a node of the namespace; NULL ends the table */
    uint8_t major, minor;
    const struct file_operations *operations;
};

extern const struct device devices[];

static inline uint64_t device_number(const struct device *device)
{
    return (uint64_t)device->major << 8 | device->minor;
}

/* What fstat64 says of a device's node. */
void namespace_stat_device(const struct device *device, struct stat64 *stat);

/* Lets console readers sleep and be woken. Once, at boot. */
void devices_init(void);

#endif
