#include "kernel/return.h"

#include "kernel/resident.h"
#include "kernel/sched.h"

void return_work(struct thread *thread, struct trapframe *tf)
{
    bool frame_kept = true;

    while (thread->work) {
        uint32_t work = thread->work;
        thread->work = 0;
        if (work & WORK_STEP) {
            tf->eflags |= EFLAGS_TF;
            resident_update(thread);
            frame_kept = false; /* only iret can set TF and not be stepped itself */
        }
        /* after an exec, the address that the dispatcher would return to belongs to the gate page
         * that was mapped before */
        if (work & (WORK_EXEC | WORK_FRAME))
            frame_kept = false;
        if (work & (WORK_SIGNAL | WORK_MASK)) {
            interrupts_enable();
            signal_deliver(thread, tf);
            interrupts_disable();
            frame_kept = false;
        }
        if (work & WORK_RESCHEDULE)
            sched_switch();
    }
    if (!frame_kept) {
        tf->eflags |= EFLAGS_IF; /* sysenter and syscall cleared it */
        gate_leave(tf);
    }
}
