/*
 * Who a process acts as (credentials(7)): user and group in their real, effective, saved and file
 * system forms, and supplementary groups. fork copies them. Effective user 0 may do everything:
 * there are no capabilities apart from that.
 */
#ifndef KERNEL_CREDENTIALS_H
#define KERNEL_CREDENTIALS_H

#include "arch/i386/types.h"

#define GROUPS_MAX 32

/* The four forms of one id. */
struct identity {
    uint32_t real, effective, saved, file;
};

struct credentials {
    struct identity user, group;
    uint32_t nr_groups;
    uint32_t groups[GROUPS_MAX];
};

/* True if the calling process may do what only the superuser may. */
bool process_is_root(void);

/* True if the calling process acts as a member of group. */
bool process_in_group(uint32_t group);

#endif
