/* What the model must recognise among instructions, and what it remembers of one: as much as fits
 * into the pointer that QEMU hands to a callback, so that nothing is allocated. */
#ifndef SCRIPTS_PLUGIN_TLB_INSTRUCTION_H
#define SCRIPTS_PLUGIN_TLB_INSTRUCTION_H

#include <stddef.h>
#include <stdint.h>

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

enum instruction_kind instruction_kind(const uint8_t *code, size_t size);

/* Of an INSTRUCTION_MARK: its number. */
uint32_t instruction_mark(const uint8_t *code);

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

/* write: the CR3 write. before: the instruction that is executed before it; size 0: not known. */
struct cr3_source cr3_source(const uint8_t *write, const uint8_t *before, size_t size);

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
