/*
 * The trapframe: what every entry leaves on the thread's kernel stack, whichever door or vector it
 * came through. Laid out once, for C and GAS.
 *
 *      0  edi esi ebp (pusha's esp) ebx edx ecx eax      pusha
 *     32  es ds
 *     40  vector    0-255 as in the IDT; 256 and up: a door that has no vector
 *     44  error     the hardware's error code; for a system call the number that was called
 *     48  eip cs eflags
 *     60  esp ss    only if the trap came from ring 3 (SDM 3A 6.12.1)
 *     68  the top of the thread's kernel stack (struct stack_top)
 *
 * fs and gs are not here: the kernel never uses them, so they stay the user's in the CPU and are
 * saved and loaded by the thread switch alone.
 */
#ifndef ARCH_I386_TRAPFRAME_H
#define ARCH_I386_TRAPFRAME_H

#define TF_EDI    0
#define TF_ESI    4
#define TF_EBP    8
#define TF_EBX    16
#define TF_EDX    20
#define TF_ECX    24
#define TF_EAX    28
#define TF_ES     32
#define TF_DS     36
#define TF_VECTOR 40
#define TF_ERROR  44
#define TF_EIP    48
#define TF_CS     52
#define TF_EFLAGS 56
#define TF_ESP    60
#define TF_SS     64
#define TF_SIZE   68

/* struct stack_top, seen from the trapframe below it */
#define TF_CPU          68
#define TF_THREAD       72
#define TF_EXIT_FRAME   76

#define VECTOR_DB       1
#define VECTOR_NMI      2
#define VECTOR_BP       3
#define VECTOR_OF       4
#define VECTOR_BR       5
#define VECTOR_UD       6
#define VECTOR_NM       7
#define VECTOR_DF       8
#define VECTOR_TS       10
#define VECTOR_NP       11
#define VECTOR_SS       12
#define VECTOR_GP       13
#define VECTOR_PF       14
#define VECTOR_MF       16
#define VECTOR_AC       17
#define VECTOR_MC       18
#define VECTOR_XM       19
#define VECTOR_IRQ      32 /* the PICs' sixteen lines */
#define VECTOR_UNKNOWN  255
#define VECTOR_INT80    0x80
#define VECTOR_SYSENTER 256
#define VECTOR_SYSCALL  257
#define VECTOR_CALLGATE 258

#define EFLAGS_FIXED    0x00000002 /* bit 1 always reads as one */
#define EFLAGS_CF       0x00000001
#define EFLAGS_TF       0x00000100
#define EFLAGS_IF       0x00000200
#define EFLAGS_DF       0x00000400
#define EFLAGS_IOPL     0x00003000
#define EFLAGS_NT       0x00004000
#define EFLAGS_RF       0x00010000
#define EFLAGS_VM       0x00020000
#define EFLAGS_AC       0x00040000

#ifndef __ASSEMBLER__
#include <stdint.h>
#include <stddef.h>
#include <stdbool.h>

#define IRET_WORDS 5 /* that iret to ring 3 pops: eip cs eflags esp ss */

struct trapframe {
    uint32_t edi, esi, ebp, unused_esp, ebx, edx, ecx, eax;
    uint32_t es, ds;
    uint32_t vector;
    uint32_t error;
    uint32_t eip, cs, eflags;
    uint32_t esp, ss; /* valid only if trapframe_from_user() */
};

_Static_assert(offsetof(struct trapframe, eax) == TF_EAX, "trapframe: eax");
_Static_assert(offsetof(struct trapframe, vector) == TF_VECTOR, "trapframe: vector");
_Static_assert(offsetof(struct trapframe, eip) == TF_EIP, "trapframe: eip");
_Static_assert(offsetof(struct trapframe, ss) == TF_SS, "trapframe: ss");
_Static_assert(sizeof(struct trapframe) == TF_SIZE, "trapframe: size");

/* Some CPUs leave garbage above a pushed selector, so only its low bits count (SDM 3A 6.14). */
static inline bool trapframe_from_user(const struct trapframe *tf)
{
    return (tf->cs & 3) == 3;
}
#endif

#endif
