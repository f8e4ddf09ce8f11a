#include "arch/i386/pic.h"

#include "arch/i386/asm.h"
#include "arch/i386/trapframe.h"

#define MASTER       0x20
#define SLAVE        0xa0
#define DATA         1 /* offset of the data port */
#define LINES        8 /* of one controller */
#define SPURIOUS     7 /* the line of each on which a request shows that went away */
#define CASCADE_LINE 2 /* of the master: where the slave asks */

#define ICW1_INIT    0x11 /* edge triggered, cascade, ICW4 follows */
#define ICW4_8086    0x01
#define OCW2_EOI     0x20
#define OCW3_IRR     0x0a
#define OCW3_ISR     0x0b

#define DELAY_PORT   0x80 /* the BIOS's diagnostic port: a write takes time and no more */

static uint16_t mask = 0xffff & ~(1u << CASCADE_LINE);

/* An 8259A on a real ISA bus needs time between the words of its initialization. */
static void write_slowly(uint16_t port, uint8_t value)
{
    outb(port, value);
    outb(DELAY_PORT, 0);
}

static void write_mask(void)
{
    outb(MASTER + DATA, mask);
    outb(SLAVE + DATA, mask >> LINES);
}

void pic_init(void)
{
    write_slowly(MASTER, ICW1_INIT);
    write_slowly(SLAVE, ICW1_INIT);
    write_slowly(MASTER + DATA, VECTOR_IRQ);
    write_slowly(SLAVE + DATA, VECTOR_IRQ + LINES);
    write_slowly(MASTER + DATA, 1u << CASCADE_LINE);
    write_slowly(SLAVE + DATA, CASCADE_LINE);
    write_slowly(MASTER + DATA, ICW4_8086);
    write_slowly(SLAVE + DATA, ICW4_8086);
    write_mask();
}

void pic_enable(unsigned irq)
{
    mask &= ~(1u << irq);
    write_mask();
}

static bool read_register(unsigned irq, uint8_t which)
{
    uint16_t port = irq < LINES ? MASTER : SLAVE;

    outb(port, which);
    return inb(port) & (1u << irq % LINES);
}

/*
 * A request that was gone before the CPU answered is given as line 7 of its controller, without an
 * in-service bit, so it takes no EOI. The master does not know that its slave's was spurious: its
 * cascade line is in service.
 */
bool pic_begin(unsigned irq)
{
    if (irq % LINES != SPURIOUS || read_register(irq, OCW3_ISR))
        return true;
    if (irq >= LINES)
        outb(MASTER, OCW2_EOI);
    return false;
}

void pic_end(unsigned irq)
{
    if (irq >= LINES)
        outb(SLAVE, OCW2_EOI);
    outb(MASTER, OCW2_EOI);
}

bool pic_pending(unsigned irq)
{
    return read_register(irq, OCW3_IRR);
}
