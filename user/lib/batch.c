#include <stdarg.h>

#include "user/lib/postern.h"
#include "user/lib/syscall.h"

int postern_batch_add(struct postern_batch *batch, uint32_t flags, uint32_t number,
                      unsigned nr_arguments, ...)
{
    va_list arguments;

    if (nr_arguments >= POSTERN_BATCH_WORDS - batch->nr_words)
        return -1;
    batch->words[batch->nr_words++] = flags | nr_arguments << POSTERN_BATCH_COUNT_SHIFT | number;
    va_start(arguments, nr_arguments);
    for (unsigned i = 0; i < nr_arguments; i++)
        batch->words[batch->nr_words++] = va_arg(arguments, long);
    va_end(arguments);
    return batch->count++;
}

int postern_batch_run(struct postern_batch *batch)
{
    return syscall_result(syscall_via(DOOR_INT80, NR_postern_batch, (long)batch->words,
                                      batch->nr_words, (long)batch->results, 0, 0, 0));
}
