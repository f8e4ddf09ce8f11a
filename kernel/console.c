#include "kernel/console.h"

#include "arch/i386/asm.h"
#include "arch/i386/serial.h"
#include "arch/i386/vga.h"
#include "kernel/tty.h"

#define CONSOLE_NUMBER 0x501 /* 5, 1 */
#define VGA_ROWS       25
#define VGA_COLUMNS    80

struct tty console_tty;

static uint8_t input[TTY_INPUT];

/* Interrupts off: the screen's state and the pair of return and newline are not to be torn. */
static void put(char c)
{
    serial_write(c);
    vga_write(c);
}

/* Interrupts get in between characters: a long text on a real serial port takes many ticks. */
void console_write(const char *bytes, size_t length)
{
    while (length--) {
        uint32_t flags = interrupts_save();
        if (*bytes == '\n')
            put('\r');
        put(*bytes++);
        interrupts_restore(flags);
    }
}

static size_t show(struct tty *tty, const char *bytes, size_t length)
{
    (void)tty;
    for (size_t i = 0; i < length; i++)
        put(bytes[i]);
    return length;
}

/* A full buffer keeps the port from being read, and the port does not ask twice. */
static void ask_again(struct tty *tty)
{
    uint32_t flags = interrupts_save();

    (void)tty;
    serial_interrupt();
    interrupts_restore(flags);
}

static const struct tty_driver driver = {
    .write = show,
    .room = ask_again,
};

void console_init(void)
{
    tty_init(&console_tty, &driver, CONSOLE_NUMBER, input);
    console_tty.termios.input |= IUTF8;
    console_tty.size = (struct winsize){.rows = VGA_ROWS, .columns = VGA_COLUMNS};
    serial_init();
    vga_init();
}

void console_input(char c)
{
    uint32_t flags = interrupts_save();

    tty_receive(&console_tty, c);
    interrupts_restore(flags);
}

bool console_full(void)
{
    return tty_is_full(&console_tty);
}
