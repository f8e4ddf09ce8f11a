/*
 * What a CPU reads and writes to deliver an interrupt or exception (SDM 3A 6.12.1), which QEMU does
 * outside of any instruction, so that no plugin is told. It shows afterwards: the next instruction
 * is the one that an entry of the IDT names.
 */
#ifndef SCRIPTS_PLUGIN_TLB_INTERRUPT_H
#define SCRIPTS_PLUGIN_TLB_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

enum descriptor_table { TABLE_GDT, TABLE_IDT, DESCRIPTOR_TABLES };

/* What LGDT or LIDT loaded. */
void interrupt_set_table(enum descriptor_table table, uint32_t base);

#define INTERRUPT_NONE    -1
#define VECTOR_PAGE_FAULT 14

/* The vector whose handler begins at address, or INTERRUPT_NONE. */
int interrupt_vector_at(uint32_t address);

#define INTERRUPT_ACCESSES 5

/* The addresses that delivery of vector touches, in order; returns how many. from_user: the stack
 * changes. The frame on the present stack is left out: the handler goes on in its line. */
unsigned interrupt_accesses(unsigned vector, bool from_user,
                            uint32_t addresses[static INTERRUPT_ACCESSES]);

#endif
