#include "arch/i386/serial.h"

#include "arch/i386/asm.h"
#include "kernel/console.h"

#define COM1 0x3f8

/* Registers, by offset; the divisor's two bytes are at 0 and 1 while LCR_DLAB is set. */
#define DATA           0
#define IER            1
#define FCR            2
#define LCR            3
#define MCR            4
#define LSR            5
#define SCRATCH        7

#define IER_RECEIVED   0x01
#define FCR_ENABLE     0x07 /* and clear both; interrupt from the first byte */
#define LCR_8N1        0x03
#define LCR_DLAB       0x80
#define MCR_ON         0x0b /* DTR, RTS, and OUT2, which gates the interrupt line on a PC */
#define MCR_LOOPBACK   0x10 /* the receiver hears the transmitter, and not the outside */
#define LSR_READY      0x01
#define LSR_PARITY     0x04
#define LSR_FRAMING    0x08
#define LSR_BREAK      0x10
#define LSR_EMPTY      0x20 /* a byte may be written */

#define LSR_DAMAGED    (LSR_PARITY | LSR_FRAMING | LSR_BREAK) /* the byte is not what was sent */
#define ABSENT_PORT    0xff                                   /* what an undecoded port reads */

#define DIVISOR_115200 1

/* A full FIFO is sent in 1.4 ms, about as many reads of a port; an emulator whose output is not
 * being read can need much longer, and what is given up then is lost. */
#define WAIT_MAX 1000000

static bool present;
static bool stuck;     /* the last wait was in vain: the next does not take as long */
static int early = -1; /* what came before the FIFO was enabled, which clears it */

/* Two patterns, and other bus traffic between: a floating bus may repeat what was last on it. */
static bool detect(void)
{
    outb(COM1 + SCRATCH, 0x5a);
    outb(COM1 + LCR, LCR_8N1);
    if (inb(COM1 + SCRATCH) != 0x5a)
        return false;
    outb(COM1 + SCRATCH, 0xa5);
    outb(COM1 + LCR, LCR_8N1);
    return inb(COM1 + SCRATCH) == 0xa5;
}

void serial_init(void)
{
    present = detect();
    if (!present)
        return;
    outb(COM1 + IER, 0);
    outb(COM1 + LCR, LCR_DLAB);
    outb(COM1 + DATA, DIVISOR_115200 & 0xff);
    outb(COM1 + IER, DIVISOR_115200 >> 8);
    outb(COM1 + LCR, LCR_8N1);
    /* in loopback nothing comes in, so nothing is lost between this read and the FIFO's clear */
    outb(COM1 + MCR, MCR_LOOPBACK);
    if (inb(COM1 + LSR) & LSR_READY)
        early = inb(COM1 + DATA);
    outb(COM1 + FCR, FCR_ENABLE);
    outb(COM1 + MCR, MCR_ON);
    outb(COM1 + IER, IER_RECEIVED);
}

void serial_write(char c)
{
    if (!present)
        return;
    for (uint32_t wait = stuck ? 1 : WAIT_MAX; wait; wait--) {
        if (inb(COM1 + LSR) & LSR_EMPTY) {
            stuck = false;
            outb(COM1 + DATA, c);
            return;
        }
    }
    stuck = true;
}

int serial_read(void)
{
    if (early >= 0) {
        int byte = early;
        early = -1;
        return byte;
    }
    while (present) {
        uint8_t status = inb(COM1 + LSR);
        if (status == ABSENT_PORT || !(status & LSR_READY))
            break;
        uint8_t byte = inb(COM1 + DATA);
        if (!(status & LSR_DAMAGED))
            return byte;
    }
    return -1;
}

void serial_interrupt(void)
{
    int byte;

    while (!console_full() && (byte = serial_read()) >= 0)
        console_input(byte);
}
