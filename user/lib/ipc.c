#include "user/lib/ipc.h"

#include <string.h>

#include "user/lib/syscall.h"

enum postern_door ipc_door = DOOR_INT80;

/* ipc_enter(entry, registers): a message comes back in registers that a C function may not change,
 * and in two that a door's stub restores after any other call. */
__asm__("\t.text\n"
        "\t.globl ipc_enter\n"
        "ipc_enter:\n"
        "\tpushl %ebx\n"
        "\tpushl %esi\n"
        "\tpushl %edi\n"
        "\tpushl %ebp\n"
        "\tmovl 24(%esp), %ebp\n"
        "\tmovl (%ebp), %eax\n"
        "\tmovl 4(%ebp), %ebx\n"
        "\tmovl 8(%ebp), %ecx\n"
        "\tmovl 12(%ebp), %edx\n"
        "\tmovl 16(%ebp), %esi\n"
        "\tmovl 20(%ebp), %edi\n"
        "\tcall *20(%esp)\n"
        "\tmovl %eax, (%ebp)\n"
        "\tmovl %ebx, 4(%ebp)\n"
        "\tmovl %ecx, 8(%ebp)\n"
        "\tmovl %edx, 12(%ebp)\n"
        "\tmovl %esi, 16(%ebp)\n"
        "\tmovl %edi, 20(%ebp)\n"
        "\tpopl %ebp\n"
        "\tpopl %edi\n"
        "\tpopl %esi\n"
        "\tpopl %ebx\n"
        "\tret\n");

/* echo(entry, fd, receive, reply_and_wait) */
void echo(void (*entry)(void), int fd, long receive, long reply_and_wait);
__asm__("\t.text\n"
        "echo:\n"
        "\tpushl %ebx\n"
        "\tpushl %esi\n"
        "\tpushl %edi\n"
        "\tmovl 20(%esp), %ebx\n"
        "\tmovl 24(%esp), %eax\n"
        "1:\tcall *16(%esp)\n"
        "\ttestl %eax, %eax\n"
        "\tmovl 28(%esp), %eax\n"
        "\tjns 1b\n"
        "\tpopl %edi\n"
        "\tpopl %esi\n"
        "\tpopl %ebx\n"
        "\tret\n");

void ipc_echo(void (*entry)(void), int fd)
{
    echo(entry, fd, NR_ipc_receive, NR_ipc_reply_and_wait);
}

static int short_form(long number, int fd, const uint32_t *in, uint32_t *out)
{
    struct ipc_registers r = {.eax = number, .ebx = fd};

    if (in)
        memcpy(&r.ecx, in, POSTERN_IPC_WORDS * sizeof(*in));
    ipc_enter(syscall_stub(ipc_door), &r);
    if ((int)r.eax >= 0 && out)
        memcpy(out, &r.ecx, POSTERN_IPC_WORDS * sizeof(*out));
    return syscall_result((int)r.eax);
}

int endpoint_create(int fds[2], int flags)
{
    return syscall_result(syscall_via(ipc_door, NR_endpoint_create, (long)fds, flags, 0, 0, 0, 0));
}

int ipc_send(int fd, const uint32_t words[POSTERN_IPC_WORDS])
{
    return short_form(NR_ipc_send, fd, words, NULL);
}

int ipc_receive(int fd, uint32_t words[POSTERN_IPC_WORDS])
{
    return short_form(NR_ipc_receive, fd, NULL, words);
}

int ipc_call(int fd, uint32_t words[POSTERN_IPC_WORDS])
{
    return short_form(NR_ipc_call, fd, words, words);
}

int ipc_reply(int fd, const uint32_t words[POSTERN_IPC_WORDS])
{
    return short_form(NR_ipc_reply, fd, words, NULL);
}

int ipc_reply_and_wait(int fd, uint32_t words[POSTERN_IPC_WORDS])
{
    return short_form(NR_ipc_reply_and_wait, fd, words, words);
}

int ipc_message(enum postern_ipc_op op, int fd, struct postern_message *message)
{
    return syscall_result(syscall_via(ipc_door, NR_ipc_message, op, fd, (long)message, 0, 0, 0));
}
