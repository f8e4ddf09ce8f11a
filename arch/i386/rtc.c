#include "arch/i386/rtc.h"

#include "arch/i386/asm.h"
#include "kernel/string.h"

#define ADDRESS           0x70
#define DATA              0x71

#define STATUS_A          0x0a
#define UPDATE_RUNS       0x80 /* in status A: the time changes within 244 us */
#define STATUS_B          0x0b
#define BINARY            0x04 /* in status B: else decimal digits */
#define HOURS_24          0x02
#define HOUR_PM           0x80

#define ATTEMPTS          100000 /* a clock that is broken or absent must not stop the boot */
#define SECONDS_PER_DAY   86400
#define DAYS_1970_TO_2000 10957

enum {
    SECOND,
    MINUTE,
    HOUR,
    DAY,
    MONTH,
    YEAR,
    NR_FIELDS,
};

static const uint8_t registers[NR_FIELDS] = {0, 2, 4, 7, 8, 9};

static uint8_t read_register(uint8_t number)
{
    outb(ADDRESS, number);
    return inb(DATA);
}

static void read_fields(uint8_t fields[NR_FIELDS])
{
    for (unsigned i = 0; i < ATTEMPTS && (read_register(STATUS_A) & UPDATE_RUNS); i++)
        ;
    for (unsigned i = 0; i < NR_FIELDS; i++)
        fields[i] = read_register(registers[i]);
}

/* Two readings that agree: an update may have begun after the first look at status A. */
static void read_stable(uint8_t fields[NR_FIELDS])
{
    uint8_t before[NR_FIELDS];

    read_fields(fields);
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        memcpy(before, fields, NR_FIELDS);
        read_fields(fields);
        if (!memcmp(before, fields, NR_FIELDS))
            return;
    }
}

static void to_binary(uint8_t fields[NR_FIELDS])
{
    uint8_t status = read_register(STATUS_B);
    bool afternoon = !(status & HOURS_24) && (fields[HOUR] & HOUR_PM);

    if (!(status & HOURS_24))
        fields[HOUR] &= ~HOUR_PM;
    if (!(status & BINARY)) {
        for (unsigned i = 0; i < NR_FIELDS; i++)
            fields[i] = fields[i] / 16 * 10 + fields[i] % 16;
    }
    if (!(status & HOURS_24))
        fields[HOUR] = fields[HOUR] % 12 + (afternoon ? 12 : 0);
}

/* Days from 1 January 2000 of a date in 2000 to 2099, where every fourth year is a leap year. */
static uint32_t days_since_2000(uint32_t year, uint32_t month, uint32_t day)
{
    static const uint16_t before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool leap_day_over = year % 4 == 0 && month > 2;

    return year * 365 + (year + 3) / 4 + before[(month + 11) % 12] + leap_day_over + day - 1;
}

uint64_t rtc_read(void)
{
    uint8_t fields[NR_FIELDS];

    read_stable(fields);
    to_binary(fields);
    uint32_t days = DAYS_1970_TO_2000 + days_since_2000(fields[YEAR], fields[MONTH], fields[DAY]);
    return (uint64_t)days * SECONDS_PER_DAY + fields[HOUR] * 3600 + fields[MINUTE] * 60 +
           fields[SECOND];
}
