/*
 * Batches: many calls by one entry (kernel/postern_abi.h has the format and what a program sees).
 *
 * The words are fetched once, before the first call runs, so nothing that another thread does to
 * them meanwhile counts. The handlers get a trapframe of the batch's own: the one on top of the
 * stack stays as the entry pushed it, and what must look at that one, or change it, is refused.
 */
#include "arch/i386/segments.h"
#include "kernel/postern_abi.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "mm/unsafe.h"

enum {
#define SYSCALL(number, name, ...) NR_##name = number,
#include "kernel/syscalls.def"
#undef SYSCALL
};

/* What a call in a batch is, besides the errno of one that may not be there. */
enum {
    ANY = 0,
    PLAIN = 255, /* no arguments, and neither sleeps nor sends signals */
};

static const uint8_t kinds[NR_SYSCALLS] = {
    [NR_getpid] = PLAIN,
    [NR_getppid] = PLAIN,
    [NR_gettid] = PLAIN,
    [NR_getuid32] = PLAIN,
    [NR_geteuid32] = PLAIN,
    [NR_getgid32] = PLAIN,
    [NR_getegid32] = PLAIN,
    [NR_getpgrp] = PLAIN,
    /* they leave by the trapframe of the entry */
    [NR_sigreturn] = EINVAL,
    [NR_rt_sigreturn] = EINVAL,
    [NR_execve] = EINVAL,
    /* the child would return from the batch */
    [NR_fork] = EINVAL,
    [NR_vfork] = EINVAL,
    [NR_clone] = EINVAL,
    /* the results would have no reader */
    [NR_exit] = EINVAL,
    [NR_exit_group] = EINVAL,
    /* it goes on with a call that was interrupted, and the batch ended with it */
    [NR_restart_syscall] = EINVAL,
    /* their words are in the registers of the entry; ipc_message's are not */
    [NR_ipc_send] = EINVAL,
    [NR_ipc_receive] = EINVAL,
    [NR_ipc_call] = EINVAL,
    [NR_ipc_reply] = EINVAL,
    [NR_ipc_reply_and_wait] = EINVAL,
    [NR_postern_batch] = ELOOP,
};

/* The errno of a call that may not be in a batch, or 0. */
static int refusal(uint32_t number)
{
    return number < NR_SYSCALLS && kinds[number] != PLAIN ? kinds[number] : 0;
}

/* After a call that leaves this to do the batch ends: signals are not kept waiting. */
#define WORK_ENDS (WORK_SIGNAL | WORK_MASK | WORK_EXEC | WORK_FRAME)

/* No header: what stands behind the last word. */
#define END POSTERN_BATCH_RESERVED

/* The entry that a handler sees, with as much of the stack's top as thread_of() needs. */
struct inner_entry {
    struct trapframe tf;
    struct stack_top top;
};

/* A result takes the place of a word that was used: each call has at least one. */
struct batch {
    uint32_t *next, *end, *result;
    uint32_t words[POSTERN_BATCH_WORDS + 1];
};

static bool is_error(long result)
{
    return (unsigned long)result > -4096ul;
}

/* The value of argument number index of the call with this header; false: a result that there is
 * not yet. */
static bool take_argument(struct batch *batch, uint32_t header, unsigned index, uint32_t *value)
{
    *value = *batch->next++;
    if (!(header & POSTERN_BATCH_RESULT(index)))
        return true;
    if (*value >= (size_t)(batch->result - batch->words))
        return false;
    *value = batch->words[*value];
    return true;
}

/* Loads what belongs to header, the next words, into tf. */
static bool load_call(struct batch *batch, uint32_t header, struct trapframe *tf)
{
    uint32_t *const registers[] = {&tf->ebx, &tf->ecx, &tf->edx, &tf->esi, &tf->edi, &tf->ebp};
    unsigned count = header >> POSTERN_BATCH_COUNT_SHIFT & 7;

    tf->ebx = tf->ecx = tf->edx = tf->esi = tf->edi = tf->ebp = 0;
    tf->vector = VECTOR_INT80; /* the sixth argument is in ebp */
    if (header & POSTERN_BATCH_RESERVED || count > ARRAY_SIZE(registers) ||
        count > (size_t)(batch->end - batch->next))
        return false;
    for (unsigned i = 0; i < count; i++) {
        if (!take_argument(batch, header, i, registers[i]))
            return false;
    }
    tf->eax = header & POSTERN_BATCH_NUMBER;
    return true;
}

/* A batch is not restarted: a call that was interrupted says so, and is the last. */
static uint32_t end_restart(int32_t result)
{
    return result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK ? -EINTR : result;
}

/* A call that has arguments or options, or that somebody watches, or that does not exist. False:
 * it is the last one. */
static __attribute__((noinline)) bool run_call(struct batch *batch, struct thread *thread,
                                               struct trapframe *tf)
{
    uint32_t header = *batch->next++;
    bool good = load_call(batch, header, tf);
    long result = -EINVAL;

    if (good)
        result = refusal(tf->eax) ? -refusal(tf->eax) : syscall_other(thread->process, tf);
    *batch->result++ = end_restart(result);
    return good && !(header & POSTERN_BATCH_STOP && is_error(result)) &&
           !(thread->work & WORK_ENDS);
}

/*
 * Headers that are the number of a plain call, and nothing more: anything more is a larger number.
 * It is one word and one result, so the distance between the two stays. Nobody looks for signals
 * here: these calls are shorter than an entry.
 */
static void run_plain_calls(struct batch *batch, struct thread *thread, struct trapframe *tf)
{
    uint32_t *next = batch->next;
    ptrdiff_t to_result = batch->result - next;

    while (*next < thread->nr_calls && kinds[*next] == PLAIN) {
        next[to_result] = syscall_handlers[*next](tf);
        next++;
    }
    batch->next = next;
    batch->result = next + to_result;
}

static void run_calls(struct batch *batch, struct thread *thread)
{
    struct inner_entry entry;

    entry.top.thread = thread;
    do {
        run_plain_calls(batch, thread, &entry.tf);
    } while (batch->next < batch->end && run_call(batch, thread, &entry.tf));
}

SYSCALL_DEFINE3(postern_batch, unsafe_u32, words, size_t, nr_words, unsafe_int, results)
{
    struct batch batch;

    if (nr_words > POSTERN_BATCH_WORDS)
        return -E2BIG;
    if (copy_u2k(batch.words, unsafe_as_bytes(words), nr_words * sizeof(uint32_t)))
        return -EFAULT;
    batch.next = batch.result = batch.words;
    batch.end = batch.words + nr_words;
    *batch.end = END;
    run_calls(&batch, thread_of(tf));

    size_t done = batch.result - batch.words;
    if (copy_k2u(unsafe_as_bytes(results), batch.words, done * sizeof(int32_t)))
        return -EFAULT;
    return done;
}
