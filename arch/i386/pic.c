#include "arch/i386/pic.h"

#include "arch/i386/asm.h"
#include "arch/i386/trapframe.h"

#define MASTER       0x20
#define SLAVE        0xa0
#define DATA         1 /* offset of the data port */
#define CASCADE_LINE 2

#define ICW1_INIT    0x11 /* edge triggered, cascade, ICW4 follows */
#define ICW4_8086    0x01
#define OCW2_EOI     0x20
#define OCW3_IRR     0x0a
#define OCW3_ISR     0x0b

static uint16_t mask = 0xffff & ~(1u << CASCADE_LINE);

static void write_mask(void)
{
    outb(MASTER + DATA, mask);
    outb(SLAVE + DATA, mask >> 8);
}

void pic_init(void)
{
    outb(MASTER, ICW1_INIT);
    outb(SLAVE, ICW1_INIT);
    outb(MASTER + DATA, VECTOR_IRQ);
    outb(SLAVE + DATA, VECTOR_IRQ + 8);
    outb(MASTER + DATA, 1u << CASCADE_LINE);
    outb(SLAVE + DATA, CASCADE_LINE);
    outb(MASTER + DATA, ICW4_8086);
    outb(SLAVE + DATA, ICW4_8086);
    write_mask();
}

void pic_enable(unsigned irq)
{
    mask &= ~(1u << irq);
    write_mask();
}

static bool read_register(unsigned irq, uint8_t which)
{
    uint16_t port = irq < 8 ? MASTER : SLAVE;

    outb(port, which);
    return inb(port) & (1u << irq % 8);
}

/*
 * A line that dropped its request before the CPU answered shows as line 7 of its controller without
 * an in-service bit. A spurious 15 still holds the cascade line of the master.
 */
bool pic_begin(unsigned irq)
{
    if (irq % 8 != 7 || read_register(irq, OCW3_ISR))
        return true;
    if (irq == 15)
        outb(MASTER, OCW2_EOI);
    return false;
}

void pic_end(unsigned irq)
{
    if (irq >= 8)
        outb(SLAVE, OCW2_EOI);
    outb(MASTER, OCW2_EOI);
}

bool pic_pending(unsigned irq)
{
    return read_register(irq, OCW3_IRR);
}
