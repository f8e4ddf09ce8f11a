/* The battery-backed clock (Motorola MC146818A data sheet). */
#ifndef ARCH_I386_RTC_H
#define ARCH_I386_RTC_H

#include "arch/i386/types.h"

/* Seconds since 1970, as the machine's clock has them, which is taken to run in UTC in this
 * century: it has two digits for the year. Once, at boot. */
uint64_t rtc_read(void);

#endif
