/*
 * UBSan's handlers: what GCC calls where -fsanitize=undefined finds behaviour that C does not
 * define. Each is the end of the kernel. Only in kernels that are built with FLAVOUR=ubsan.
 *
 * A handler's first argument describes the place and begins with where it is in the source; of the
 * others a value of up to a word is itself, and a larger one an address.
 */
#include "arch/i386/types.h"
#include "kernel/panic.h"

struct source_location {
    const char *file;
    uint32_t line, column;
};

static _Noreturn void report(const struct source_location *at, const char *kind, uint32_t a,
                             uint32_t b)
{
    panic("UBSan: %s:%u:%u: %s (%#x, %#x)", at->file, at->line, at->column, kind, a, b);
}

#define HANDLER(name, kind)                                                               \
    void __ubsan_handle_##name(const struct source_location *at, uint32_t a, uint32_t b); \
    void __ubsan_handle_##name(const struct source_location *at, uint32_t a, uint32_t b)  \
    {                                                                                     \
        report(at, kind, a, b);                                                           \
    }

#define HANDLER_OF_ONE(name, kind)                                            \
    void __ubsan_handle_##name(const struct source_location *at, uint32_t a); \
    void __ubsan_handle_##name(const struct source_location *at, uint32_t a)  \
    {                                                                         \
        report(at, kind, a, 0);                                               \
    }

#define HANDLER_OF_NONE(name, kind)                               \
    void __ubsan_handle_##name(const struct source_location *at); \
    void __ubsan_handle_##name(const struct source_location *at)  \
    {                                                             \
        report(at, kind, 0, 0);                                   \
    }

HANDLER(add_overflow, "signed overflow of an addition")
HANDLER(sub_overflow, "signed overflow of a subtraction")
HANDLER(mul_overflow, "signed overflow of a multiplication")
HANDLER(divrem_overflow, "overflow of a division")
HANDLER(shift_out_of_bounds, "shift by too much, or of too much")
HANDLER(pointer_overflow, "pointer arithmetic wraps")
HANDLER_OF_ONE(negate_overflow, "signed overflow of a negation")
HANDLER_OF_ONE(out_of_bounds, "index out of bounds")
HANDLER_OF_ONE(vla_bound_not_positive, "array of no size")
HANDLER_OF_ONE(load_invalid_value, "value that its type does not have")
HANDLER_OF_NONE(builtin_unreachable, "unreachable code")
HANDLER_OF_NONE(missing_return, "function without its result")
HANDLER_OF_NONE(invalid_builtin, "zero for a builtin that takes none")
HANDLER_OF_NONE(nonnull_arg, "null pointer for an argument that may be none")

struct type_mismatch {
    struct source_location at;
    const void *type;
    uint8_t log_alignment, kind;
};

void __ubsan_handle_type_mismatch_v1(const struct type_mismatch *data, vaddr_t pointer);
void __ubsan_handle_type_mismatch_v1(const struct type_mismatch *data, vaddr_t pointer)
{
    uint32_t alignment = 1u << data->log_alignment;

    report(&data->at,
           !pointer              ? "null pointer"
           : pointer % alignment ? "misaligned pointer"
                                 : "pointer to an object that is too small",
           pointer, alignment);
}

/* Says the place apart: data has the attribute's. */
void __ubsan_handle_nonnull_return_v1(const void *data, const struct source_location *at);
void __ubsan_handle_nonnull_return_v1(const void *data, const struct source_location *at)
{
    (void)data;
    report(at, "null pointer for a result that may be none", 0, 0);
}
