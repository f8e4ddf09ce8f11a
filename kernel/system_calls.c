/* The system as a whole: its names, memory, log, random numbers, and its end. */
#include "kernel/system.h"

#include "arch/i386/asm.h"
#include "arch/i386/power.h"
#include "kernel/abi_system.h"
#include "kernel/load.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/random.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "mm/frame.h"
#include "mm/heap.h"

/* --- names --------------------------------------------------------------------------------------
 */

char system_node[HOST_NAME_MAX + 1] = "postern";
char system_domain[HOST_NAME_MAX + 1] = "(none)";

SYSCALL_DEFINE1(uname, unsafe_utsname, user)
{
    struct utsname name = {
        .system = SYSTEM_NAME,
        .release = SYSTEM_RELEASE,
        .version = SYSTEM_VERSION,
        .machine = SYSTEM_MACHINE,
    };

    strlcpy(name.node, system_node, sizeof(name.node));
    strlcpy(name.domain, system_domain, sizeof(name.domain));
    return copy_object_k2u(user, &name);
}

static long set_name(char name[HOST_NAME_MAX + 1], unsafe_bytes from, int32_t length)
{
    char new[HOST_NAME_MAX + 1] = {0};

    if (!process_is_root())
        return -EPERM;
    if (length < 0 || length > HOST_NAME_MAX)
        return -EINVAL;
    if (copy_u2k(new, from, length))
        return -EFAULT;
    memcpy(name, new, sizeof(new));
    return 0;
}

SYSCALL_DEFINE2(sethostname, unsafe_bytes, name, int32_t, length)
{
    return set_name(system_node, name, length);
}

SYSCALL_DEFINE2(setdomainname, unsafe_bytes, name, int32_t, length)
{
    return set_name(system_domain, name, length);
}

/* --- memory -------------------------------------------------------------------------------------
 */

SYSCALL_DEFINE1(sysinfo, unsafe_sysinfo, to)
{
    struct sysinfo info = {
        .uptime = divide_u64(time_now(), NANOSECONDS, NULL),
        .loads = {load_average[0] << (16 - LOAD_SHIFT), load_average[1] << (16 - LOAD_SHIFT),
                  load_average[2] << (16 - LOAD_SHIFT)},
        .total_ram = frames_total * PAGE_SIZE,
        .free_ram = (frames_total - frames_in_use) * PAGE_SIZE,
        .processes = nr_processes,
        .unit = 1,
    };

    return copy_object_k2u(to, &info);
}

/* --- random numbers -----------------------------------------------------------------------------
 */

#define RANDOM_CHUNK 256

SYSCALL_DEFINE3(getrandom, unsafe_bytes, to, size_t, size, uint32_t, flags)
{
    uint8_t bytes[RANDOM_CHUNK];
    size_t done = 0, moved = 1;

    if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
        (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    size = MIN(size, (size_t)INT32_MAX);
    if (!unsafe_range_ok(to, size))
        return -EFAULT;
    while (done < size && moved && !thread_is_killed(current_thread())) {
        size_t part = MIN(size - done, sizeof(bytes));
        random_bytes(bytes, part);
        moved = copy_k2u_partial(unsafe_advance(to, done), bytes, part);
        done += moved;
    }
    if (done || !size)
        return done;
    return moved ? -ERESTARTSYS : -EFAULT;
}

/* --- the log ------------------------------------------------------------------------------------
 */

#define LOG_CHUNK 512

static uint32_t log_cleared; /* what SYSLOG_CLEAR hid ends here */
static uint32_t log_taken;   /* what SYSLOG_READ gave ends here */

static uint32_t log_length(uint32_t position)
{
    char chunk[LOG_CHUNK];
    uint32_t length = 0, part;

    while ((part = log_read(&position, chunk, sizeof(chunk))))
        length += part;
    return length;
}

/* Copies from *position on, and moves it. */
static long log_copy(uint32_t *position, unsafe_bytes to, uint32_t size)
{
    char chunk[LOG_CHUNK];
    uint32_t done = 0, part;

    while (done < size &&
           (part = log_read(position, chunk, MIN(size - done, (uint32_t)sizeof(chunk))))) {
        if (copy_k2u(unsafe_advance(to, done), chunk, part))
            return -EFAULT;
        done += part;
    }
    return done;
}

/* The last bytes of the log, as many as fit, from a line's beginning. */
static long log_tail(unsafe_bytes to, uint32_t size)
{
    uint32_t position = log_cleared, length = log_length(position);
    char c = '\n';

    while (length > size || c != '\n') {
        if (!log_read(&position, &c, 1))
            break;
        length--;
    }
    return log_copy(&position, to, size);
}

static long log_get(int action, unsafe_bytes to, int32_t size)
{
    if (unsafe_is_null(to) || size < 0)
        return -EINVAL;
    if (!size)
        return 0;
    if (!unsafe_range_ok(to, size))
        return -EFAULT;
    if (action == SYSLOG_READ)
        return log_copy(&log_taken, to, size);
    long result = log_tail(to, size);
    if (action == SYSLOG_READ_CLEAR && result >= 0)
        log_cleared += log_length(log_cleared);
    return result;
}

static long log_set_level(int32_t level)
{
    if (level < 1 || level > 8)
        return -EINVAL;
    log_threshold = level - 1;
    return 0;
}

SYSCALL_DEFINE3(syslog, int, action, unsafe_bytes, buffer, int32_t, length)
{
    if (action != SYSLOG_READ_ALL && action != SYSLOG_SIZE_BUFFER && !process_is_root())
        return -EPERM;
    switch (action) {
    case SYSLOG_CLOSE:
    case SYSLOG_OPEN:
        return 0;
    case SYSLOG_READ:
    case SYSLOG_READ_ALL:
    case SYSLOG_READ_CLEAR:
        return log_get(action, buffer, length);
    case SYSLOG_CLEAR:
        log_cleared += log_length(log_cleared);
        return 0;
    case SYSLOG_CONSOLE_OFF:
        log_threshold = LOG_ERROR;
        return 0;
    case SYSLOG_CONSOLE_ON:
        log_threshold = LOG_INFO;
        return 0;
    case SYSLOG_CONSOLE_LEVEL:
        return log_set_level(length);
    case SYSLOG_SIZE_UNREAD:
        return log_length(log_taken);
    case SYSLOG_SIZE_BUFFER:
        return LOG_SIZE;
    }
    return -EINVAL;
}

/* --- the end ------------------------------------------------------------------------------------
 */

static bool is_magic(uint32_t first, uint32_t second)
{
    return first == REBOOT_MAGIC1 && (second == REBOOT_MAGIC2 || second == REBOOT_MAGIC2A ||
                                      second == REBOOT_MAGIC2B || second == REBOOT_MAGIC2C);
}

SYSCALL_DEFINE4(reboot, uint32_t, first, uint32_t, second, uint32_t, command, unsafe_string, text)
{
    (void)text;
    if (!process_is_root())
        return -EPERM;
    if (!is_magic(first, second))
        return -EINVAL;
    switch (command) {
    case REBOOT_RESTART:
    case REBOOT_RESTART2:
        power_reset();
    case REBOOT_HALT:
    case REBOOT_POWER_OFF:
        power_off(0);
    case REBOOT_CAD_ON:
    case REBOOT_CAD_OFF:
        return 0;
    }
    return -EINVAL;
}

/* --- what there is none of ----------------------------------------------------------------------
 */

/* socket(2): no protocol family exists. */
#define SOCK_TYPE      0xf
#define SOCK_TYPE_LAST 10
#define AF_LAST        46

SYSCALL_DEFINE3(socket, int, family, int, type, int, protocol)
{
    (void)protocol;
    if (type & ~(SOCK_TYPE | O_NONBLOCK | O_CLOEXEC))
        return -EINVAL;
    if (family >= 0 && family < AF_LAST && (type & SOCK_TYPE) > SOCK_TYPE_LAST)
        return -EINVAL;
    return -EAFNOSUPPORT;
}

#define SYS_SOCKET     1 /* socketcall(2): the call that makes descriptors */
#define SYS_SOCKETPAIR 8

SYSCALL_DEFINE2(socketcall, int, call, unsafe_u32, arguments)
{
    /* how many each call takes, from SYS_SOCKET on */
    static const uint8_t counts[] = {3, 3, 3, 2, 3, 3, 3, 4, 4, 4, 6, 6, 2, 5, 5, 3, 3, 4, 5, 4};
    uint32_t words[6];

    if (call < SYS_SOCKET || call >= SYS_SOCKET + (int)ARRAY_SIZE(counts))
        return -EINVAL;
    if (copy_u2k(words, unsafe_as_bytes(arguments), counts[call - SYS_SOCKET] * sizeof(words[0])))
        return -EFAULT;
    /* every other one wants a socket's descriptor, and there is none */
    return call == SYS_SOCKET || call == SYS_SOCKETPAIR ? -EAFNOSUPPORT : -ENOTSOCK;
}

/* The console is one terminal for all: there is nothing behind it to hang up. */
SYSCALL_DEFINE0(vhangup)
{
    return process_is_root() ? 0 : -EPERM;
}
