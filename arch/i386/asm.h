/* Single instructions that C cannot express, one function each. */
#ifndef ARCH_I386_ASM_H
#define ARCH_I386_ASM_H

#include "arch/i386/trapframe.h"
#include "arch/i386/types.h"

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %w1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %w1" : : "a"(value), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %w1" : : "a"(value), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port));
}

static inline uint32_t read_cr0(void)
{
    uint32_t value;
    __asm__ volatile("movl %%cr0, %0" : "=r"(value));
    return value;
}

static inline void write_cr0(uint32_t value)
{
    __asm__ volatile("movl %0, %%cr0" : : "r"(value) : "memory");
}

static inline uint32_t read_cr2(void)
{
    uint32_t value;
    __asm__ volatile("movl %%cr2, %0" : "=r"(value));
    return value;
}

static inline uint32_t read_cr3(void)
{
    uint32_t value;
    __asm__ volatile("movl %%cr3, %0" : "=r"(value));
    return value;
}

static inline void write_cr3(uint32_t value)
{
    __asm__ volatile("movl %0, %%cr3" : : "r"(value) : "memory");
}

static inline uint32_t read_cr4(void)
{
    uint32_t value;
    __asm__ volatile("movl %%cr4, %0" : "=r"(value));
    return value;
}

static inline void write_cr4(uint32_t value)
{
    __asm__ volatile("movl %0, %%cr4" : : "r"(value) : "memory");
}

static inline uint32_t read_dr6(void)
{
    uint32_t value;
    __asm__ volatile("movl %%dr6, %0" : "=r"(value));
    return value;
}

static inline void write_dr6(uint32_t value)
{
    __asm__ volatile("movl %0, %%dr6" : : "r"(value));
}

static inline void invlpg(vaddr_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void write_msr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

static inline uint64_t read_msr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return ((uint64_t)high << 32) | low;
}

/* Cycles since reset, where there is a counter (cpu.tsc); instructions in an icount run. */
static inline uint64_t read_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return ((uint64_t)high << 32) | low;
}

static inline uint32_t read_eflags(void)
{
    uint32_t value;
    __asm__ volatile("pushfl; popl %0" : "=r"(value));
    return value;
}

static inline void interrupts_disable(void)
{
    __asm__ volatile("cli" : : : "memory");
}

static inline void interrupts_enable(void)
{
    __asm__ volatile("sti" : : : "memory");
}

/* Disables interrupts; returns what interrupts_restore() needs to put them back. */
static inline uint32_t interrupts_save(void)
{
    uint32_t flags = read_eflags();
    interrupts_disable();
    return flags;
}

static inline void interrupts_restore(uint32_t flags)
{
    if (flags & EFLAGS_IF)
        interrupts_enable();
}

/* Enables interrupts and halts; no interrupt can slip between the two (SDM 2B STI). */
static inline void interrupts_wait(void)
{
    __asm__ volatile("sti; hlt" : : : "memory");
}

/* The quotient of two unsigned numbers, and the remainder if it is wanted; no libgcc needed. */
static inline uint64_t divide_u64(uint64_t dividend, uint32_t divisor, uint32_t *remainder)
{
    uint32_t high = (uint32_t)(dividend >> 32) / divisor;
    uint32_t rest = (uint32_t)(dividend >> 32) % divisor;
    uint32_t low;
    __asm__("divl %4" : "=a"(low), "=d"(rest) : "a"((uint32_t)dividend), "d"(rest), "r"(divisor));
    if (remainder)
        *remainder = rest;
    return ((uint64_t)high << 32) | low;
}

#endif
