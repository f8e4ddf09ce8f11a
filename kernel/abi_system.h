/* Linux's i386 structures and constants of the calls about the system and its resources. */
#ifndef KERNEL_ABI_SYSTEM_H
#define KERNEL_ABI_SYSTEM_H

#include "kernel/abi.h"
#include "kernel/limits.h"

/* getrlimit(2) and ugetrlimit(2): infinity is all ones, or without the highest bit in the older
 * one; prlimit64's is struct limit. */
struct rlimit {
    uint32_t current, maximum;
};
_Static_assert(sizeof(struct rlimit) == 8, "rlimit: size");
_Static_assert(sizeof(struct limit) == 16, "rlimit64: size");
#define RLIM_INFINITY     0xffffffffu
#define RLIM_INFINITY_OLD 0x7fffffffu

/* sysinfo(2) */
struct sysinfo {
    int32_t uptime;
    uint32_t loads[3]; /* times 2^16 */
    uint32_t total_ram, free_ram, shared_ram, buffer_ram, total_swap, free_swap;
    uint16_t processes, padding;
    uint32_t total_high, free_high, unit;
    char reserved[8];
};
_Static_assert(sizeof(struct sysinfo) == 64, "sysinfo: size");

/* sched(7) */
struct sched_param {
    int32_t priority;
};
#define SCHED_OTHER         0
#define SCHED_FIFO          1
#define SCHED_RR            2
#define SCHED_BATCH         3
#define SCHED_IDLE          5
#define SCHED_RESET_ON_FORK 0x40000000

/* capget(2) */
struct cap_header {
    uint32_t version;
    int32_t pid;
};
struct cap_data {
    uint32_t effective, permitted, inheritable;
};
#define CAP_VERSION_1 0x19980330 /* one struct cap_data; the others take two */
#define CAP_VERSION_2 0x20071026
#define CAP_VERSION_3 0x20080522
#define CAP_LAST      40

UNSAFE_POINTER(rlimit, struct rlimit);
UNSAFE_POINTER(limit, struct limit);
UNSAFE_POINTER(sysinfo, struct sysinfo);
UNSAFE_POINTER(sched_param, struct sched_param);
UNSAFE_POINTER(cap_header, struct cap_header);

/* reboot(2) */
#define REBOOT_MAGIC1    0xfee1dead
#define REBOOT_MAGIC2    672274793
#define REBOOT_MAGIC2A   85072278
#define REBOOT_MAGIC2B   369367448
#define REBOOT_MAGIC2C   537993216
#define REBOOT_RESTART   0x01234567
#define REBOOT_RESTART2  0xa1b2c3d4
#define REBOOT_HALT      0xcdef0123
#define REBOOT_POWER_OFF 0x4321fedc
#define REBOOT_CAD_ON    0x89abcdef
#define REBOOT_CAD_OFF   0

/* prctl(2) */
#define PR_SET_PDEATHSIG    1
#define PR_GET_PDEATHSIG    2
#define PR_GET_DUMPABLE     3
#define PR_SET_DUMPABLE     4
#define PR_GET_KEEPCAPS     7
#define PR_SET_KEEPCAPS     8
#define PR_GET_TIMING       13
#define PR_SET_NAME         15
#define PR_GET_NAME         16
#define PR_GET_SECCOMP      21
#define PR_CAPBSET_READ     23
#define PR_GET_TSC          25
#define PR_TSC_ENABLE       1
#define PR_SET_NO_NEW_PRIVS 38
#define PR_GET_NO_NEW_PRIVS 39
#define PR_GET_TID_ADDRESS  40

/* getpriority(2) */
#define PRIO_PROCESS 0
#define PRIO_PGRP    1
#define PRIO_USER    2

/* syslog(2) */
enum syslog_action {
    SYSLOG_CLOSE,
    SYSLOG_OPEN,
    SYSLOG_READ,
    SYSLOG_READ_ALL,
    SYSLOG_READ_CLEAR,
    SYSLOG_CLEAR,
    SYSLOG_CONSOLE_OFF,
    SYSLOG_CONSOLE_ON,
    SYSLOG_CONSOLE_LEVEL,
    SYSLOG_SIZE_UNREAD,
    SYSLOG_SIZE_BUFFER,
};

/* getrandom(2) */
#define GRND_NONBLOCK 1
#define GRND_RANDOM   2
#define GRND_INSECURE 4

#endif
