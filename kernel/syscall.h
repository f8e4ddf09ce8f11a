/*
 * How system calls are written and found.
 *
 *     SYSCALL_DEFINE3(read, int, fd, unsafe_bytes, buffer, size_t, count)
 *     {
 *         ...
 *         return result;      a value, or -Exxx
 *     }
 *
 * defines the handler of the call that kernel/syscalls.def lists under that name. Argument types of
 * up to 32 bits, integers or unsafe pointers, are taken from ebx, ecx, edx, esi, edi, and the sixth
 * from ebp or, where a door needs ebp, from the user's stack.
 */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include "arch/i386/trapframe.h"
#include "arch/i386/types.h"
#include "kernel/abi.h"
#include "kernel/errno.h"

#define NR_SYSCALLS 1088 /* numbers below it may have a call */

typedef long (*syscall_handler)(struct trapframe *tf);

/*
 * Puts handler at a number at run time, in place of the one that is there or of none; NULL takes it
 * away. -EINVAL for a number out of range, -EBUSY if expected is not what is there now.
 */
int syscall_register(uint32_t number, syscall_handler expected, syscall_handler handler);

/* By number, each with a handler. */
extern syscall_handler syscall_handlers[NR_SYSCALLS];

/* The call whose number is in tf->eax, whether or not it exists; whoever watches process sees it.
 */
struct process;
long syscall_other(const struct process *process, struct trapframe *tf);

/* What numbers without a call get: -ENOSYS. */
long sys_ni_syscall(struct trapframe *tf);

/* The sixth argument of the call that tf carries. 0, or -EFAULT if its place on the user's stack
 * cannot be read. */
int syscall_argument6(const struct trapframe *tf, uint32_t *value);

/* A register as an argument: the low bytes of an integer, or an unsafe pointer. */
#define SYSCALL_ARGUMENT(type, raw) \
    (((union {                      \
         uint32_t raw_;             \
         type argument_;            \
     }){.raw_ = (raw)})             \
         .argument_)

/* The body sees the trapframe as tf, which names its thread for one load (thread_of()). */
#define SYSCALL_BODY(name, parameters, ...)  \
    static inline long do_##name parameters; \
    long sys_##name(struct trapframe *tf);   \
    long sys_##name(struct trapframe *tf)    \
    {                                        \
        return do_##name(__VA_ARGS__);       \
    }                                        \
    static inline long do_##name parameters

#define SYSCALL_TF            struct trapframe *tf __attribute__((unused))

#define SYSCALL_DEFINE0(name) SYSCALL_BODY(name, (SYSCALL_TF), tf)
#define SYSCALL_DEFINE1(name, t1, a1) \
    SYSCALL_BODY(name, (SYSCALL_TF, t1 a1), tf, SYSCALL_ARGUMENT(t1, tf->ebx))
#define SYSCALL_DEFINE2(name, t1, a1, t2, a2)                                         \
    SYSCALL_BODY(name, (SYSCALL_TF, t1 a1, t2 a2), tf, SYSCALL_ARGUMENT(t1, tf->ebx), \
                 SYSCALL_ARGUMENT(t2, tf->ecx))
#define SYSCALL_DEFINE3(name, t1, a1, t2, a2, t3, a3)                                        \
    SYSCALL_BODY(name, (SYSCALL_TF, t1 a1, t2 a2, t3 a3), tf, SYSCALL_ARGUMENT(t1, tf->ebx), \
                 SYSCALL_ARGUMENT(t2, tf->ecx), SYSCALL_ARGUMENT(t3, tf->edx))
#define SYSCALL_DEFINE4(name, t1, a1, t2, a2, t3, a3, t4, a4)                  \
    SYSCALL_BODY(name, (SYSCALL_TF, t1 a1, t2 a2, t3 a3, t4 a4), tf,           \
                 SYSCALL_ARGUMENT(t1, tf->ebx), SYSCALL_ARGUMENT(t2, tf->ecx), \
                 SYSCALL_ARGUMENT(t3, tf->edx), SYSCALL_ARGUMENT(t4, tf->esi))
#define SYSCALL_DEFINE5(name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5)          \
    SYSCALL_BODY(name, (SYSCALL_TF, t1 a1, t2 a2, t3 a3, t4 a4, t5 a5), tf,    \
                 SYSCALL_ARGUMENT(t1, tf->ebx), SYSCALL_ARGUMENT(t2, tf->ecx), \
                 SYSCALL_ARGUMENT(t3, tf->edx), SYSCALL_ARGUMENT(t4, tf->esi), \
                 SYSCALL_ARGUMENT(t5, tf->edi))
#define SYSCALL_DEFINE6(name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6)              \
    static inline long do_##name(SYSCALL_TF, t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6);    \
    long sys_##name(struct trapframe *tf);                                                 \
    long sys_##name(struct trapframe *tf)                                                  \
    {                                                                                      \
        uint32_t sixth;                                                                    \
        if (syscall_argument6(tf, &sixth))                                                 \
            return -EFAULT;                                                                \
        return do_##name(tf, SYSCALL_ARGUMENT(t1, tf->ebx), SYSCALL_ARGUMENT(t2, tf->ecx), \
                         SYSCALL_ARGUMENT(t3, tf->edx), SYSCALL_ARGUMENT(t4, tf->esi),     \
                         SYSCALL_ARGUMENT(t5, tf->edi), SYSCALL_ARGUMENT(t6, sixth));      \
    }                                                                                      \
    static inline long do_##name(SYSCALL_TF, t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6)

#endif
