#include "arch/i386/pit.h"

#include "arch/i386/asm.h"
#include "arch/i386/pic.h"

#define CHANNEL0      0x40
#define CONTROL       0x43
#define MODE2         0x34 /* channel 0, low byte then high, rate generator, binary */
#define LATCH         0x00 /* channel 0: holds the count until it was read */
#define INPUT_HZ      1193182
#define PERIOD        ((INPUT_HZ + HZ / 2) / HZ)
#define NS_PER_PERIOD (1000000000u / HZ)
#define TIMER_LINE    0

_Static_assert(PERIOD <= 0xffff, "pit: the period fits the counter");

void pit_init(void)
{
    outb(CONTROL, MODE2);
    outb(CHANNEL0, PERIOD & 0xff);
    outb(CHANNEL0, PERIOD >> 8);
}

/* In mode 2 it counts down from PERIOD to 1, and the reload asks for the interrupt. */
static uint32_t read_counter(void)
{
    outb(CONTROL, LATCH);
    uint32_t low = inb(CHANNEL0);
    return low | (uint32_t)inb(CHANNEL0) << 8;
}

uint32_t pit_elapsed_ns(void)
{
    uint32_t counter = read_counter();
    uint32_t pending = 0;

    /* if the period ended after the counter was read, that count is of the old one: read again */
    if (pic_pending(TIMER_LINE)) {
        pending = NS_PER_PERIOD;
        counter = read_counter();
    }
    uint32_t passed = counter <= PERIOD ? PERIOD - counter : 0;
    return pending + (uint32_t)divide_u64((uint64_t)passed * NS_PER_PERIOD, PERIOD, NULL);
}
