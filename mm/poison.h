/*
 * The knob that makes uninitialised and freed kernel memory recognisable: heap objects and frames
 * are filled with one byte when they are handed out and when they come back, and the unused part of
 * the kernel stack at each system call. A kernel byte that reaches user mode by mistake is then
 * that byte, and a pointer in a freed object is an address that no kernel directory maps.
 */
#ifndef MM_POISON_H
#define MM_POISON_H

#include "arch/i386/types.h"
#include "kernel/string.h"
#include "trampoline/layout.h"

#define POISON_DEFAULT 0xa5

/* What memory is filled with; 0: off. */
extern uint8_t poison_byte;

/* Fills memory whose contents mean nothing; costs a test while the knob is off. */
static inline void poison(void *memory, size_t size)
{
    if (unlikely(poison_byte))
        memset(memory, poison_byte, size);
}

/* Fills what lies below the caller's frame on its kernel stack. In one instruction: a function that
 * is called would lie there itself. Interrupts may come, they leave nothing there that counts. */
static inline __attribute__((always_inline)) void poison_stack(void)
{
    uint32_t esp, words;
    void *bottom;

    __asm__ volatile("movl %%esp, %0" : "=r"(esp));
    bottom = (void *)ROUND_DOWN(esp, KSTACK_SIZE);
    words = esp % KSTACK_SIZE / 4;
    __asm__ volatile("rep stosl"
                     : "+D"(bottom), "+c"(words)
                     : "a"(poison_byte * 0x01010101u)
                     : "memory");
}

#endif
