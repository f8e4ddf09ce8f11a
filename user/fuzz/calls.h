/* What kernel/syscalls.def says of each call, and what traits.def and differences.def add. */
#ifndef USER_FUZZ_CALLS_H
#define USER_FUZZ_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "user/lib/syscall.h"

enum kind {
    KIND_NONE,
    KIND_INT,
    KIND_UINT,
    KIND_HEX,
    KIND_OCTAL,
    KIND_FD,
    KIND_PID,
    KIND_SIGNAL,
    KIND_SIZE,
    KIND_ADDRESS,
    KIND_MAYBE,
    KIND_PATH, /* from here on pointers */
    KIND_STRINGS,
    KIND_IN_BYTES,
    KIND_OUT_BYTES,
    KIND_IN,
    KIND_OUT,
    KIND_INOUT,
    KIND_IN_VECTOR,
    KIND_OUT_VECTOR,
};

enum type {
    TYPE_none,
#define TYPE(name, size, contents) TYPE_##name,
#include "user/fuzz/types.def"
#undef TYPE
};

struct argument {
    const char *name;
    uint8_t kind;
    uint8_t detail; /* a type, or the number of the argument with the length */
};

struct call {
    const char *name;
    uint16_t number;
    struct argument arguments[6];
};

/* Traits of calls: bits. */
#define PURE         1    /* made twice, it gives the same and changes nothing */
#define MAKES_FD     2    /* its result is a descriptor */
#define MAPS         4    /* its result is a new mapping */
#define FORKS        8    /* its result is a child */
#define VOLATILE     16   /* what it tells changes by itself */
#define RESETS_MASK  32   /* may change the signal mask, which is put back */
#define RESETS_TIMER 64   /* may change the timer that ends sleeps, likewise */
#define RESETS_FLAGS 128  /* may change descriptors' flags, likewise */
#define LOCAL_RESULT 256  /* its result depends on the system: not compared with Linux */
#define LOCAL_BYTES  512  /* what it writes does */
#define SLEEPS       1024 /* may be interrupted by that timer */
#define DISCARDS     2048 /* may ignore that it cannot write its answer */
#define UNCOMPARED   8192 /* neither result nor bytes are compared with Linux */
#define UNTIMED \
    16384 /* moves less if a signal comes: of files, which do not sleep, it is kept back */
#define CHOOSES 4096 /* may ignore a pointer, depending on other arguments */

extern const struct call calls[];
extern const unsigned nr_calls;

/* The call of that number, or NULL. */
const struct call *call_find(unsigned number);

unsigned call_traits(const struct call *call);

/* Why the fuzzer does not make it, or NULL. */
const char *call_skipped(unsigned number);

/* Size in bytes of what a pointer argument points to; values are the call's arguments. UINT32_MAX
 * for what has no length of its own. */
uint32_t call_extent(const struct call *call, unsigned argument, const uint32_t *values);

/* Whether another argument counts what it points to. */
bool call_counts(const struct call *call, unsigned argument);

unsigned type_size(enum type type);

static inline int kind_is_pointer(int kind)
{
    return kind >= KIND_PATH;
}

static inline int kind_is_written(int kind)
{
    return kind == KIND_OUT || kind == KIND_INOUT || kind == KIND_OUT_BYTES;
}

static inline int kind_is_read(int kind)
{
    return kind == KIND_IN || kind == KIND_INOUT || kind == KIND_IN_BYTES;
}

#endif
