/* Segments of the caller's own: set_thread_area(2) without a C library between. */
#ifndef USER_LIB_SEGMENTS_H
#define USER_LIB_SEGMENTS_H

#include <stdint.h>

#include "user/lib/syscall.h"

struct user_desc {
    uint32_t entry, base, limit, flags;
};

#define DESC_32BIT       0x01
#define DESC_EXPAND_DOWN 0x02
#define DESC_CODE        0x04
#define DESC_READ_ONLY   0x08
#define DESC_PAGES       0x10
#define DESC_ABSENT      0x20
#define DESC_USEABLE     0x40
#define DESC_EMPTY       (DESC_READ_ONLY | DESC_ABSENT) /* with base and limit 0 */
#define DESC_FLAT        (DESC_32BIT | DESC_PAGES)      /* with base 0 and limit fffff */

#define ANY_ENTRY        0xffffffff
#define SELECTOR(entry)  ((entry) << 3 | 3)

/* Describes a segment; the entry that was taken, or -errno. */
static inline int segment_set(uint32_t entry, uint32_t base, uint32_t limit, uint32_t flags)
{
    struct user_desc d = {entry, base, limit, flags};
    int error = syscall_raw(NR_set_thread_area, (long)&d, 0, 0);

    return error ? error : (int)d.entry;
}

#endif
