#include "kernel/console.h"

#include "arch/i386/asm.h"
#include "arch/i386/serial.h"
#include "arch/i386/vga.h"
#include "kernel/errno.h"

#define BUFFER_SIZE 4096 /* a power of two; termios(3): a line is at most that long */

#define CTRL(letter) ((letter) & 0x1f)
#define DELETE       0x7f

/*
 * Input, as a ring. [head, ready) are whole lines, [ready, tail) is the one that is being typed and
 * can still be edited. An end of input is kept as the byte END_MARK, which cannot be typed.
 */
static struct {
    uint8_t bytes[BUFFER_SIZE];
    uint32_t head, ready, tail;
} input;

#define END_MARK 0

static void (*on_input)(void);

void console_init(void)
{
    serial_init();
    vga_init();
}

static void put(char c)
{
    if (c == '\n')
        serial_write('\r');
    serial_write(c);
    vga_write(c);
}

void console_write(const char *bytes, size_t length)
{
    uint32_t flags = interrupts_save();

    while (length--)
        put(*bytes++);
    interrupts_restore(flags);
}

static uint8_t *slot(uint32_t position)
{
    return &input.bytes[position % BUFFER_SIZE];
}

static void echo(char c)
{
    if ((uint8_t)c < ' ' && c != '\n' && c != '\t') {
        put('^');
        put(c + '@');
    } else {
        put(c);
    }
}

static void erase(void)
{
    if (input.tail == input.ready)
        return;
    uint8_t last = *slot(--input.tail);
    unsigned width = last < ' ' && last != '\t' ? 2 : 1;
    while (width--)
        console_write("\b \b", 3);
}

/* Appends to the line; the last place is kept for its end. */
static void append(char c, bool ends)
{
    if (input.tail - input.head >= BUFFER_SIZE - (ends ? 0u : 1u)) {
        put('\a');
        return;
    }
    *slot(input.tail++) = c;
    if (c != END_MARK)
        echo(c);
    if (!ends)
        return;
    input.ready = input.tail;
    if (on_input)
        on_input();
}

void console_input(char c)
{
    uint32_t flags = interrupts_save();

    switch (c) {
    case '\b':
    case DELETE:
        erase();
        break;
    case CTRL('U'):
        while (input.tail != input.ready)
            erase();
        break;
    case CTRL('D'):
        append(END_MARK, true);
        break;
    case '\r':
    case '\n':
        append('\n', true);
        break;
    case END_MARK:
        break;
    default:
        append(c, false);
    }
    interrupts_restore(flags);
}

void console_on_input(void (*wake)(void))
{
    on_input = wake;
}

bool console_ready(void)
{
    return input.head != input.ready;
}

ssize_t console_take(char *bytes, size_t size)
{
    uint32_t flags = interrupts_save();
    ssize_t taken = console_ready() ? 0 : -EAGAIN;

    while (taken >= 0 && (size_t)taken < size && console_ready()) {
        uint8_t c = *slot(input.head);
        /* Ctrl-D behind typed characters ends the read, at a line's start it is the end of input */
        if (c == END_MARK) {
            input.head++;
            break;
        }
        input.head++;
        bytes[taken++] = c;
        if (c == '\n')
            break;
    }
    interrupts_restore(flags);
    return taken;
}
