#include "arch/i386/power.h"

#include "arch/i386/asm.h"
#include "kernel/printk.h"

#define DEBUG_EXIT       0x501 /* as scripts/qemu gives it */
#define ABSENT_PORT      0xff  /* what an undecoded port reads */

#define BOCHS_SHUTDOWN   0x8900 /* takes the word "Shutdown" */

#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_BUSY    0x02
#define KEYBOARD_RESET   0xfe  /* pulses the line that resets the CPU */
#define RESET_CONTROL    0xcf9 /* PIIX and its heirs */
#define RESET_FULL       0x06

#define DELAY_PORT       0x80   /* the BIOS's diagnostic port: an access takes about 1 us */
#define WAIT_MAX         100000 /* accesses of a port: a tenth of a second */

/* PM1a_CNT with SLP_EN, where emulators have it: no ACPI table needs to be read. */
static const struct {
    uint16_t port, value;
} soft_off[] = {
    {0x604, 0x2000},  /* QEMU, i440fx and q35 */
    {0xb004, 0x2000}, /* Bochs and old QEMU */
    {0x4004, 0x3400}, /* VirtualBox */
};

static _Noreturn void halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

void power_off(int status)
{
    interrupts_disable();
    if (inb(DEBUG_EXIT) != ABSENT_PORT)
        outb(DEBUG_EXIT, status & 0x7f);
    for (unsigned i = 0; i < ARRAY_SIZE(soft_off); i++)
        outw(soft_off[i].port, soft_off[i].value);
    for (const char *c = "Shutdown"; *c; c++)
        outb(BOCHS_SHUTDOWN, *c);
    /* QEMU goes on for a moment before it obeys */
    for (unsigned i = 0; i < WAIT_MAX; i++)
        inb(DELAY_PORT);
    printk(LOG_ERROR, "power off: it is now safe to turn off\n");
    halt();
}

void power_reset(void)
{
    static const struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) no_idt;

    interrupts_disable();
    for (unsigned i = 0; i < WAIT_MAX && (inb(KEYBOARD_COMMAND) & KEYBOARD_BUSY); i++)
        ;
    outb(KEYBOARD_COMMAND, KEYBOARD_RESET);
    outb(RESET_CONTROL, RESET_FULL);
    /* the last resort: a fault without an IDT is a triple fault, which resets (SDM 3A 6.15) */
    __asm__ volatile("lidt %0; int3" : : "m"(no_idt));
    halt();
}
