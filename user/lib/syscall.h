/*
 * System calls from user mode, without a C library between: the textbook's _syscallN stubs, and one
 * function that goes through a door of the caller's choice.
 *
 *     static _syscall0(int, getppid)               defines  int getppid(void)
 *     syscall_via(DOOR_CALLGATE, NR_read, 0, (long)buffer, 1, 0, 0, 0)
 *
 * Numbers come from kernel/syscalls.def: NR_read, NR_write, ...
 */
#ifndef USER_LIB_SYSCALL_H
#define USER_LIB_SYSCALL_H

#include <errno.h>

#include "kernel/postern_abi.h"
#include "trampoline/layout.h"

enum {
#define SYSCALL(number, name, ...) NR_##name = number,
#include "kernel/syscalls.def"
#undef SYSCALL
};

/* The raw result: a value, or -errno. Every door takes six arguments and keeps every register. */
long syscall_via(enum postern_door door, long number, long a, long b, long c, long d, long e,
                 long f);

/* The function that enters by door, for those who load the registers themselves. */
void (*syscall_stub(int door))(void);

/* The same by number alone, through int $0x80, which every i386 system has. */
static inline long syscall_raw(long number, long a, long b, long c)
{
    return syscall_via(DOOR_INT80, number, a, b, c, 0, 0, 0);
}

/* Sets errno as a C library does. */
static inline long syscall_result(long result)
{
    if (result < 0 && result > -4096) {
        errno = -result;
        return -1;
    }
    return result;
}

#define _syscall0(type, name)                                                              \
    type name(void)                                                                        \
    {                                                                                      \
        return (type)syscall_result(syscall_via(DOOR_INT80, NR_##name, 0, 0, 0, 0, 0, 0)); \
    }
#define _syscall1(type, name, t1, a1)                                                             \
    type name(t1 a1)                                                                              \
    {                                                                                             \
        return (type)syscall_result(syscall_via(DOOR_INT80, NR_##name, (long)a1, 0, 0, 0, 0, 0)); \
    }
#define _syscall2(type, name, t1, a1, t2, a2)                                    \
    type name(t1 a1, t2 a2)                                                      \
    {                                                                            \
        return (type)syscall_result(                                             \
            syscall_via(DOOR_INT80, NR_##name, (long)a1, (long)a2, 0, 0, 0, 0)); \
    }
#define _syscall3(type, name, t1, a1, t2, a2, t3, a3)                                   \
    type name(t1 a1, t2 a2, t3 a3)                                                      \
    {                                                                                   \
        return (type)syscall_result(                                                    \
            syscall_via(DOOR_INT80, NR_##name, (long)a1, (long)a2, (long)a3, 0, 0, 0)); \
    }
#define _syscall4(type, name, t1, a1, t2, a2, t3, a3, t4, a4)                                  \
    type name(t1 a1, t2 a2, t3 a3, t4 a4)                                                      \
    {                                                                                          \
        return (type)syscall_result(                                                           \
            syscall_via(DOOR_INT80, NR_##name, (long)a1, (long)a2, (long)a3, (long)a4, 0, 0)); \
    }
#define _syscall5(type, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5)                      \
    type name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5)                                           \
    {                                                                                      \
        return (type)syscall_result(syscall_via(DOOR_INT80, NR_##name, (long)a1, (long)a2, \
                                                (long)a3, (long)a4, (long)a5, 0));         \
    }
#define _syscall6(type, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6)              \
    type name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6)                                    \
    {                                                                                      \
        return (type)syscall_result(syscall_via(DOOR_INT80, NR_##name, (long)a1, (long)a2, \
                                                (long)a3, (long)a4, (long)a5, (long)a6));  \
    }

#endif
