#include "kernel/trace.h"

#include "kernel/format.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/string.h"

#define MAX_ARGUMENTS 6
#define TEXT_SHOWN    32 /* bytes of a string or buffer */

enum kind {
    KIND_INT,
    KIND_HEX,
    KIND_OCTAL,
    KIND_UINT,
    KIND_ADDRESS,
    KIND_PATH,
    KIND_IN_BYTES,
};

struct argument {
    const char *name;
    uint8_t kind;
    uint8_t length; /* KIND_IN_BYTES: which argument holds its length */
};

struct call {
    uint16_t number;
    const char *name;
    struct argument arguments[MAX_ARGUMENTS];
};

#define ARGUMENT(x, kind, length) \
    {                             \
#x, KIND_##kind, length   \
    }
#define INT(x)           ARGUMENT(x, INT, 0)
#define FD(x)            ARGUMENT(x, INT, 0)
#define PID(x)           ARGUMENT(x, INT, 0)
#define SIGNAL(x)        ARGUMENT(x, INT, 0)
#define UINT(x)          ARGUMENT(x, UINT, 0)
#define SIZE(x)          ARGUMENT(x, UINT, 0)
#define HEX(x)           ARGUMENT(x, HEX, 0)
#define MAYBE(x)         ARGUMENT(x, HEX, 0)
#define OCTAL(x)         ARGUMENT(x, OCTAL, 0)
#define ADDRESS(x)       ARGUMENT(x, ADDRESS, 0)
#define STRINGS(x)       ARGUMENT(x, ADDRESS, 0)
#define OUT_BYTES(x, n)  ARGUMENT(x, ADDRESS, 0)
#define IN(x, type)      ARGUMENT(x, ADDRESS, 0)
#define OUT(x, type)     ARGUMENT(x, ADDRESS, 0)
#define INOUT(x, type)   ARGUMENT(x, ADDRESS, 0)
#define IN_VECTOR(x, n)  ARGUMENT(x, ADDRESS, 0)
#define OUT_VECTOR(x, n) ARGUMENT(x, ADDRESS, 0)
#define PATH(x)          ARGUMENT(x, PATH, 0)
#define IN_BYTES(x, n)   ARGUMENT(x, IN_BYTES, n)

static const struct call calls[] = {
#define SYSCALL(number, name, ...) {number, #name, {__VA_ARGS__}},
#include "kernel/syscalls.def"
#undef SYSCALL
};

static const struct call *find_call(uint32_t number)
{
    for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
        if (calls[i].number == number)
            return &calls[i];
    }
    return NULL;
}

struct line {
    char text[256];
    size_t length;
};

static void append(struct line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(struct line *line, const char *format, ...)
{
    size_t room = sizeof(line->text) - line->length;
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(line->text + line->length, room, format, arguments);
    va_end(arguments);
    line->length += MIN((size_t)length, room - 1);
}

/* bytes in quotes, what is not printable as an octal escape, an ellipsis if there is more. */
static void append_text(struct line *line, const char *bytes, size_t length, bool more)
{
    append(line, "\"");
    for (size_t i = 0; i < length; i++) {
        unsigned char c = bytes[i];
        if (c == '\n')
            append(line, "\\n");
        else if (c < ' ' || c > '~' || c == '"' || c == '\\')
            append(line, "\\%03o", c);
        else
            append(line, "%c", c);
    }
    append(line, more ? "\"..." : "\"");
}

static void append_path(struct line *line, uint32_t address)
{
    char path[TEXT_SHOWN + 1];
    ssize_t length = copy_str_u2k(path, (unsafe_string){.address = address}, sizeof(path));

    if (length == -EFAULT)
        append(line, "%#x", address);
    else
        append_text(line, path, strlen(path), length < 0);
}

static void append_bytes(struct line *line, uint32_t address, uint32_t size)
{
    char bytes[TEXT_SHOWN];
    size_t shown = MIN(size, (uint32_t)sizeof(bytes));

    if (copy_u2k(bytes, (unsafe_bytes){.address = address}, shown))
        append(line, "%#x", address);
    else
        append_text(line, bytes, shown, shown < size);
}

static void append_argument(struct line *line, const struct argument *a, const uint32_t *values,
                            uint32_t value)
{
    append(line, "%s=", a->name);
    switch ((enum kind)a->kind) {
    case KIND_INT:
        append(line, "%d", (int32_t)value);
        break;
    case KIND_UINT:
        append(line, "%u", value);
        break;
    case KIND_OCTAL:
        append(line, "%#o", value);
        break;
    case KIND_HEX:
    case KIND_ADDRESS:
        append(line, "%#x", value);
        break;
    case KIND_PATH:
        append_path(line, value);
        break;
    case KIND_IN_BYTES:
        append_bytes(line, value, values[a->length]);
        break;
    }
}

static void describe(struct line *line, const struct trapframe *tf)
{
    const struct call *call = find_call(tf->eax);
    uint32_t values[MAX_ARGUMENTS] = {tf->ebx, tf->ecx, tf->edx, tf->esi, tf->edi, 0};

    append(line, "%s[%d] ", current_process()->name, current_process()->pid);
    if (!call) {
        append(line, "call %u(%#x, %#x, %#x)", tf->eax, tf->ebx, tf->ecx, tf->edx);
        return;
    }
    append(line, "%s(", call->name);
    if (call->arguments[5].name && syscall_argument6(tf, &values[5]))
        append(line, "unreadable sixth argument, ");
    for (unsigned i = 0; i < MAX_ARGUMENTS && call->arguments[i].name; i++) {
        if (i)
            append(line, ", ");
        append_argument(line, &call->arguments[i], values, values[i]);
    }
    append(line, ")");
}

/*
 * The arguments are decoded before the call, which may change or unmap what they point to, and
 * printed with the result in one line; a call that does not return prints its line first.
 */
long trace_call(struct trapframe *tf, syscall_handler handler)
{
    struct line line = {.length = 0};
    uint32_t number = tf->eax;
    const struct call *call = find_call(number);

    describe(&line, tf);
    if (call && (!strncmp(call->name, "exit", 4) || !strcmp(call->name, "postern_poweroff")))
        printk(LOG_INFO, "trace: %s\n", line.text);
    long result = handler(tf);
    if (result < 0 && result > -4096)
        printk(LOG_INFO, "trace: %s = -%ld%s\n", line.text, -result,
               result == -ENOSYS ? " (no such call)" : "");
    else
        printk(LOG_INFO, "trace: %s = %#lx\n", line.text, (unsigned long)result);
    return result;
}
