#include "user/bench/settings.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

#include "user/lib/postern.h"
#include "user/lib/syscall.h"

static const char *const switch_names[] = {"off", "on"};
static const char *const ipc_names[] = {[IPC_DIRECT] = "direct", [IPC_KERNEL] = "kernel"};

static const struct {
    const char *name;
    const char *const *values;
    int nr_values;
} axes[NR_AXES] = {
    [AXIS_DOOR] = {"door", door_names, NR_DOORS},
    [AXIS_COPY] = {"copy", copy_names, NR_COPIES},
    [AXIS_RESIDENT] = {"resident", switch_names, 2},
    [AXIS_IPC] = {"ipc", ipc_names, 2},
    [AXIS_ISOLATION] = {"isolation", isolation_names, 2},
};

const char *axis_name(enum axis axis)
{
    return axes[axis].name;
}

const char *axis_value_name(enum axis axis, int value)
{
    return axes[axis].values[value];
}

/* The bit of the value that the first length characters name; 0: none. */
static unsigned value_named(enum axis axis, const char *name, size_t length)
{
    if (length == 3 && !memcmp(name, "all", 3))
        return (1u << axes[axis].nr_values) - 1;
    for (int i = 0; i < axes[axis].nr_values; i++) {
        if (strlen(axes[axis].values[i]) == length && !memcmp(axes[axis].values[i], name, length))
            return 1u << i;
    }
    return 0;
}

static bool read_list(unsigned *values, enum axis axis, const char *list)
{
    for (;;) {
        size_t length = strcspn(list, ",");
        unsigned bits = value_named(axis, list, length);
        if (!bits)
            return false;
        *values |= bits;
        if (!list[length])
            return true;
        list += length + 1;
    }
}

bool settings_option(struct wanted *wanted, const char *word)
{
    for (int axis = 0; axis < NR_AXES; axis++) {
        size_t length = strlen(axes[axis].name);
        if (!strncmp(word, "--", 2) && !strncmp(word + 2, axes[axis].name, length) &&
            word[2 + length] == '=')
            return read_list(&wanted->values[axis], axis, word + 2 + length + 1);
    }
    return false;
}

struct settings settings_single(const struct wanted *wanted)
{
    struct settings settings;

    for (int axis = 0; axis < NR_AXES; axis++)
        settings.value[axis] = __builtin_ffs(wanted->values[axis]) - 1;
    return settings;
}

static bool set(enum postern_setting setting, int value)
{
    return value == AS_IT_IS || !on_postern() || !postern_set(setting, value);
}

bool settings_before_exec(const struct settings *settings)
{
    return set(POSTERN_ISOLATION_NEXT, settings->value[AXIS_ISOLATION]) &&
           set(POSTERN_RESIDENT_NEXT, settings->value[AXIS_RESIDENT]);
}

bool settings_apply(const struct settings *settings)
{
    return set(POSTERN_COPY, settings->value[AXIS_COPY]) &&
           set(POSTERN_IPC, settings->value[AXIS_IPC]) &&
           set(POSTERN_DOOR_NEXT, settings->value[AXIS_DOOR]);
}

/* The door of Linux's vDSO, by the instruction that stands in its entry point. */
static unsigned linux_doors(void)
{
    const uint8_t *code = (const uint8_t *)getauxval(AT_SYSINFO);
    unsigned doors = 1u << DOOR_INT80;

    for (int i = 0; code && i < 16; i++) {
        if (code[i] == 0x0f && code[i + 1] == 0x34)
            return doors | 1u << DOOR_SYSENTER;
        if (code[i] == 0x0f && code[i + 1] == 0x05)
            return doors | 1u << DOOR_SYSCALL;
    }
    return doors;
}

unsigned settings_doors(void)
{
    return on_postern() ? (unsigned)postern_get(POSTERN_DOORS) : linux_doors();
}

void (*settings_stub(int door))(void)
{
    if (!on_postern() && door != DOOR_INT80)
        return (void (*)(void))getauxval(AT_SYSINFO);
    return syscall_stub(door);
}

const char *settings_mode(void)
{
    return on_postern() ? isolation_names[postern_get(POSTERN_ISOLATION)] : "linux";
}
