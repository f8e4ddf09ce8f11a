/*
 * Resource limits (getrlimit(2)): two numbers for each resource, the process's own, inherited by
 * fork. Who provides the resource asks limit_of().
 */
#ifndef KERNEL_LIMITS_H
#define KERNEL_LIMITS_H

#include "arch/i386/types.h"

#define RLIMIT_CPU        0
#define RLIMIT_FSIZE      1
#define RLIMIT_DATA       2
#define RLIMIT_STACK      3
#define RLIMIT_CORE       4
#define RLIMIT_RSS        5
#define RLIMIT_NPROC      6
#define RLIMIT_NOFILE     7
#define RLIMIT_MEMLOCK    8
#define RLIMIT_AS         9
#define RLIMIT_LOCKS      10
#define RLIMIT_SIGPENDING 11
#define RLIMIT_MSGQUEUE   12
#define RLIMIT_NICE       13
#define RLIMIT_RTPRIO     14
#define RLIMIT_RTTIME     15
#define NR_LIMITS         16

#define LIMIT_INFINITY    UINT64_MAX

struct limit {
    uint64_t current, maximum; /* as prlimit64 has them */
};

struct limits {
    struct limit of[NR_LIMITS];
};

struct process;

/* What init starts with. */
extern const struct limits limits_default;

/* The limit that holds: the current one. */
uint64_t limit_of(const struct process *process, unsigned resource);

/* RLIMIT_STACK in bytes, as a space keeps it. */
uint32_t limit_of_stack(const struct process *process);

#endif
