/* The axes along which a benchmark can be varied while the system runs. */
#ifndef USER_BENCH_SETTINGS_H
#define USER_BENCH_SETTINGS_H

#include <stdbool.h>

enum axis {
    AXIS_DOOR,
    AXIS_COPY,
    AXIS_RESIDENT,
    AXIS_IPC,
    AXIS_ISOLATION, /* the last varies fastest */
    NR_AXES,
};

#define AS_IT_IS (-1)

/* One value of each axis: an index into its names, or AS_IT_IS. */
struct settings {
    int value[NR_AXES];
};

/* Values of each axis, as bits; 0: as it is. */
struct wanted {
    unsigned values[NR_AXES];
};

const char *axis_name(enum axis axis);
const char *axis_value_name(enum axis axis, int value);

/* Reads `--AXIS=VALUE,VALUE` or `--AXIS=all`; false: it is something else. */
bool settings_option(struct wanted *wanted, const char *word);

/* The only settings that wanted has: the lowest value of each axis. */
struct settings settings_single(const struct wanted *wanted);

/* What a process needs before and after the execve that starts a benchmark: the calling process is
 * given these settings. False: this combination is impossible here. */
bool settings_before_exec(const struct settings *settings);
bool settings_apply(const struct settings *settings);

/* The doors that there are, as bits. On Linux int $0x80, and what the vDSO uses. */
unsigned settings_doors(void);

/* The function that enters by door. */
void (*settings_stub(int door))(void);

/* The isolation that this process has: "split", "shared" or "linux". */
const char *settings_mode(void);

#endif
