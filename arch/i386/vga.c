#include "arch/i386/vga.h"

#include "arch/i386/asm.h"
#include "arch/i386/paging.h"
#include "kernel/string.h"

#define COLUMNS   80
#define ROWS      25
#define TAB       8
#define ATTRIBUTE (0x07 << 8) /* grey on black */
#define MEMORY    PADDR(0xb8000)

/* The CRT controller of a colour display: index and data port, registers. */
#define CRTC_INDEX   0x3d4
#define CRTC_DATA    0x3d5
#define CURSOR_START 10 /* scan lines of the cursor's shape; bit 5 of the first hides it */
#define CURSOR_END   11
#define CURSOR_HIGH  14 /* its location, in characters */
#define CURSOR_LOW   15

/* column is COLUMNS while a full line waits for its next character. */
static unsigned row, column;

/* Inside an escape sequence: after ESC, after ESC [. */
static enum { TEXT, ESCAPE, CSI } state;

static uint16_t *cell(unsigned y, unsigned x)
{
    return (uint16_t *)direct_map(MEMORY) + y * COLUMNS + x;
}

static void clear_row(unsigned y)
{
    for (unsigned x = 0; x < COLUMNS; x++)
        *cell(y, x) = ATTRIBUTE | ' ';
}

static void crtc_write(uint8_t index, uint8_t value)
{
    outb(CRTC_INDEX, index);
    outb(CRTC_DATA, value);
}

static void show_cursor(void)
{
    unsigned position = row * COLUMNS + MIN(column, COLUMNS - 1u);

    crtc_write(CURSOR_HIGH, position >> 8);
    crtc_write(CURSOR_LOW, position);
}

void vga_init(void)
{
    for (unsigned y = 0; y < ROWS; y++)
        clear_row(y);
    row = column = 0;
    crtc_write(CURSOR_START, 14);
    crtc_write(CURSOR_END, 15);
    show_cursor();
}

static void new_line(void)
{
    column = 0;
    if (row + 1 < ROWS) {
        row++;
        return;
    }
    memmove(cell(0, 0), cell(1, 0), (ROWS - 1) * COLUMNS * sizeof(uint16_t));
    clear_row(row);
}

/* True if c belongs to an escape sequence. */
static bool in_sequence(char c)
{
    switch (state) {
    case TEXT:
        if (c == '\033')
            state = ESCAPE;
        return state == ESCAPE;
    case ESCAPE:
        state = c == '[' ? CSI : TEXT;
        return true;
    case CSI:
        if (c >= '@' && c <= '~')
            state = TEXT;
        return true;
    }
    return false;
}

static void put_glyph(unsigned char c)
{
    if (column >= COLUMNS)
        new_line();
    *cell(row, column) = ATTRIBUTE | c;
    column++;
}

void vga_write(char c)
{
    if (in_sequence(c))
        return;
    switch (c) {
    case '\n':
        new_line();
        break;
    case '\r':
        column = 0;
        break;
    case '\b':
        column -= column > 0;
        break;
    case '\t':
        column = MIN(ROUND_UP(column + 1, TAB), COLUMNS - 1u);
        break;
    default:
        if ((unsigned char)c >= ' ' && c != '\177')
            put_glyph(c);
    }
    show_cursor();
}
