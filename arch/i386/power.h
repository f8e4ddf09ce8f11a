/* The end of the machine. Any context; no way back. */
#ifndef ARCH_I386_POWER_H
#define ARCH_I386_POWER_H

/*
 * Powers off. Where the runner gave the machine QEMU's isa-debug-exit at port 0x501, it learns the
 * low seven bits of status: QEMU exits with status << 1 | 1. A machine that cannot power off
 * without ACPI halts, and says so.
 */
_Noreturn void power_off(int status);

/* Restarts the machine. */
_Noreturn void power_reset(void);

#endif
