/* The line discipline: what becomes of each byte on its way in and out (termios(3)). */
#include "kernel/tty.h"

#include "kernel/string.h"

#define TAB     8
#define DELETE  0x7f
#define BELL    '\a'

#define CTRL(c) ((c) ^ 0x40)

void tty_init(struct tty *tty, const struct tty_driver *driver, uint32_t number, uint8_t *bytes)
{
    static const struct termios usual = {
        .input = ICRNL | IXON,
        .output = OPOST | ONLCR,
        .control = B38400 | CS8 | CREAD,
        .local = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
        .cc = {[VINTR] = CTRL('C'),
               [VQUIT] = CTRL('\\'),
               [VERASE] = DELETE,
               [VKILL] = CTRL('U'),
               [VEOF] = CTRL('D'),
               [VMIN] = 1,
               [VSTART] = CTRL('Q'),
               [VSTOP] = CTRL('S'),
               [VSUSP] = CTRL('Z'),
               [VREPRINT] = CTRL('R'),
               [VDISCARD] = CTRL('O'),
               [VWERASE] = CTRL('W'),
               [VLNEXT] = CTRL('V')},
    };

    memset(tty, 0, sizeof(*tty));
    tty->driver = driver;
    tty->number = number;
    tty->termios = usual;
    tty->input.bytes = bytes;
    wait_init(&tty->readable);
    wait_init(&tty->writable);
    wait_init(&tty->taken);
}

/* --- output ------------------------------------------------------------------------------------
 */

static bool is_control(uint8_t c)
{
    return c < ' ' || c == DELETE;
}

/* UTF-8: the bytes of a character behind its first. */
static bool is_continuation(const struct tty *tty, uint8_t c)
{
    return (tty->termios.input & IUTF8) && (c & 0xc0) == 0x80;
}

static void follow_column(struct tty *tty, uint8_t c)
{
    if (c == '\n' || c == '\r')
        tty->column = 0;
    else if (c == '\b')
        tty->column = (tty->column + TAB - 1) % TAB;
    else if (c == '\t')
        tty->column = 0;
    else if (!is_control(c) && !is_continuation(tty, c))
        tty->column = (tty->column + 1) % TAB;
}

/* One byte of output, processed. False: the device has no room for it. Interrupts off. */
static bool show(struct tty *tty, char c)
{
    const char return_and_newline[2] = {'\r', '\n'};
    uint32_t output = tty->termios.output;

    if (output & OPOST) {
        if (c == '\n' && (output & ONLCR)) {
            if (tty->driver->write(tty, return_and_newline, 2) < 2)
                return false;
            tty->column = 0;
            return true;
        }
        if (c == '\r' && (output & OCRNL))
            c = '\n';
    }
    if (!tty->driver->write(tty, &c, 1))
        return false;
    follow_column(tty, c);
    return true;
}

/* Interrupts get in between characters: a long text on a real serial port takes many ticks. */
size_t tty_show(struct tty *tty, const char *bytes, size_t length)
{
    size_t done = 0;

    while (done < length && !tty->stopped) {
        uint32_t flags = interrupts_save();
        bool taken = show(tty, bytes[done]);
        interrupts_restore(flags);
        if (!taken)
            break;
        done++;
    }
    return done;
}

/* --- echo --------------------------------------------------------------------------------------
 */

static bool has(const struct tty *tty, uint32_t local)
{
    return tty->termios.local & local;
}

static bool echoes_as_two(const struct tty *tty, uint8_t c)
{
    return has(tty, ECHOCTL) && is_control(c) && c != '\t' && c != '\n';
}

static void echo(struct tty *tty, uint8_t c)
{
    if (!has(tty, ECHO) && !(c == '\n' && has(tty, ECHONL) && has(tty, ICANON)))
        return;
    if (echoes_as_two(tty, c)) {
        show(tty, '^');
        show(tty, CTRL(c));
    } else {
        show(tty, c);
    }
}

/* Columns that the echo of c takes when it starts in column. */
static unsigned echo_width(const struct tty *tty, uint8_t c, unsigned column)
{
    if (c == '\t')
        return TAB - column % TAB;
    if (is_control(c))
        return echoes_as_two(tty, c) ? 2 : 0;
    return is_continuation(tty, c) ? 0 : 1;
}

/* --- the buffer --------------------------------------------------------------------------------
 */

static uint8_t byte_at(const struct tty_input *input, uint32_t position)
{
    return input->bytes[position % TTY_INPUT];
}

static bool is_marked(const struct tty_input *input, uint32_t position)
{
    position %= TTY_INPUT;
    return input->marks[position / 32] & 1u << position % 32;
}

static void mark(struct tty_input *input, uint32_t position, bool marked)
{
    uint32_t *word = &input->marks[position % TTY_INPUT / 32], bit = 1u << position % 32;

    *word = marked ? *word | bit : *word & ~bit;
}

/* True if one more byte has no place; the last place is kept for the end of a line. */
static bool no_room(const struct tty_input *input, bool ends)
{
    return input->tail - input->head >= TTY_INPUT - (ends ? 0u : 1u);
}

bool tty_is_full(const struct tty *tty)
{
    const struct tty_input *input = &tty->input;

    /* a single line that fills the buffer does not count: nobody can take it, only edit it */
    return input->head != input->ready && no_room(input, false);
}

static void make_ready(struct tty *tty)
{
    tty->input.ready = tty->input.tail;
    wait_wake(&tty->readable);
}

static void append(struct tty *tty, uint8_t c, bool ends_line)
{
    struct tty_input *input = &tty->input;
    bool ready = ends_line || !has(tty, ICANON);

    if (no_room(input, ready)) {
        show(tty, BELL);
        return;
    }
    if (input->tail == input->ready)
        input->column = tty->column;
    input->bytes[input->tail % TTY_INPUT] = c;
    mark(input, input->tail, ends_line);
    input->tail++;
    if (!(ends_line && !c))
        echo(tty, c);
    if (ready)
        make_ready(tty);
}

/* --- editing -----------------------------------------------------------------------------------
 */

/* Drops the last byte of the line, and from the screen what it took there. False: there is none. */
static bool erase_byte(struct tty *tty)
{
    struct tty_input *input = &tty->input;
    unsigned column = input->column;

    if (input->tail == input->ready)
        return false;
    input->tail--;
    if (!has(tty, ECHO) || !has(tty, ECHOE))
        return true;
    for (uint32_t position = input->ready; position != input->tail; position++)
        column += echo_width(tty, byte_at(input, position), column);
    uint8_t c = byte_at(input, input->tail);
    unsigned width = echo_width(tty, c, column);
    while (width--) {
        show(tty, '\b');
        if (c != '\t') {
            show(tty, ' ');
            show(tty, '\b');
        }
    }
    return true;
}

/* A character is its first byte and what continues it (IUTF8). */
static void erase_character(struct tty *tty)
{
    while (erase_byte(tty) && is_continuation(tty, byte_at(&tty->input, tty->input.tail)))
        ;
}

static bool last_is_word(const struct tty_input *input)
{
    uint8_t c = byte_at(input, input->tail - 1);

    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c >= 0x80;
}

/* The last word, and what stands behind it. */
static void erase_word(struct tty *tty)
{
    struct tty_input *input = &tty->input;

    while (input->tail != input->ready && !last_is_word(input))
        erase_byte(tty);
    while (input->tail != input->ready && last_is_word(input))
        erase_byte(tty);
}

static void erase_line(struct tty *tty)
{
    while (erase_byte(tty))
        ;
}

static void reprint(struct tty *tty)
{
    const struct tty_input *input = &tty->input;

    echo(tty, tty->termios.cc[VREPRINT]);
    show(tty, '\n');
    for (uint32_t position = input->ready; position != input->tail; position++)
        echo(tty, byte_at(input, position));
}

/* --- input -------------------------------------------------------------------------------------
 */

/* A control character of 0 is switched off. */
static bool is_cc(const struct tty *tty, uint8_t c, unsigned which)
{
    return c && c == tty->termios.cc[which];
}

static int signal_of(const struct tty *tty, uint8_t c)
{
    if (!has(tty, ISIG))
        return 0;
    return is_cc(tty, c, VINTR)   ? SIGINT
           : is_cc(tty, c, VQUIT) ? SIGQUIT
           : is_cc(tty, c, VSUSP) ? SIGTSTP
                                  : 0;
}

static void forget_input(struct tty *tty)
{
    tty->input.head = tty->input.ready = tty->input.tail;
    tty->input.quoted = false;
}

static void start(struct tty *tty)
{
    tty->stopped = false;
    wait_wake(&tty->writable);
}

static void key_signal(struct tty *tty, uint8_t c, int signal)
{
    if (!has(tty, NOFLSH)) {
        forget_input(tty);
        if (tty->driver->flush)
            tty->driver->flush(tty);
    }
    start(tty);
    echo(tty, c);
    if (tty->foreground)
        signal_raise_group(tty->foreground, signal);
}

/* True if c has stopped or started output and is no input. */
static bool controls_flow(struct tty *tty, uint8_t c)
{
    if (!(tty->termios.input & IXON))
        return false;
    if (is_cc(tty, c, VSTART)) {
        start(tty);
        return true;
    }
    if (is_cc(tty, c, VSTOP)) {
        tty->stopped = true;
        return true;
    }
    if (tty->stopped && (tty->termios.input & IXANY))
        start(tty);
    return false;
}

/* True if c edits the line. */
static bool edits(struct tty *tty, uint8_t c)
{
    bool extended = has(tty, IEXTEN);

    if (is_cc(tty, c, VERASE))
        erase_character(tty);
    else if (is_cc(tty, c, VKILL))
        erase_line(tty);
    else if (extended && is_cc(tty, c, VWERASE))
        erase_word(tty);
    else if (extended && is_cc(tty, c, VREPRINT))
        reprint(tty);
    else
        return false;
    return true;
}

static void canonical_input(struct tty *tty, uint8_t c)
{
    if (has(tty, IEXTEN) && is_cc(tty, c, VLNEXT)) {
        tty->input.quoted = true;
        if (has(tty, ECHO) && has(tty, ECHOCTL)) {
            show(tty, '^');
            show(tty, '\b');
        }
    } else if (is_cc(tty, c, VEOF)) {
        append(tty, 0, true);
    } else if (c == '\n' || is_cc(tty, c, VEOL) || (has(tty, IEXTEN) && is_cc(tty, c, VEOL2))) {
        append(tty, c, true);
    } else if (!edits(tty, c)) {
        append(tty, c, false);
    }
}

void tty_receive(struct tty *tty, uint8_t c)
{
    uint32_t input = tty->termios.input;
    int signal;

    if (input & ISTRIP)
        c &= 0x7f;
    if (tty->input.quoted) {
        tty->input.quoted = false;
        append(tty, c, false);
        return;
    }
    if (controls_flow(tty, c))
        return;
    signal = signal_of(tty, c);
    if (signal) {
        key_signal(tty, c, signal);
        return;
    }
    if (c == '\r') {
        if (input & IGNCR)
            return;
        if (input & ICRNL)
            c = '\n';
    } else if (c == '\n' && (input & INLCR)) {
        c = '\r';
    }
    if (has(tty, ICANON))
        canonical_input(tty, c);
    else
        append(tty, c, false);
}

/* --- taking ------------------------------------------------------------------------------------
 */

uint32_t tty_available(const struct tty *tty)
{
    return tty->input.ready - tty->input.head;
}

/* Takes an end of the input that is first, if one is. */
static bool take_end(struct tty_input *input)
{
    if (input->head == input->ready || !is_marked(input, input->head) ||
        byte_at(input, input->head))
        return false;
    input->head++;
    return true;
}

static size_t take(struct tty *tty, char *bytes, size_t size)
{
    struct tty_input *input = &tty->input;
    size_t taken = 0;

    while (taken < size && input->head != input->ready) {
        if (take_end(input))
            return taken;
        bool ends = is_marked(input, input->head);
        bytes[taken++] = byte_at(input, input->head++);
        if (ends && has(tty, ICANON))
            return taken;
    }
    /* an end right behind what was taken belongs to it: left there, the next read would be empty */
    take_end(input);
    return taken;
}

ssize_t tty_take(struct tty *tty, char *bytes, size_t size)
{
    uint32_t flags = interrupts_save();
    ssize_t taken = tty_available(tty) ? (ssize_t)take(tty, bytes, size) : -EAGAIN;

    interrupts_restore(flags);
    wait_wake(&tty->taken);
    if (tty->driver->room)
        tty->driver->room(tty);
    return taken;
}

/* --- attributes --------------------------------------------------------------------------------
 */

void tty_set_termios(struct tty *tty, const struct termios *termios)
{
    uint32_t flags = interrupts_save();
    struct tty_input *input = &tty->input;
    bool was_canonical = has(tty, ICANON);

    tty->termios = *termios;
    /* what is there becomes ready; for a canonical reader it is a line, though nothing ended it */
    if (was_canonical != has(tty, ICANON) && input->tail != input->head) {
        if (!was_canonical)
            mark(input, input->tail - 1, true);
        make_ready(tty);
    }
    if (!(termios->input & IXON) && tty->stopped)
        start(tty);
    interrupts_restore(flags);
}

void tty_flush_input(struct tty *tty)
{
    uint32_t flags = interrupts_save();

    forget_input(tty);
    interrupts_restore(flags);
    wait_wake(&tty->taken);
    if (tty->driver->room)
        tty->driver->room(tty);
}

void tty_flush_output(struct tty *tty)
{
    uint32_t flags = interrupts_save();

    if (tty->driver->flush)
        tty->driver->flush(tty);
    interrupts_restore(flags);
}
