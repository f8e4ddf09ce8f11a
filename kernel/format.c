#include "kernel/format.h"

#include <stdbool.h>
#include <stdint.h>

#include "arch/i386/asm.h"
#include "kernel/string.h"

struct output {
    char *buffer;
    size_t size, length;
};

static void put(struct output *out, char c)
{
    if (out->length + 1 < out->size)
        out->buffer[out->length] = c;
    out->length++;
}

static void put_many(struct output *out, char c, int count)
{
    while (count-- > 0)
        put(out, c);
}

struct directive {
    bool left, zero, plus, space, alternate;
    int width, precision; /* -1: none */
    int length;           /* 0 int, 1 long or size_t, 2 long long; -1 short, -2 char */
};

/* prefix, zeroes, digits, all within the width. */
static void put_field(struct output *out, const struct directive *d, const char *prefix,
                      const char *text, int text_length)
{
    int zeroes = 0, prefix_length = strlen(prefix);

    if (d->precision > text_length)
        zeroes = d->precision - text_length;
    int padding = d->width - prefix_length - zeroes - text_length;
    if (d->zero && !d->left && d->precision < 0 && padding > 0) {
        zeroes += padding;
        padding = 0;
    }
    if (!d->left)
        put_many(out, ' ', padding);
    while (*prefix)
        put(out, *prefix++);
    put_many(out, '0', zeroes);
    for (int i = 0; i < text_length; i++)
        put(out, text[i]);
    if (d->left)
        put_many(out, ' ', padding);
}

static void put_number(struct output *out, const struct directive *d, uint64_t value,
                       const char *sign, unsigned base, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24], *end = text + sizeof(text), *start = end;
    const char *prefix = sign;
    bool zero = !value;

    while (value) {
        uint32_t digit;
        value = divide_u64(value, base, &digit);
        *--start = digits[digit];
    }
    if (zero && d->precision != 0)
        *--start = '0';
    if (d->alternate && base == 8 && (start == end || *start != '0'))
        *--start = '0';
    if (d->alternate && base == 16 && !zero)
        prefix = upper ? "0X" : "0x";
    put_field(out, d, prefix, start, end - start);
}

static uint64_t take_unsigned(const struct directive *d, va_list *arguments)
{
    switch (d->length) {
    case 2:
        return va_arg(*arguments, unsigned long long);
    case 1:
        return va_arg(*arguments, unsigned long);
    case -1:
        return (unsigned short)va_arg(*arguments, unsigned);
    case -2:
        return (unsigned char)va_arg(*arguments, unsigned);
    }
    return va_arg(*arguments, unsigned);
}

static int64_t take_signed(const struct directive *d, va_list *arguments)
{
    switch (d->length) {
    case 2:
        return va_arg(*arguments, long long);
    case 1:
        return va_arg(*arguments, long);
    case -1:
        return (short)va_arg(*arguments, int);
    case -2:
        return (signed char)va_arg(*arguments, int);
    }
    return va_arg(*arguments, int);
}

static void put_signed(struct output *out, const struct directive *d, int64_t value)
{
    const char *sign = value < 0 ? "-" : d->plus ? "+" : d->space ? " " : "";

    put_number(out, d, value < 0 ? -(uint64_t)value : (uint64_t)value, sign, 10, false);
}

static void put_string(struct output *out, struct directive *d, const char *string)
{
    int length = 0;

    if (!string)
        string = "(null)";
    while ((d->precision < 0 || length < d->precision) && string[length])
        length++;
    d->precision = -1;
    d->zero = false;
    put_field(out, d, "", string, length);
}

/* A number in the format, or the next argument for '*'. */
static int take_count(const char **format, va_list *arguments)
{
    int count = 0;

    if (**format == '*') {
        ++*format;
        return va_arg(*arguments, int);
    }
    while (**format >= '0' && **format <= '9')
        count = count * 10 + (*(*format)++ - '0');
    return count;
}

static struct directive parse(const char **format, va_list *arguments)
{
    struct directive d = {.precision = -1};

    for (;; ++*format) {
        char c = **format;
        if (c == '-')
            d.left = true;
        else if (c == '0')
            d.zero = true;
        else if (c == '+')
            d.plus = true;
        else if (c == ' ')
            d.space = true;
        else if (c == '#')
            d.alternate = true;
        else
            break;
    }
    d.width = take_count(format, arguments);
    if (d.width < 0) {
        d.left = true;
        d.width = -d.width;
    }
    if (**format == '.') {
        ++*format;
        d.precision = take_count(format, arguments);
    }
    for (; **format == 'l' || **format == 'h' || **format == 'z'; ++*format)
        d.length += **format == 'h' ? -1 : 1;
    return d;
}

int vsnprintf(char *buffer, size_t size, const char *format, va_list list)
{
    struct output out = {.buffer = buffer, .size = size};
    va_list arguments;

    va_copy(arguments, list);
    while (*format) {
        if (*format != '%') {
            put(&out, *format++);
            continue;
        }
        format++;
        struct directive d = parse(&format, &arguments);
        char conversion = *format ? *format++ : '%';
        switch (conversion) {
        case 'd':
        case 'i':
            put_signed(&out, &d, take_signed(&d, &arguments));
            break;
        case 'u':
            put_number(&out, &d, take_unsigned(&d, &arguments), "", 10, false);
            break;
        case 'o':
            put_number(&out, &d, take_unsigned(&d, &arguments), "", 8, false);
            break;
        case 'x':
        case 'X':
            put_number(&out, &d, take_unsigned(&d, &arguments), "", 16, conversion == 'X');
            break;
        case 'p':
            d.alternate = true;
            put_number(&out, &d, (uintptr_t)va_arg(arguments, void *), "", 16, false);
            break;
        case 'c': {
            char c = va_arg(arguments, int);
            d.precision = -1;
            put_field(&out, &d, "", &c, 1);
            break;
        }
        case 's':
            put_string(&out, &d, va_arg(arguments, const char *));
            break;
        case '%':
            put(&out, '%');
            break;
        default:
            put(&out, '%');
            put(&out, conversion);
        }
    }
    va_end(arguments);
    if (size)
        buffer[out.length < size ? out.length : size - 1] = '\0';
    return out.length;
}

int snprintf(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
