#include "arch/i386/keyboard.h"

#include "arch/i386/asm.h"
#include "kernel/console.h"

#define DATA        0x60
#define STATUS      0x64
#define STATUS_FULL 0x01
#define DRAIN_MAX   32

#define RELEASED  0x80
#define EXTENDED  0xe0
#define CONTROL   0x1d
#define LEFT      0x2a
#define RIGHT     0x36
#define CAPS_LOCK 0x3a

static const char plain[128] = "\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0"
                               "*\0 ";
static const char shifted[128] =
    "\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0"
    "*\0 ";

/* Keys behind EXTENDED that send an escape sequence. */
static const struct {
    uint8_t code;
    const char *sequence;
} extended_keys[] = {
    {0x48, "\033[A"},  {0x50, "\033[B"},  {0x4d, "\033[C"},  {0x4b, "\033[D"},  {0x47, "\033[H"},
    {0x4f, "\033[F"},  {0x49, "\033[5~"}, {0x51, "\033[6~"}, {0x53, "\033[3~"}, {0x52, "\033[2~"},
};

static bool shift, control, caps_lock, extended;

void keyboard_init(void)
{
    for (unsigned i = 0; i < DRAIN_MAX && (inb(STATUS) & STATUS_FULL); i++)
        inb(DATA);
}

static void extended_key(uint8_t code)
{
    if (code == 0x1c) /* the keypad's Enter */
        console_input('\r');
    for (unsigned i = 0; i < ARRAY_SIZE(extended_keys); i++) {
        if (extended_keys[i].code == code) {
            for (const char *c = extended_keys[i].sequence; *c; c++)
                console_input(*c);
        }
    }
}

static void plain_key(uint8_t code)
{
    char c = shift ? shifted[code] : plain[code];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

    if (!c)
        return;
    if (caps_lock && letter)
        c ^= 0x20;
    if (control && (letter || (c >= '[' && c <= '_')))
        c &= 0x1f;
    console_input(c);
}

static void key(uint8_t code)
{
    bool pressed = !(code & RELEASED), was_extended = extended;

    extended = code == EXTENDED;
    if (extended)
        return;
    code &= ~RELEASED;
    if (code == CONTROL)
        control = pressed;
    else if (!was_extended && (code == LEFT || code == RIGHT))
        shift = pressed;
    else if (!pressed)
        return;
    else if (was_extended)
        extended_key(code);
    else if (code == CAPS_LOCK)
        caps_lock = !caps_lock;
    else
        plain_key(code);
}

void keyboard_interrupt(void)
{
    while (inb(STATUS) & STATUS_FULL)
        key(inb(DATA));
}
