#include "scripts/plugin/tlb/instruction.h"

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

uint32_t instruction_mark(const uint8_t *code)
{
    return word_at(code + 1) & 0xffff;
}

/* Opcodes of SDM 2A and 2B: MOV to control registers, INVLPG. */
enum instruction_kind instruction_kind(const uint8_t *code, size_t size)
{
    if (is_mark(code, size))
        return INSTRUCTION_MARK;
    if (size < 3 || code[0] != 0x0f)
        return INSTRUCTION_ORDINARY;
    if (code[1] == 0x20 && modrm_register(code[2]) == 3)
        return INSTRUCTION_CR3_READ;
    if (code[1] == 0x22 && modrm_register(code[2]) == 3)
        return INSTRUCTION_CR3_WRITE;
    if (code[1] == 0x22 && modrm_register(code[2]) == 4)
        return INSTRUCTION_CR4_WRITE;
    if (code[1] == 0x01 && modrm_register(code[2]) == 7 && modrm_is_memory(code[2]))
        return INSTRUCTION_INVLPG;
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

struct cr3_source cr3_source(const uint8_t *write, const uint8_t *before, size_t size)
{
    unsigned reg = write[2] & 7;

    if (size == 5 && before[0] == 0xb8 + reg) /* mov $constant, %reg */
        return (struct cr3_source){CR3_CONSTANT, word_at(before + 1)};
    if (size && moves_memory(before, size, reg))
        return (struct cr3_source){.kind = CR3_MEMORY};
    return (struct cr3_source){.kind = CR3_OTHER};
}
