#include "arch/i386/irq.h"

#include "arch/i386/apic.h"
#include "arch/i386/keyboard.h"
#include "arch/i386/pic.h"
#include "arch/i386/pit.h"
#include "arch/i386/serial.h"
#include "arch/i386/trapframe.h"
#include "kernel/cputime.h"
#include "kernel/printk.h"
#include "kernel/time.h"

#define LINE_TIMER 0

static const struct {
    unsigned irq;
    void (*handler)(void);
    const char *name;
} lines[] = {
    {LINE_TIMER, time_tick, "timer"},
    {1, keyboard_interrupt, "keyboard"},
    {4, serial_interrupt, "serial"},
};

uint32_t irq_counts[NR_IRQS];

const char *irq_name(unsigned irq)
{
    for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
        if (lines[i].irq == irq)
            return lines[i].name;
    }
    return NULL;
}

void irq_init(void)
{
    pic_init();
    pit_init();
    keyboard_init();
    for (unsigned i = 0; i < ARRAY_SIZE(lines); i++)
        pic_enable(lines[i].irq);
    /* a byte that came before this held its line high, and an edge is what the PIC waits for */
    serial_interrupt();
}

void irq_dispatch(uint32_t vector, bool from_user)
{
    unsigned irq = vector - VECTOR_IRQ;

    if (apic_take(vector))
        return;
    if (irq >= NR_IRQS) {
        printk(LOG_WARNING, "postern: unexpected interrupt, vector %u\n", vector);
        return;
    }
    if (!pic_begin(irq))
        return;
    irq_counts[irq]++;
    if (irq == LINE_TIMER)
        cputime_tick(from_user);
    for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
        if (lines[i].irq == irq)
            lines[i].handler();
    }
    pic_end(irq);
}
