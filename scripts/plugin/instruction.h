/* What plugins must recognise among instructions, and what they remember of one: as much as fits
 * into the pointer that QEMU hands to a callback, so that nothing is allocated. */
#ifndef SCRIPTS_PLUGIN_INSTRUCTION_H
#define SCRIPTS_PLUGIN_INSTRUCTION_H

#include <stdint.h>

#include "scripts/plugin/qemu_plugin.h"

enum instruction_kind {
    INSTRUCTION_ORDINARY,
    INSTRUCTION_MARK,
    INSTRUCTION_CR3_READ,
    INSTRUCTION_CR3_WRITE,
    INSTRUCTION_CR4_WRITE,
    INSTRUCTION_INVLPG,
    INSTRUCTION_LGDT,
    INSTRUCTION_LIDT,
};

enum instruction_kind instruction_kind(const struct qemu_plugin_insn *insn);

/* Of an INSTRUCTION_MARK: its number. */
uint32_t instruction_mark(const struct qemu_plugin_insn *insn);

/*
 * Where the value of a CR3 write comes from: no plugin can read registers, but the instruction
 * before it shows, and memory can be read. It is a constant that was loaded, or a word that was
 * loaded or stored (as where TSS.cr3 is kept right).
 */
enum cr3_source_kind { CR3_OTHER, CR3_CONSTANT, CR3_MEMORY };

struct cr3_source {
    enum cr3_source_kind kind;
    uint32_t constant;
};

/* before: the instruction that is executed before the CR3 write; NULL: not known. */
struct cr3_source cr3_source(const struct qemu_plugin_insn *write,
                             const struct qemu_plugin_insn *before);

static inline void *cr3_source_pack(struct cr3_source source)
{
    return (void *)((uint64_t)source.kind << 32 | source.constant);
}

static inline struct cr3_source cr3_source_unpack(void *data)
{
    return (struct cr3_source){(uint64_t)data >> 32, (uint32_t)(uint64_t)data};
}

/* Where an instruction lies. */
struct fetch {
    uint32_t address, paddr, size;
};

/* An address and its physical address differ in the frame only. */
static inline void *fetch_pack(struct fetch fetch)
{
    return (void *)((uint64_t)fetch.size << 52 | (uint64_t)(fetch.paddr >> 12) << 32 |
                    fetch.address);
}

static inline struct fetch fetch_unpack(void *data)
{
    uint64_t bits = (uint64_t)data;
    uint32_t address = bits;

    return (struct fetch){address, (uint32_t)(bits >> 20 & 0xfffff000) | (address & 0xfff),
                          bits >> 52};
}

#endif
