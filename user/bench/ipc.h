/* The partner of the benchmarks of short messages. */
#ifndef USER_BENCH_IPC_H
#define USER_BENCH_IPC_H

#include "kernel/postern_abi.h"

/* A child that answers calls by door, and ends with the last descriptor for calling it, which is
 * the result. Both sides use ipc from now on. Negative: this is not Postern. */
int ipc_server_start(enum postern_door door, enum postern_ipc ipc);

#endif
