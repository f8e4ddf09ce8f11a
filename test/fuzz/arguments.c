/* What execve reads of user memory: a vector of strings, then the first line of a script. */
#include "test/fuzz/fuzz.h"

#include "test/unit/names.h"

#include "test/fuzz/kernel_heap.h"
#include "test/fuzz/user_memory.h"

#include "kernel/arguments.c"
#include "kernel/script.c"

int space_write(struct space *space, vaddr_t address, const void *bytes, size_t size)
{
    (void)space, (void)address, (void)bytes, (void)size;
    return 0;
}

/* As many strings as were counted, and nothing behind the last. */
static void check_strings(const struct arguments *arguments, uint32_t count)
{
    uint32_t offset = 0;

    for (uint32_t i = 0; i < count; i++) {
        fuzz_require(offset < arguments->size);
        offset += arguments_length(arguments, offset);
    }
    fuzz_require(offset == arguments->size);
}

static void try_script(const struct arguments *arguments, const uint8_t *data, size_t size)
{
    struct script script;
    size_t length = MIN(size, (size_t)SCRIPT_LINE);
    int error;

    memcpy(script.line, data, length);
    if (script_parse(&script, length))
        return;
    fuzz_require(*script.interpreter && !strpbrk(script.interpreter, " \t\n"));
    struct arguments *result = script_arguments(&script, "script", arguments, &error);
    if (!result)
        return;
    check_strings(result, result->argc + 1 + result->envc);
    arguments_free(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arguments *arguments = arguments_create();
    uint32_t count;

    user_bytes = data;
    user_size = size;
    arguments_add(arguments, "name");
    int error = arguments_add_vector(arguments, (unsafe_strings){.address = USER_MEMORY}, &count);
    arguments->argc = count;
    fuzz_require(!error || error == -EFAULT || error == -E2BIG);
    if (!error) {
        check_strings(arguments, count + 1);
        if (count)
            try_script(arguments, data, size);
    }
    arguments_free(arguments);
    return 0;
}
