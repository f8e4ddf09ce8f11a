#include "kernel/symbols.h"

/* Generated from the linked kernel, by address (scripts/symbols.py). */
struct symbol {
    uint32_t address;
    const char *name;
};
extern const struct symbol symbol_table[];
extern const uint32_t symbol_count;

const char *symbol_name(uint32_t address, uint32_t *offset)
{
    uint32_t low = 0, high = symbol_count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (symbol_table[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return NULL;
    *offset = address - symbol_table[low - 1].address;
    return symbol_table[low - 1].name;
}
