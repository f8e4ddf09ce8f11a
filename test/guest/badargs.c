/*
 * Bad addresses and bad descriptors, argument by argument: each that kernel/syscalls.def calls a
 * pointer or a descriptor is given every kind of one that the kernel must refuse, the other
 * arguments being good.
 *
 * Rule: EFAULT and EBADF, as the manual pages have them. A broken kernel trusts the one pointer
 * that it forgot. errnos.c has the pointers inside structures and what comes of an object that
 * straddles a hole.
 *
 * Each is tried in a child, which has the state that the call needs.
 */
#define _GNU_SOURCE
#include "test/guest/described.h"

#include "test/guest/calls.h"

/* --- arguments that are not tried here ----------------------------------------------------- */

/* By a line's name, or a call's that has no line with arguments. */
/* clang-format off: a row a line */
static const struct {
    const char *call;
    int argument;
    const char *reason;
} exceptions[] = {
    {"clone", 2, "what cannot be written is no error, as on Linux"},
    {"clone", 3, "only CLONE_SETTLS makes it one: clone.c"},
    {"clone", 4, "what cannot be written is no error, as on Linux"},
    {"dup2", 1, "any number below the limit is good"},
    {"dup3", 1, "any number below the limit is good"},
    {"execve", 0, "errnos.c"},
    {"execve", 1, "errnos.c"},
    {"execve", 2, "errnos.c"},
    {"futex", 4, "errnos.c"},
    {"futex_time64", 4, "errnos.c, by the other number"},
    {"ipc_call", 0, "ipc.c"},
    {"ipc_receive", 0, "ipc.c"},
    {"ipc_reply", 0, "ipc.c"},
    {"ipc_reply_and_wait", 0, "ipc.c"},
    {"ipc_send", 0, "ipc.c"},
    {"mmap2", 4, "memory without a file"},
    {"mmap2, populated", 4, "memory without a file"},
    {"mount", 4, "options, of which there are none"},
    {"openat, proc", 0, "the path is absolute"},
    {"prctl", 2, "no option that is known takes a second pointer"},
    {"prctl", 3, "no option that is known takes a second pointer"},
    {"prctl", 4, "no option that is known takes a second pointer"},
    {"readlinkat, proc", 0, "the path is absolute"},
    {"reboot", 3, "what would read it ends the machine"},
    {"postern_struck", 0, "is there with sweep=on alone"},
    {"rt_sigqueueinfo", 2, "errnos.c"},
    {"rt_tgsigqueueinfo", 3, "errnos.c"},
    {"sethostname", 0, "errnos.c"},
};
/* clang-format on */

static bool is_exception(const char *call, int argument)
{
    for (unsigned i = 0; i < COUNT(exceptions); i++) {
        if (!strcmp(exceptions[i].call, call) && exceptions[i].argument == argument)
            return true;
    }
    return false;
}

/* --- addresses and descriptors ------------------------------------------------------------- */

enum { UNMAPPED, NONE, NULL_PAGE, KERNEL_SPACE, GATE, LAST, READ_ONLY, NR_ADDRESSES };

static struct {
    const char *name;
    long value;
} addresses[NR_ADDRESSES] = {
    [UNMAPPED] = {"unmapped", 0},           [NONE] = {"PROT_NONE", 0},
    [NULL_PAGE] = {"the null page", 8},     [KERNEL_SPACE] = {"kernel space", 0xc0100000},
    [GATE] = {"the gate page", 0xffffd000}, [LAST] = {"the end of the address space", 0xfffffffc},
    [READ_ONLY] = {"read-only", 0},
};

static long *result; /* shared with the children */

static const long descriptors[] = {-1, FD_FREE, 1023, 65536, 0x7fffffff, (int)0x80000000, -4095};

static void make_addresses(void)
{
    long none = (long)mmap(NULL, PAGE, PROT_NONE, ANONYMOUS, -1, 0);
    char *hole = mmap(NULL, 2 * PAGE, PROT_READ, ANONYMOUS, -1, 0);
    unsigned char resident;

    munmap(hole, PAGE);
    addresses[UNMAPPED].value = (long)hole;
    addresses[NONE].value = none;
    addresses[READ_ONLY].value = (long)hole + PAGE;
    /* a 64-bit Linux may have the stack or a mapping up there */
    for (unsigned i = KERNEL_SPACE; i <= LAST; i++) {
        void *page = (void *)(addresses[i].value & -PAGE);
        if (!on_postern() && (errno = 0, mincore(page, PAGE, &resident) == 0 || errno != ENOMEM))
            addresses[i].value = addresses[UNMAPPED].value;
    }
}

/* --- the sweep ----------------------------------------------------------------------------- */

static bool try_addresses(const struct call *call, int argument, bool written)
{
    bool good = true;

    for (int i = 0; i < (written ? NR_ADDRESSES : READ_ONLY); i++)
        good &= calls_try((struct try){call, argument, addresses[i].value, result}, EFAULT,
                          addresses[i].name);
    return good;
}

static bool try_descriptors(const struct call *call, int argument)
{
    bool good = true;

    for (unsigned i = 0; i < COUNT(descriptors); i++)
        good &=
            calls_try((struct try){call, argument, descriptors[i], result}, EBADF, "descriptor");
    return good;
}

/* A string or an object of the table's, which lies where programs do; numbers there are smaller. */
static bool is_address(long value)
{
    extern char __executable_start[], end[];

    return value >= (long)__executable_start && value < (long)end;
}

static bool sweep_argument(const struct call *call, int argument, enum kind kind)
{
    if (is_exception(call->name, argument))
        return true;
    switch (kind) {
    case KIND_NONE:
    case KIND_NUMBER:
        return true;
    case KIND_FD:
        return try_descriptors(call, argument);
    case KIND_MAYBE:
        return !is_address(call->arguments[argument]) || try_addresses(call, argument, false);
    case KIND_POINTER:
    case KIND_OUT:
        return try_addresses(call, argument, kind == KIND_OUT);
    }
    return false;
}

static void sweep(const struct call *call)
{
    bool good = true;
    unsigned i = 0;

    while (described[i].number != call->number)
        i++;
    for (int argument = 0; argument < 6; argument++)
        good &= sweep_argument(call, argument, described[i].kinds[argument]);
    ktap_ok(good, "%s", call->name);
}

/* --- whether all are tried ----------------------------------------------------------------- */

static bool is_swept(long number, int argument, enum kind kind)
{
    for (unsigned i = 0; i < COUNT(all_calls); i++) {
        const struct call *call = &all_calls[i];
        if (call->number == number && !call->body && !is_exception(call->name, argument) &&
            (kind != KIND_MAYBE || is_address(call->arguments[argument])))
            return true;
    }
    return false;
}

static void check_list(void)
{
    int missing = 0;

    for (unsigned i = 0; i < COUNT(described); i++) {
        for (int argument = 0; argument < 6; argument++) {
            enum kind kind = described[i].kinds[argument];
            if (kind == KIND_NONE || kind == KIND_NUMBER ||
                is_swept(described[i].number, argument, kind) ||
                is_exception(described[i].name, argument))
                continue;
            ktap_note("%s, argument %d: not tried", described[i].name, argument);
            missing++;
        }
    }
    ktap_equal(missing, 0, "every pointer and descriptor of kernel/syscalls.def is tried");
}

int main(void)
{
    ktap_begin();
    calls_enter("badargs");
    alarm(0);
    result = mmap(NULL, PAGE, BOTH, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    make_addresses(); /* last, so that nothing else is mapped into the hole */
    check_list();
    for (unsigned i = 0; i < COUNT(all_calls); i++) {
        if (!all_calls[i].body && (on_postern() || all_calls[i].number < POSTERN_CALL_BASE))
            sweep(&all_calls[i]);
    }
    calls_leave();
    return ktap_end();
}
