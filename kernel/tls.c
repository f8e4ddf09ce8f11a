/*
 * set_thread_area: thread-local storage segments, three of them in the GDT, as set_thread_area(2)
 * says. What may be described is what cannot hurt the kernel: present data segments of ring 3,
 * 32-bit (a 16-bit stack segment would leave the upper half of the kernel's ESP in the user's on
 * iret).
 */
#include "arch/i386/switch.h"
#include "kernel/ipc_direct.h"
#include "kernel/process.h"
#include "kernel/syscall.h"

#define ANY_ENTRY 0xffffffff

/* An empty description, which clears its entry: base and limit 0 and only these bits, or none. */
static bool is_empty(const struct user_desc *d)
{
    uint32_t flags = d->flags & ~USER_DESC_USEABLE;

    return !d->base && !d->limit &&
           (!d->flags || flags == (USER_DESC_READ_ONLY | USER_DESC_NOT_PRESENT));
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

int tls_set(struct thread *thread, const struct user_desc *d)
{
    if (!is_empty(d) && !is_acceptable(d))
        return -EINVAL;
    if (d->entry < GDT_TLS_MIN || d->entry > GDT_TLS_MAX)
        return -EINVAL;
    thread->tls[d->entry - GDT_TLS_MIN] = make_descriptor(d);
    direct_forget(thread);
    return 0;
}

SYSCALL_DEFINE1(set_thread_area, unsafe_user_desc, user)
{
    struct thread *thread = current_thread();
    struct user_desc d;

    if (copy_object_u2k(&d, user))
        return -EFAULT;
    /* the number goes out first: a segment that nobody can name must not stay behind */
    if (d.entry == ANY_ENTRY) {
        if (!is_empty(&d) && !is_acceptable(&d))
            return -EINVAL;
        int entry = free_entry(thread);
        if (entry < 0)
            return entry;
        if (unsafe_poke32(unsafe_as_bytes(user), entry))
            return -EFAULT;
        d.entry = entry;
    }
    int error = tls_set(thread, &d);
    if (error)
        return error;
    interrupts_disable();
    switch_tls(thread);
    interrupts_enable();
    return 0;
}

/* The description that tls_set() would make the same descriptor of. */
static struct user_desc describe(descriptor_t descriptor, uint32_t entry)
{
    struct user_desc d = {.entry = entry};

    if (!descriptor.high) {
        d.flags = USER_DESC_READ_ONLY | USER_DESC_NOT_PRESENT;
        return d;
    }
    d.base = descriptor.low >> 16 | (descriptor.high & 0xff) << 16 | (descriptor.high & 0xff000000);
    d.limit = (descriptor.low & 0xffff) | (descriptor.high & 0xf0000);
    d.flags = USER_DESC_32BIT | (descriptor.high & 0x400 ? 2 : 0) |
              (descriptor.high & 0x200 ? 0 : USER_DESC_READ_ONLY) |
              (descriptor.high & 0x800000 ? USER_DESC_PAGES : 0) |
              (descriptor.high & 0x100000 ? USER_DESC_USEABLE : 0);
    return d;
}

SYSCALL_DEFINE1(get_thread_area, unsafe_user_desc, user)
{
    uint32_t entry;

    if (unsafe_peek32(&entry, unsafe_as_bytes(user)))
        return -EFAULT;
    if (entry < GDT_TLS_MIN || entry > GDT_TLS_MAX)
        return -EINVAL;
    struct user_desc d = describe(current_thread()->tls[entry - GDT_TLS_MIN], entry);
    return copy_object_k2u(user, &d);
}
