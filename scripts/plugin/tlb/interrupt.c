#include "scripts/plugin/tlb/interrupt.h"

#include "scripts/plugin/tlb/guest.h"

#define VECTORS         256
#define DESCRIPTOR_SIZE 8
#define GDT_SLOTS       32 /* of which the first busy TSS is the running task's */
#define TYPE_TASK_GATE  0x5
#define TYPE_TSS_BUSY   0xb
#define TSS_ESP0        4
#define TSS_SS0         8

static uint32_t base[DESCRIPTOR_TABLES];

/* A descriptor's two words (SDM 3A 3.4.5, 6.11). */
struct descriptor {
    uint32_t low, high;
};

void interrupt_set_table(enum descriptor_table table, uint32_t address)
{
    base[table] = address;
}

static struct descriptor read_descriptor(enum descriptor_table table, unsigned index)
{
    uint32_t address = base[table] + index * DESCRIPTOR_SIZE;

    return (struct descriptor){guest_read(address), guest_read(address + 4)};
}

static unsigned type_of(struct descriptor descriptor)
{
    return descriptor.high >> 8 & 0x1f;
}

int interrupt_vector_at(uint32_t address)
{
    for (unsigned vector = 0; base[TABLE_IDT] && vector < VECTORS; vector++) {
        struct descriptor gate = read_descriptor(TABLE_IDT, vector);
        uint32_t handler = (gate.high & 0xffff0000) | (gate.low & 0xffff);
        if (handler == address && gate.high & 0x8000 && type_of(gate) != TYPE_TASK_GATE)
            return vector;
    }
    return INTERRUPT_NONE;
}

/* The running task's TSS; 0: none is found. */
static uint32_t tss_address(void)
{
    for (unsigned index = 1; index < GDT_SLOTS; index++) {
        struct descriptor found = read_descriptor(TABLE_GDT, index);
        if (type_of(found) == TYPE_TSS_BUSY)
            return (found.high & 0xff000000) | (found.high & 0xff) << 16 | found.low >> 16;
    }
    return 0;
}

static uint32_t descriptor_address(uint32_t selector)
{
    return base[TABLE_GDT] + (selector & 0xfff8);
}

unsigned interrupt_accesses(unsigned vector, bool from_user,
                            uint32_t addresses[static INTERRUPT_ACCESSES])
{
    struct descriptor gate = read_descriptor(TABLE_IDT, vector);
    uint32_t tss = from_user ? tss_address() : 0;
    unsigned n = 0;

    addresses[n++] = base[TABLE_IDT] + vector * DESCRIPTOR_SIZE;
    addresses[n++] = descriptor_address(gate.low >> 16);
    if (tss) {
        addresses[n++] = tss + TSS_ESP0;
        addresses[n++] = descriptor_address(guest_read(tss + TSS_SS0));
        addresses[n++] = guest_read(tss + TSS_ESP0) - 4;
    }
    return n;
}
