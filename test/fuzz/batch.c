/* The words of a batch: each call has one result at most, and sees only results that there are. */
#include "test/fuzz/fuzz.h"

#include "test/unit/names.h"

#include "test/fuzz/user_memory.h"

#include "kernel/batch.c"

#define RESULT 0x1234

syscall_handler syscall_handlers[NR_SYSCALLS];

static unsigned nr_run;

static long answer(struct trapframe *tf)
{
    (void)tf;
    nr_run++;
    return RESULT;
}

long syscall_other(const struct process *process, struct trapframe *tf)
{
    (void)process;
    fuzz_require(tf->vector == VECTOR_INT80 && tf->eax <= POSTERN_BATCH_NUMBER);
    nr_run++;
    return tf->ebx % 2 ? -EINVAL : RESULT;
}

static size_t nr_stored;

int copy_k2u(unsafe_bytes to, const void *from, size_t size)
{
    (void)to, (void)from;
    nr_stored = size / sizeof(int32_t);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct process process = {0};
    struct thread thread = {.process = &process, .nr_calls = NR_SYSCALLS};
    struct inner_entry entry = {
        .tf = {.ebx = USER_MEMORY, .ecx = size / sizeof(uint32_t), .edx = USER_MEMORY},
        .top = {.thread = &thread},
    };

    for (unsigned i = 0; i < NR_SYSCALLS; i++)
        syscall_handlers[i] = answer;
    user_bytes = data;
    user_size = size;
    nr_run = nr_stored = 0;
    long done = sys_postern_batch(&entry.tf);
    fuzz_require(done == -E2BIG || ((size_t)done == nr_stored && nr_run <= nr_stored &&
                                    nr_stored <= MAX(entry.tf.ecx, 1u)));
    return 0;
}
