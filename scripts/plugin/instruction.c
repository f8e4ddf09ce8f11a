#include "scripts/plugin/instruction.h"

#include <stdbool.h>
#include <string.h>

#include "user/bench/mark.h"

static uint32_t word_at(const uint8_t *code)
{
    uint32_t word;

    memcpy(&word, code, sizeof(word));
    return word;
}

/* The middle field of a ModRM byte: a register, or more of the opcode (SDM 2A 2.1.3). */
static unsigned modrm_register(uint8_t modrm)
{
    return modrm >> 3 & 7;
}

static bool modrm_is_memory(uint8_t modrm)
{
    return modrm >> 6 != 3;
}

static bool is_mark(const uint8_t *code, size_t size)
{
    return size == 5 && code[0] == 0xa9 && word_at(code + 1) >> 16 == MARK_SIGNATURE;
}

uint32_t instruction_mark(const struct qemu_plugin_insn *insn)
{
    return word_at((const uint8_t *)qemu_plugin_insn_data(insn) + 1) & 0xffff;
}

/* SDM 2A, 2B: 0f, opcode, and the middle field of ModRM. */
static const struct {
    uint8_t opcode, extension;
    bool memory; /* its operand */
    enum instruction_kind kind;
} system_instructions[] = {
    {0x20, 3, false, INSTRUCTION_CR3_READ},  {0x22, 3, false, INSTRUCTION_CR3_WRITE},
    {0x22, 4, false, INSTRUCTION_CR4_WRITE}, {0x01, 2, true, INSTRUCTION_LGDT},
    {0x01, 3, true, INSTRUCTION_LIDT},       {0x01, 7, true, INSTRUCTION_INVLPG},
};

enum instruction_kind instruction_kind(const struct qemu_plugin_insn *insn)
{
    const uint8_t *code = qemu_plugin_insn_data(insn);
    size_t size = qemu_plugin_insn_size(insn);

    if (is_mark(code, size))
        return INSTRUCTION_MARK;
    if (size < 3 || code[0] != 0x0f)
        return INSTRUCTION_ORDINARY;
    for (size_t i = 0; i < sizeof(system_instructions) / sizeof(system_instructions[0]); i++) {
        if (code[1] == system_instructions[i].opcode &&
            modrm_register(code[2]) == system_instructions[i].extension &&
            modrm_is_memory(code[2]) == system_instructions[i].memory)
            return system_instructions[i].kind;
    }
    return INSTRUCTION_ORDINARY;
}

/* mov between the register and memory, in either direction. */
static bool moves_memory(const uint8_t *code, size_t size, unsigned reg)
{
    if (code[0] == 0x36) /* %ss: */
        code++, size--;
    if (size == 5 && (code[0] == 0xa1 || code[0] == 0xa3))
        return reg == 0;
    return size >= 2 && (code[0] == 0x89 || code[0] == 0x8b) && modrm_is_memory(code[1]) &&
           modrm_register(code[1]) == reg;
}

struct cr3_source cr3_source(const struct qemu_plugin_insn *write,
                             const struct qemu_plugin_insn *before)
{
    unsigned reg = ((const uint8_t *)qemu_plugin_insn_data(write))[2] & 7;
    const uint8_t *code = before ? qemu_plugin_insn_data(before) : NULL;
    size_t size = before ? qemu_plugin_insn_size(before) : 0;

    if (size == 5 && code[0] == 0xb8 + reg) /* mov $constant, %reg */
        return (struct cr3_source){CR3_CONSTANT, word_at(code + 1)};
    if (size && moves_memory(code, size, reg))
        return (struct cr3_source){.kind = CR3_MEMORY};
    return (struct cr3_source){.kind = CR3_OTHER};
}
