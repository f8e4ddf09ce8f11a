#include "arch/i386/vga.h"

#include "arch/i386/asm.h"
#include "arch/i386/paging.h"
#include "kernel/string.h"

#define COLUMNS 80
#define ROWS    25
#define BLANK   (0x07 << 8 | ' ') /* grey on black */
#define MEMORY  PADDR(0xb8000)

/* CRT controller: index and data port, cursor location registers. */
#define CRTC_INDEX  0x3d4
#define CRTC_DATA   0x3d5
#define CURSOR_HIGH 14
#define CURSOR_LOW  15

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
        *cell(y, x) = BLANK;
}

static void show_cursor(void)
{
    unsigned position = row * COLUMNS + column;

    outb(CRTC_INDEX, CURSOR_HIGH);
    outb(CRTC_DATA, position >> 8);
    outb(CRTC_INDEX, CURSOR_LOW);
    outb(CRTC_DATA, position);
}

void vga_init(void)
{
    for (unsigned y = 0; y < ROWS; y++)
        clear_row(y);
    row = column = 0;
    show_cursor();
}

static void new_line(void)
{
    column = 0;
    if (++row < ROWS)
        return;
    row = ROWS - 1;
    memmove(cell(0, 0), cell(1, 0), (ROWS - 1) * COLUMNS * sizeof(uint16_t));
    clear_row(row);
}

/* True if c belongs to an escape sequence. */
static bool in_sequence(char c)
{
    switch (state) {
    case TEXT:
        if (c == 033)
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

void vga_write(char c)
{
    if (in_sequence(c))
        return;
    if (c == '\n')
        new_line();
    else if (c == '\r')
        column = 0;
    else if (c == '\b')
        column -= column > 0;
    else if (c == '\t')
        column = (column + 8) & ~7u;
    else if ((unsigned char)c >= ' ')
        *cell(row, column++) = 0x07 << 8 | (unsigned char)c;
    if (column >= COLUMNS)
        new_line();
    show_cursor();
}
