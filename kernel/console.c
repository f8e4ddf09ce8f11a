#include "kernel/console.h"

#include "arch/i386/asm.h"
#include "arch/i386/serial.h"
#include "arch/i386/vga.h"
#include "kernel/errno.h"

#define BUFFER_SIZE  4096 /* a power of two, so that positions may wrap around */
#define TAB          8

#define CTRL(letter) ((letter)&0x1f)
#define DELETE       0x7f

/* Beside a byte of input: it is the last of its line; it stands for the end of the input, not
 * itself. */
#define LINE_END  0x100
#define INPUT_END 0x200

static struct console_modes modes;

/* Where the next character goes, as far as tab stops matter: 0 to TAB - 1. */
static unsigned output_column;

/*
 * Input, as a ring of positions that only grow. [head, ready) can be taken, [ready, tail) is the
 * line that is being typed and can still be edited. column is where that line began on the screen.
 */
static struct {
    uint16_t cells[BUFFER_SIZE];
    uint32_t head, ready, tail;
    unsigned column;
} input;

static void (*on_input)(void);

void console_init(void)
{
    modes = (struct console_modes){.canonical = true, .echo = true, .map_cr = true};
    serial_init();
    vga_init();
}

/* --- output --------------------------------------------------------------------------------- */

static bool is_control(uint8_t c)
{
    return c < ' ' || c == DELETE;
}

/* UTF-8: the bytes of a character behind its first. */
static bool is_continuation(uint8_t c)
{
    return (c & 0xc0) == 0x80;
}

/* Interrupts off: the screen's state and the pair of return and newline are not to be torn. */
static void put(char c)
{
    if (c == '\n')
        serial_write('\r');
    serial_write(c);
    vga_write(c);
    if (c == '\n' || c == '\r')
        output_column = 0;
    else if (c == '\b')
        output_column = (output_column + TAB - 1) % TAB;
    else if (c == '\t')
        output_column = 0;
    else if (!is_control(c) && !is_continuation(c))
        output_column = (output_column + 1) % TAB;
}

/* Interrupts get in between characters: a long text on a real serial port takes many ticks. */
void console_write(const char *bytes, size_t length)
{
    while (length--) {
        uint32_t flags = interrupts_save();
        put(*bytes++);
        interrupts_restore(flags);
    }
}

/* --- input ---------------------------------------------------------------------------------- */

static uint16_t *cell(uint32_t position)
{
    return &input.cells[position % BUFFER_SIZE];
}

/* Columns that the echo of c takes when it starts in column. */
static unsigned echo_width(uint8_t c, unsigned column)
{
    if (c == '\t')
        return TAB - column % TAB;
    if (is_control(c))
        return 2;
    return is_continuation(c) ? 0 : 1;
}

static void echo(uint8_t c)
{
    if (!modes.echo)
        return;
    if (is_control(c) && c != '\n' && c != '\t') {
        put('^');
        put(c ^ 0x40);
    } else {
        put(c);
    }
}

/* Drops the last byte of the line, and from the screen what it took there. False: there is none. */
static bool erase_byte(void)
{
    unsigned column = input.column;

    if (input.tail == input.ready)
        return false;
    input.tail--;
    for (uint32_t position = input.ready; position != input.tail; position++)
        column += echo_width(*cell(position), column);
    unsigned width = echo_width(*cell(input.tail), column);
    bool tab = (uint8_t)*cell(input.tail) == '\t';
    while (modes.echo && width--) {
        put('\b');
        if (!tab) {
            put(' ');
            put('\b');
        }
    }
    return true;
}

/* A character is its first byte and what continues it (IUTF8). */
static void erase_character(void)
{
    while (erase_byte() && is_continuation(*cell(input.tail)))
        ;
}

static void erase_line(void)
{
    while (erase_byte())
        ;
}

static void make_ready(void)
{
    input.ready = input.tail;
    if (on_input)
        on_input();
}

/* True if one more byte has no place; the last place is kept for the end of a line. */
static bool no_room(bool ends)
{
    return input.tail - input.head >= BUFFER_SIZE - (ends ? 0u : 1u);
}

static void append(uint16_t c)
{
    bool ends = c & LINE_END || !modes.canonical;

    if (no_room(ends)) {
        put('\a');
        return;
    }
    if (input.tail == input.ready)
        input.column = output_column;
    *cell(input.tail++) = c;
    if (!(c & INPUT_END))
        echo(c);
    if (ends)
        make_ready();
}

static void canonical_input(char c)
{
    switch (c) {
    case '\b':
    case DELETE:
        erase_character();
        break;
    case CTRL('U'):
        erase_line();
        break;
    case CTRL('D'):
        append(INPUT_END | LINE_END);
        break;
    case '\n':
        append('\n' | LINE_END);
        break;
    default:
        append((uint8_t)c);
    }
}

void console_input(char c)
{
    uint32_t flags = interrupts_save();

    if (modes.map_cr && c == '\r')
        c = '\n';
    if (modes.canonical)
        canonical_input(c);
    else
        append((uint8_t)c);
    interrupts_restore(flags);
}

void console_on_input(void (*wake)(void))
{
    on_input = wake;
}

struct console_modes console_get_modes(void)
{
    return modes;
}

void console_set_modes(struct console_modes new_modes)
{
    uint32_t flags = interrupts_save();

    modes = new_modes;
    if (!modes.canonical && input.tail != input.ready)
        make_ready();
    interrupts_restore(flags);
}

bool console_ready(void)
{
    return input.head != input.ready;
}

/* A single line that fills the buffer does not count: nobody can take it, only edit it. */
bool console_full(void)
{
    return console_ready() && no_room(false);
}

/* Takes an end of the input that is first, if one is. */
static bool take_end(void)
{
    if (!console_ready() || !(*cell(input.head) & INPUT_END))
        return false;
    input.head++;
    return true;
}

/* Up to size bytes of the first line; at least one byte is ready. */
static size_t take_line(char *bytes, size_t size)
{
    size_t taken = 0;

    while (taken < size && console_ready()) {
        if (take_end())
            return taken;
        uint16_t c = *cell(input.head++);
        bytes[taken++] = c;
        if (c & LINE_END)
            return taken;
    }
    /* an end right behind what was taken belongs to it: left there, the next read would be empty */
    take_end();
    return taken;
}

ssize_t console_take(char *bytes, size_t size)
{
    uint32_t flags = interrupts_save();
    ssize_t taken = console_ready() ? (ssize_t)take_line(bytes, size) : -EAGAIN;

    /* not only if the buffer was full: it may have been, until an erase on the keyboard made room,
     * and the port does not ask twice */
    serial_interrupt();
    interrupts_restore(flags);
    return taken;
}
