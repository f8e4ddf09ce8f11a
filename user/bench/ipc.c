/* Short messages of four words to another process and back. Postern only. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "user/bench/bench.h"
#include "user/lib/ipc.h"
#include "user/lib/postern.h"
#include "user/lib/syscall.h"

/* A child that answers calls by the same door, until this process ends; both sides use ipc. */
static void call_server(struct call *call, enum postern_ipc ipc)
{
    int fds[2];

    postern_set(POSTERN_IPC, ipc);
    if (endpoint_create(fds, 0)) {
        postern_perror("bench: endpoint_create");
        exit(1);
    }
    if (fork() == 0) {
        close(fds[1]);
        ipc_echo(bench_door, fds[0]);
        _exit(0);
    }
    close(fds[0]);
    *call = (struct call){NR_ipc_call, {fds[1], 1, 2, 3, 4}};
}

static void direct(struct call *call)
{
    call_server(call, IPC_DIRECT);
}

static void kernel(struct call *call)
{
    call_server(call, IPC_KERNEL);
}

const struct bench bench_ipc[] = {
    {.name = "IpcRoundTrip", .prepare = direct, .postern_only = true},
    {.name = "IpcRoundTripKernel", .prepare = kernel, .postern_only = true},
    {.name = NULL},
};
