#include "arch/i386/keyboard.h"

#include "arch/i386/asm.h"
#include "kernel/console.h"

/* The controller's ports: data, and status when read or command when written. */
#define DATA                  0x60
#define STATUS                0x64

#define STATUS_FULL           0x01 /* a byte waits in DATA */
#define STATUS_BUSY           0x02 /* the last byte written was not taken yet */
#define STATUS_MOUSE          0x20 /* that byte is from the second port */
#define ABSENT_PORT           0xff

#define COMMAND_READ_MODE     0x20
#define COMMAND_WRITE_MODE    0x60
#define COMMAND_MOUSE_OFF     0xa7
#define COMMAND_KEYBOARD_OFF  0xad
#define COMMAND_KEYBOARD_ON   0xae
#define MODE_INTERRUPT        0x01
#define MODE_MOUSE_INTERRUPT  0x02
#define MODE_KEYBOARD_STOPPED 0x10
#define MODE_TRANSLATE        0x40 /* the keyboard's own set 2 to set 1 */

#define WAIT_MAX              100000 /* reads of a port: a tenth of a second */
#define DRAIN_MAX             64     /* more than any controller and keyboard hold */

#define RELEASED              0x80
#define EXTENDED              0xe0
#define PAUSE                 0xe1 /* two more bytes follow, at the press only */

#define CONTROL               0x1d
#define ENTER                 0x1c
#define LEFT_SHIFT            0x2a
#define RIGHT_SHIFT           0x36
#define SLASH                 0x35
#define CAPS_LOCK             0x3a
#define NUM_LOCK              0x45

/* By scan code, as far as the space bar; 0: no character. */
static const char plain[] = "\0\033"
                            "1234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033"
                              "!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

_Static_assert(sizeof(plain) == 0x39 + 2 && sizeof(shifted) == sizeof(plain),
               "up to the space bar");

/* The keypad: a digit with Num Lock, else what the grey key of the same code (EXTENDED) sends. */
static const struct {
    uint8_t code;
    char digit;
    const char *sequence;
} keypad[] = {
    {0x47, '7', "\033[H"},  {0x48, '8', "\033[A"}, {0x49, '9', "\033[5~"}, {0x4a, '-', "-"},
    {0x4b, '4', "\033[D"},  {0x4c, '5', ""},       {0x4d, '6', "\033[C"},  {0x4e, '+', "+"},
    {0x4f, '1', "\033[F"},  {0x50, '2', "\033[B"}, {0x51, '3', "\033[6~"}, {0x52, '0', "\033[2~"},
    {0x53, '.', "\033[3~"},
};

/* Which keys are held, a bit for each of a pair; what is locked; what the last bytes began. */
static uint8_t shift_keys, control_keys;
static bool caps_lock, num_lock, extended;
static unsigned skip;

/* True once the status bits in mask are as wanted; false for a controller that never gets there. */
static bool wait_status(uint8_t mask, uint8_t wanted)
{
    for (unsigned i = 0; i < WAIT_MAX; i++) {
        uint8_t status = inb(STATUS);
        if (status == ABSENT_PORT)
            return false;
        if ((status & mask) == wanted)
            return true;
    }
    return false;
}

static bool write_to(uint16_t port, uint8_t value)
{
    if (!wait_status(STATUS_BUSY, 0))
        return false;
    outb(port, value);
    return true;
}

/* The next byte of either port in *byte and its status, or false if there is none. */
static bool read_byte(uint8_t *byte, uint8_t *status)
{
    *status = inb(STATUS);
    if (*status == ABSENT_PORT || !(*status & STATUS_FULL))
        return false;
    *byte = inb(DATA);
    return true;
}

static void drain(void)
{
    uint8_t byte, status;

    for (unsigned i = 0; i < DRAIN_MAX && read_byte(&byte, &status); i++)
        ;
}

void keyboard_init(void)
{
    /* both devices silent, so that the answer is the mode and not a key */
    if (!write_to(STATUS, COMMAND_KEYBOARD_OFF) || !write_to(STATUS, COMMAND_MOUSE_OFF))
        return;
    drain();
    if (write_to(STATUS, COMMAND_READ_MODE) && wait_status(STATUS_FULL, STATUS_FULL)) {
        uint8_t mode = inb(DATA);
        mode |= MODE_INTERRUPT | MODE_TRANSLATE;
        mode &= ~(MODE_MOUSE_INTERRUPT | MODE_KEYBOARD_STOPPED);
        if (write_to(STATUS, COMMAND_WRITE_MODE))
            write_to(DATA, mode);
    }
    write_to(STATUS, COMMAND_KEYBOARD_ON);
}

static void send(const char *sequence)
{
    while (*sequence)
        console_input(*sequence++);
}

static void keypad_key(uint8_t code, bool digits)
{
    for (unsigned i = 0; i < ARRAY_SIZE(keypad); i++) {
        if (keypad[i].code != code)
            continue;
        if (digits)
            console_input(keypad[i].digit);
        else
            send(keypad[i].sequence);
    }
}

static void plain_key(uint8_t code)
{
    char c = shift_keys ? shifted[code] : plain[code];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

    if (!c)
        return;
    if (caps_lock && letter)
        c ^= 0x20;
    if (control_keys && (letter || (c >= '[' && c <= '_')))
        c &= 0x1f;
    console_input(c);
}

static void pressed(uint8_t code, bool was_extended)
{
    if (code == CAPS_LOCK && !was_extended)
        caps_lock = !caps_lock;
    else if (code == NUM_LOCK && !was_extended)
        num_lock = !num_lock;
    else if (was_extended && (code == ENTER || code == SLASH))
        console_input(plain[code]);
    else if (!was_extended && code < sizeof(plain))
        plain_key(code);
    else
        keypad_key(code, num_lock && !was_extended);
}

static void hold(uint8_t *keys, uint8_t key, bool down)
{
    *keys = down ? *keys | key : *keys & ~key;
}

static void scan_code(uint8_t code)
{
    bool was_extended = extended, down = !(code & RELEASED);

    if (skip) {
        skip--;
        return;
    }
    if (code == PAUSE)
        skip = 2;
    extended = code == EXTENDED;
    if (extended || skip)
        return;
    code &= ~RELEASED;
    if (code == CONTROL)
        hold(&control_keys, was_extended ? 2 : 1, down);
    else if (code == LEFT_SHIFT || code == RIGHT_SHIFT)
        /* the controller invents extended shifts around grey keys, for the PC/XT's sake */
        hold(&shift_keys, was_extended ? 0 : code == LEFT_SHIFT ? 1 : 2, down);
    else if (down)
        pressed(code, was_extended);
}

void keyboard_interrupt(void)
{
    uint8_t byte, status;

    /* bounded, as in drain(): a broken controller may say for ever that a byte waits */
    for (unsigned i = 0; i < DRAIN_MAX && read_byte(&byte, &status); i++) {
        if (!(status & STATUS_MOUSE))
            scan_code(byte);
    }
}
