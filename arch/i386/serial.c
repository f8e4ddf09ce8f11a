#include "arch/i386/serial.h"

#include "arch/i386/asm.h"
#include "kernel/console.h"

#define COM1 0x3f8

/* Registers, by offset; the divisor's two bytes are at 0 and 1 while LCR_DLAB is set. */
#define DATA    0
#define IER     1
#define FCR     2
#define LCR     3
#define MCR     4
#define LSR     5
#define SCRATCH 7

#define IER_RECEIVED 0x01
#define FCR_ENABLE   0x07 /* and clear both */
#define LCR_8N1      0x03
#define LCR_DLAB     0x80
#define MCR_OUT2     0x0b /* DTR, RTS, and the gate of the interrupt line */
#define LSR_READY    0x01
#define LSR_EMPTY    0x20 /* a byte may be written */

#define DIVISOR_115200 1
#define WAIT_MAX       100000

static bool present;

void serial_init(void)
{
    outb(COM1 + SCRATCH, 0x5a);
    present = inb(COM1 + SCRATCH) == 0x5a;
    if (!present)
        return;
    outb(COM1 + IER, 0);
    outb(COM1 + LCR, LCR_DLAB);
    outb(COM1 + DATA, DIVISOR_115200);
    outb(COM1 + IER, 0);
    outb(COM1 + LCR, LCR_8N1);
    outb(COM1 + FCR, FCR_ENABLE);
    outb(COM1 + MCR, MCR_OUT2);
    outb(COM1 + IER, IER_RECEIVED);
}

void serial_write(char c)
{
    if (!present)
        return;
    for (unsigned i = 0; i < WAIT_MAX && !(inb(COM1 + LSR) & LSR_EMPTY); i++)
        ;
    outb(COM1 + DATA, c);
}

void serial_interrupt(void)
{
    while (present && (inb(COM1 + LSR) & LSR_READY))
        console_input(inb(COM1 + DATA));
}
