#include "user/bench/ipc.h"

#include <unistd.h>

#include "user/lib/ipc.h"
#include "user/lib/postern.h"
#include "user/lib/syscall.h"

int ipc_server_start(enum postern_door door, enum postern_ipc ipc)
{
    int fds[2];

    postern_set(POSTERN_IPC, ipc);
    if (endpoint_create(fds, 0))
        return -1;
    if (fork() == 0) {
        close(fds[1]);
        ipc_echo(syscall_stub(door), fds[0]);
        _exit(0);
    }
    close(fds[0]);
    return fds[1];
}
