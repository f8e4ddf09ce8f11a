#include "kernel/restart.h"

#include "kernel/process.h"
#include "kernel/syscall.h"

long restart_later(const struct restart *record)
{
    current_thread()->restart = *record;
    return -ERESTART_RESTARTBLOCK;
}

SYSCALL_DEFINE0(restart_syscall)
{
    struct restart record = current_thread()->restart;

    current_thread()->restart.go_on = NULL;
    return record.go_on ? record.go_on(&record) : -EINTR;
}
