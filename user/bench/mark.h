/*
 * Marks: how a program tells a plugin of QEMU which part of it is measured.
 *
 * A mark is the instruction `testl $imm32, %eax` whose constant has MARK_SIGNATURE in its high half
 * and one of the numbers below in the low one. It changes nothing but the flags, needs no register
 * and is harmless on every CPU; a plugin sees it by its bytes (a9, then the constant).
 *
 * Plain constants first: GAS and the plugins read them too.
 */
#ifndef USER_BENCH_MARK_H
#define USER_BENCH_MARK_H

#define MARK_SIGNATURE 0x504f

/* One operation: what is executed behind MARK_BEGIN and before MARK_END, the marks not included.
 * They do not nest. Place them as near as can be to the operation's first and last instruction:
 * what is between them is counted, and nothing is taken off. */
#define MARK_BEGIN 1
#define MARK_END   2

/* Once before the first MARK_BEGIN of each cell, that is of each benchmark line. The plugin numbers
 * the cells in the order in which these are executed, from 0; the lines are in the same order.
 * Operations before the first are nobody's. A warm-up needs no marks. */
#define MARK_CELL 3

/* As bytes: a register's name would be written %eax in one kind of assembly text and %%eax in
 * another. */
#ifdef __ASSEMBLER__
#define MARK(number) \
    .byte 0xa9;      \
    .long MARK_SIGNATURE << 16 | number
#else
#define MARK_TEXT_(text) #text
#define MARK_TEXT(text)  MARK_TEXT_(text)

/* The mark in the text of an asm statement: "call *%ecx\n" MARK_INSTRUCTION(MARK_END). */
#define MARK_INSTRUCTION(number) \
    "\t.byte 0xa9\n\t.long " MARK_TEXT(MARK_SIGNATURE) " << 16 | " MARK_TEXT(number) "\n"

/* The mark as a statement. */
#define MARK(number) __asm__ volatile(MARK_INSTRUCTION(number) : : : "memory", "cc")
#endif

#endif
