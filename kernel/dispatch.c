/*
 * The dispatcher: one table, filled from kernel/syscalls.def. It cannot tell which door a call came
 * through.
 */
#include "arch/i386/asm.h"
#include "kernel/ipc_direct.h"
#include "kernel/process.h"
#include "kernel/return.h"
#include "kernel/syscall.h"
#include "kernel/trace.h"
#include "mm/poison.h"
#include "mm/unsafe.h"

#define SYSCALL(number, name, ...) long sys_##name(struct trapframe *tf);
#include "kernel/syscalls.def"
#undef SYSCALL

/* Every number is sys_ni_syscall() until the list says otherwise. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
syscall_handler syscall_handlers[NR_SYSCALLS] = {
    [0 ... NR_SYSCALLS - 1] = sys_ni_syscall,
#define SYSCALL(number, name, ...) [number] = sys_##name,
#include "kernel/syscalls.def"
#undef SYSCALL
};
#pragma GCC diagnostic pop

long sys_ni_syscall(struct trapframe *tf)
{
    (void)tf;
    return -ENOSYS;
}

int syscall_register(uint32_t number, syscall_handler expected, syscall_handler handler)
{
    if (number >= NR_SYSCALLS)
        return -EINVAL;

    uint32_t flags = interrupts_save();
    int error = 0;
    if (syscall_handlers[number] == (expected ? expected : sys_ni_syscall))
        syscall_handlers[number] = handler ? handler : sys_ni_syscall;
    else
        error = -EBUSY;
    interrupts_restore(flags);
    return error;
}

/*
 * sysenter cannot bring ebp: it brings the user's ESP in it. syscall brings the second argument in
 * it. Both left ebp on the user's stack, last pushed (trampoline/vdso.S).
 */
int syscall_argument6(const struct trapframe *tf, uint32_t *value)
{
    if (tf->vector == VECTOR_SYSENTER || tf->vector == VECTOR_SYSCALL)
        return unsafe_peek32(value, (unsafe_bytes){.address = tf->esp});
    *value = tf->ebp;
    return 0;
}

/* A number without a call, or a thread whose limit is 0: its process is watched, or the gate page
 * has switched to it. */
__attribute__((noinline)) long syscall_other(const struct process *process, struct trapframe *tf)
{
    struct thread *thread = thread_of(tf);
    uint32_t number = tf->eax;
    syscall_handler handler = number < NR_SYSCALLS ? syscall_handlers[number] : sys_ni_syscall;

    if (thread->state != THREAD_RUNNABLE)
        direct_settle(thread);
    if (process->watch & WATCH_POISON)
        poison_stack();
    return process->watch & WATCH_TRACE ? trace_call(tf, handler) : handler(tf);
}

/*
 * Every call passes here, so no register is saved: after the handler the trapframe is found again
 * where it was, right above the return address. One comparison tells the calls that exist from
 * those that do not and from those that somebody watches, and one those with nothing left to do
 * from the others: return_to_user().
 */
__attribute__((naked)) void syscall_dispatch(struct trapframe *tf __attribute__((unused)))
{
    __asm__ volatile("movl %c[number](%%eax), %%edx\n\t"
                     "movl %c[thread](%%eax), %%ecx\n\t"
                     "cmpl %c[nr_calls](%%ecx), %%edx\n\t"
                     "jae 2f\n\t"
                     "call *syscall_handlers(,%%edx,4)\n"
                     "1:\tmovl %%eax, 4+%c[number](%%esp)\n\t"
                     "cli\n\t"
                     "movl 4+%c[thread](%%esp), %%eax\n\t"
                     "cmpl $0, %c[work](%%eax)\n\t"
                     "jne 3f\n\t"
                     "ret\n"
                     "2:\tmovl %%eax, %%edx\n\t"
                     "movl %c[process](%%ecx), %%eax\n\t"
                     "call syscall_other\n\t"
                     "jmp 1b\n"
                     "3:\tleal 4(%%esp), %%edx\n\t"
                     "jmp return_work"
                     :
                     : [number] "i"(TF_EAX), [thread] "i"(TF_THREAD),
                       [nr_calls] "i"(offsetof(struct thread, nr_calls)),
                       [process] "i"(offsetof(struct thread, process)),
                       [work] "i"(offsetof(struct thread, work)));
}
