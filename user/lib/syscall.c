#include "user/lib/syscall.h"

#include "arch/i386/segments.h"

/*
 * long enter(entry, arguments): loads eax ebx ecx edx esi edi ebp from arguments[0..6] and calls
 * entry, with every register of the C caller kept. One body for all doors: they differ in what is
 * called.
 */
long syscall_enter(void (*entry)(void), const long *arguments);
__asm__("\t.text\n"
        "\t.globl syscall_enter\n"
        "syscall_enter:\n"
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
        "\tmovl 24(%ebp), %ebp\n"
        "\tcall *20(%esp)\n"
        "\tpopl %ebp\n"
        "\tpopl %edi\n"
        "\tpopl %esi\n"
        "\tpopl %ebx\n"
        "\tret\n");

/* Two doors need no help from the vDSO; int $0x80 also works where there is no such page. */
void syscall_int80(void);
void syscall_callgate(void);
__asm__("\t.text\n"
        "syscall_int80:\n"
        "\tint $0x80\n"
        "\tret\n"
        "syscall_callgate:\n"
        "\tlcall $0x53, $0\n"
        "\tret\n");

_Static_assert(SELECTOR_CALLGATE == 0x53, "the selector that stands in the instruction above");

void (*syscall_stub(int door))(void)
{
    switch (door) {
    case DOOR_SYSENTER:
        return (void (*)(void))VSYSCALL_SYSENTER;
    case DOOR_SYSCALL:
        return (void (*)(void))VSYSCALL_SYSCALL;
    case DOOR_CALLGATE:
        return syscall_callgate;
    default:
        return syscall_int80;
    }
}

long syscall_via(enum postern_door door, long number, long a, long b, long c, long d, long e,
                 long f)
{
    const long arguments[] = {number, a, b, c, d, e, f};

    return syscall_enter(syscall_stub(door), arguments);
}
