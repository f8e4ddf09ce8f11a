#include "kernel/return.h"

#include "kernel/sched.h"

bool return_work(struct thread *thread, struct trapframe *tf)
{
    bool frame_kept = true, new_gate = false;

    while (thread->work) {
        uint32_t work = thread->work;
        thread->work = 0;
        if (work & WORK_STEP) {
            tf->eflags |= EFLAGS_TF;
            frame_kept = false; /* only iret can set TF and not be stepped itself */
        }
        if (work & WORK_EXEC)
            new_gate = true;
        if (work & WORK_FRAME)
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
    /* the address that we would return to belongs to the gate page that was mapped before */
    if (new_gate)
        gate_leave(tf);
    return frame_kept;
}
