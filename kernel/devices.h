/* Character devices: a table of names, numbers and operations. */
#ifndef KERNEL_DEVICES_H
#define KERNEL_DEVICES_H

#include "kernel/file.h"

struct device {
    const char *path; /* of its node; NULL ends the table */
    uint8_t major, minor;
    const struct file_operations *operations;
};

extern const struct device devices[];

/* As stat(2) encodes it, minors below 256. */
static inline uint32_t device_number(const struct device *device)
{
    return device->major << 8 | device->minor;
}

/* What a node of that number opens; NULL: there is no such device. */
const struct file_operations *device_operations(uint32_t number);

/* kernel/memory_devices.c */
extern const struct file_operations null_operations, zero_operations, full_operations,
    random_operations, kmsg_operations;

#endif
