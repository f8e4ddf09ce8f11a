/* What kernel/syscalls.def says of each call's arguments, for the tests that must have them all. */
#ifndef TEST_GUEST_DESCRIBED_H
#define TEST_GUEST_DESCRIBED_H

enum kind {
    KIND_NONE,
    KIND_NUMBER,
    KIND_FD,
    KIND_POINTER, /* which the kernel reads through */
    KIND_OUT,     /* which it writes through */
    KIND_MAYBE,   /* a pointer or a number */
};

#define INT(x)           KIND_NUMBER
#define UINT(x)          KIND_NUMBER
#define HEX(x)           KIND_NUMBER
#define OCTAL(x)         KIND_NUMBER
#define PID(x)           KIND_NUMBER
#define SIGNAL(x)        KIND_NUMBER
#define SIZE(x)          KIND_NUMBER
#define ADDRESS(x)       KIND_NUMBER
#define FD(x)            KIND_FD
#define PATH(x)          KIND_POINTER
#define STRINGS(x)       KIND_POINTER
#define IN_BYTES(x, n)   KIND_POINTER
#define OUT_BYTES(x, n)  KIND_OUT
#define IN(x, type)      KIND_POINTER
#define OUT(x, type)     KIND_OUT
#define INOUT(x, type)   KIND_POINTER
#define IN_VECTOR(x, n)  KIND_POINTER
#define OUT_VECTOR(x, n) KIND_POINTER
#define MAYBE(x)         KIND_MAYBE

static const struct {
    const char *name;
    int number;
    unsigned char kinds[6];
} described[] = {
#define SYSCALL(number, name, ...) {#name, number, {__VA_ARGS__}},
#include "kernel/syscalls.def"
#undef SYSCALL
};

#undef INT
#undef UINT
#undef HEX
#undef OCTAL
#undef PID
#undef SIGNAL
#undef SIZE
#undef ADDRESS
#undef FD
#undef PATH
#undef STRINGS
#undef IN_BYTES
#undef OUT_BYTES
#undef IN
#undef OUT
#undef INOUT
#undef IN_VECTOR
#undef OUT_VECTOR
#undef MAYBE

#endif
