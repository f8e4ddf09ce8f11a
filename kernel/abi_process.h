/* Linux's i386 constants and structures of processes: clone(2), wait(2), futex(2). */
#ifndef KERNEL_ABI_PROCESS_H
#define KERNEL_ABI_PROCESS_H

#include "kernel/abi.h"

/* clone(2); the low byte is the signal that the parent gets at the child's end */
#define CLONE_SIGNAL         0x000000ffu
#define CLONE_VM             0x00000100u
#define CLONE_FS             0x00000200u
#define CLONE_FILES          0x00000400u
#define CLONE_SIGHAND        0x00000800u
#define CLONE_PIDFD          0x00001000u
#define CLONE_VFORK          0x00004000u
#define CLONE_PARENT         0x00008000u
#define CLONE_THREAD         0x00010000u
#define CLONE_SYSVSEM        0x00040000u
#define CLONE_SETTLS         0x00080000u
#define CLONE_PARENT_SETTID  0x00100000u
#define CLONE_CHILD_CLEARTID 0x00200000u
#define CLONE_DETACHED       0x00400000u
#define CLONE_CHILD_SETTID   0x01000000u
/* namespaces, which are not offered */
#define CLONE_NEW 0x7e020080u

/* wait4(2), waitid(2) */
#define WNOHANG     0x00000001u
#define WSTOPPED    0x00000002u
#define WUNTRACED   WSTOPPED
#define WEXITED     0x00000004u
#define WCONTINUED  0x00000008u
#define WNOWAIT     0x01000000u
#define __WNOTHREAD 0x20000000u
#define __WALL      0x40000000u
#define __WCLONE    0x80000000u
#define P_ALL       0
#define P_PID       1
#define P_PGID      2
#define P_PIDFD     3

/* futex(2) */
#define FUTEX_WAIT           0
#define FUTEX_WAKE           1
#define FUTEX_REQUEUE        3
#define FUTEX_CMP_REQUEUE    4
#define FUTEX_WAKE_OP        5
#define FUTEX_WAIT_BITSET    9
#define FUTEX_WAKE_BITSET    10
#define FUTEX_PRIVATE        128u
#define FUTEX_CLOCK_REALTIME 256u
#define FUTEX_BITSET_ANY     0xffffffffu

/* a robust futex's word */
#define FUTEX_WAITERS    0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK   0x3fffffffu

struct robust_list_head {
    vaddr_t first;
    int32_t futex_offset;
    vaddr_t pending;
};

UNSAFE_POINTER(robust_list_head, struct robust_list_head);

#endif
