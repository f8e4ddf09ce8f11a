/*
 * Short messages (kernel/postern_abi.h says what the calls mean), by the door of one's choice:
 * ipc_door, int $0x80 at first. The words go in and come out of the caller's array, which an error
 * leaves alone. Each returns a value or -1 with errno.
 */
#ifndef USER_LIB_IPC_H
#define USER_LIB_IPC_H

#include "kernel/postern_abi.h"

extern enum postern_door ipc_door;

int endpoint_create(int fds[2], int flags);

int ipc_send(int fd, const uint32_t words[POSTERN_IPC_WORDS]);
int ipc_receive(int fd, uint32_t words[POSTERN_IPC_WORDS]);
int ipc_call(int fd, uint32_t words[POSTERN_IPC_WORDS]);
int ipc_reply(int fd, const uint32_t words[POSTERN_IPC_WORDS]);
int ipc_reply_and_wait(int fd, uint32_t words[POSTERN_IPC_WORDS]);

int ipc_message(enum postern_ipc_op op, int fd, struct postern_message *message);

/* A server at its shortest, by the door of entry (syscall_stub()): each call gets its own words
 * back, which stay in their registers. Returns on an error. */
void ipc_echo(void (*entry)(void), int fd);

/* The registers that a short form uses, and a call with all of them through a door's stub. */
struct ipc_registers {
    uint32_t eax, ebx, ecx, edx, esi, edi;
};
void ipc_enter(void (*entry)(void), struct ipc_registers *registers);

#endif
