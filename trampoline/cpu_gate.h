/*
 * The words in each CPU's page of the gate region that the gate page itself reads and writes. They
 * lie at CPU_WORDS, right above the entry stack, so an empty entry stack's ESP is their address.
 * Offsets for GAS, the struct for C, held together by assertions.
 */
#ifndef TRAMPOLINE_CPU_GATE_H
#define TRAMPOLINE_CPU_GATE_H

#include "arch/i386/segments.h"
#include "trampoline/layout.h"

#define CPU_KERNEL_CR3  0
#define CPU_USER_CR3    4
#define CPU_KSTACK      8
#define CPU_USER_ESP    12
#define CPU_USER_EIP    16
#define CPU_CR3_WRITES  20
#define CPU_INT80       24
#define CPU_SYSENTER    28
#define CPU_SYSCALL     32
#define CPU_CALLGATE    36
#define CPU_LIMIT       40
#define CPU_ANSWERED    44
#define CPU_SPLIT       24 /* added to CPU_INT80 to CPU_CALLGATE: split's entries */
#define CPU_SLOT        64
#define CPU_USER_EFLAGS 68

/* The main TSS's CR3 field and the first TLS descriptor, from the words. */
#define CPU_TSS_CR3 (CPU_TSS - CPU_WORDS + 28)
#define CPU_TLS     (CPU_GDT - CPU_WORDS + GDT_TLS_MIN * 8)

#if CPU_RESIDENT + 4 * RESIDENT_CALLS > CPU_BUFFER
#error the answers reach into the buffer
#endif
#if CPU_BUFFER + CPU_BUFFER_SIZE + 0x400 > CPU_WORDS
#error the buffer leaves the entry stack less than 1 KiB
#endif

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct cpu_gate {
    uint32_t kernel_cr3; /* the kernel directory, what every split entry loads */
    uint32_t user_cr3;   /* the running process's directory, what every split exit loads */
    uint32_t kstack;     /* the running thread's struct stack_top: an empty kernel stack */
    uint32_t user_esp;   /* scratch of the syscall door, which arrives on the user's ESP */
    uint32_t user_eip;   /* scratch of sysret */
    uint32_t cr3_writes; /* by the gate page, both ways, but for split's entries by a door; wraps */
    /* int80, sysenter, syscall, callgate, in the order of enum door; shared's; wrap */
    uint32_t entries[4];
    uint32_t resident_limit;   /* numbers below it are looked up: RESIDENT_CALLS, or 0 */
    uint32_t answered;         /* calls that never came to the kernel; wraps */
    uint32_t split_entries[4]; /* two CR3 writes each; wrap */
    struct slot *slot;    /* of the running thread, if it may send and reply directly; or NULL */
    uint32_t user_eflags; /* scratch of the sysenter door, for calls that might be such messages */
};

_Static_assert(offsetof(struct cpu_gate, user_cr3) == CPU_USER_CR3, "cpu_gate: user_cr3");
_Static_assert(offsetof(struct cpu_gate, kstack) == CPU_KSTACK, "cpu_gate: kstack");
_Static_assert(offsetof(struct cpu_gate, user_eip) == CPU_USER_EIP, "cpu_gate: user_eip");
_Static_assert(offsetof(struct cpu_gate, cr3_writes) == CPU_CR3_WRITES, "cpu_gate: cr3_writes");
_Static_assert(offsetof(struct cpu_gate, entries) == CPU_INT80, "cpu_gate: entries");
_Static_assert(offsetof(struct cpu_gate, slot) == CPU_SLOT, "cpu_gate: slot");
_Static_assert(offsetof(struct cpu_gate, user_eflags) == CPU_USER_EFLAGS, "cpu_gate: user_eflags");
_Static_assert(offsetof(struct cpu_gate, resident_limit) == CPU_LIMIT, "cpu_gate: resident_limit");
_Static_assert(offsetof(struct cpu_gate, answered) == CPU_ANSWERED, "cpu_gate: answered");
_Static_assert(offsetof(struct cpu_gate, split_entries) == CPU_INT80 + CPU_SPLIT,
               "cpu_gate: split_entries");
_Static_assert(CPU_WORDS + sizeof(struct cpu_gate) <= CPU_TSS, "cpu_gate: words reach the TSS");
#endif

#endif
