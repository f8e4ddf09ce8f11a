/*
 * set_thread_area: thread-local storage segments, three of them in the GDT, as set_thread_area(2)
 * says. What may be described is what cannot hurt the kernel: present data segments of ring 3,
 * 32-bit (a 16-bit stack segment would leave the upper half of the kernel's ESP in the user's on
 * iret).
 */
#include "arch/i386/switch.h"
#include "kernel/process.h"
#include "kernel/syscall.h"

#define ANY_ENTRY 0xffffffff

/* An empty description: base and limit 0 and only these bits. It clears its entry. */
static bool is_empty(const struct user_desc *d)
{
    return !d->base && !d->limit &&
           (d->flags & ~USER_DESC_USEABLE) == (USER_DESC_READ_ONLY | USER_DESC_NOT_PRESENT);
}

static bool is_acceptable(const struct user_desc *d)
{
    uint32_t contents = d->flags & USER_DESC_CONTENTS; /* 0 data, 2 expand-down, 4 and 6 code */

    return (d->flags & USER_DESC_32BIT) && contents <= 2 && !(d->flags & USER_DESC_NOT_PRESENT) &&
           d->limit <= 0xfffff;
}

static descriptor_t make_descriptor(const struct user_desc *d)
{
    uint32_t access = ACCESS_USER_DATA;

    if (is_empty(d))
        return (descriptor_t){0, 0};
    if (d->flags & USER_DESC_READ_ONLY)
        access &= ~2u;
    if (d->flags & USER_DESC_CONTENTS)
        access |= 4;
    return descriptor_segment(d->base, d->limit, access,
                              SEGMENT_32BIT | (d->flags & USER_DESC_PAGES ? SEGMENT_PAGES : 0) |
                                  (d->flags & USER_DESC_USEABLE ? 1 : 0));
}

/* The first free entry of thread, or -ESRCH (set_thread_area(2)). */
static int free_entry(const struct thread *thread)
{
    for (int i = 0; i < NR_TLS; i++) {
        if (!thread->tls[i].high)
            return GDT_TLS_MIN + i;
    }
    return -ESRCH;
}

SYSCALL_DEFINE1(set_thread_area, unsafe_user_desc, user)
{
    struct thread *thread = current_thread();
    struct user_desc d;

    if (copy_object_u2k(&d, user))
        return -EFAULT;
    if (!is_empty(&d) && !is_acceptable(&d))
        return -EINVAL;
    int entry = d.entry;
    if (d.entry == ANY_ENTRY) {
        entry = free_entry(thread);
        if (entry < 0)
            return entry;
        if (unsafe_poke32(unsafe_as_bytes(user), entry))
            return -EFAULT;
    }
    if (entry < GDT_TLS_MIN || entry > GDT_TLS_MAX)
        return -EINVAL;

    interrupts_disable();
    thread->tls[entry - GDT_TLS_MIN] = make_descriptor(&d);
    switch_tls(thread);
    interrupts_enable();
    return 0;
}
