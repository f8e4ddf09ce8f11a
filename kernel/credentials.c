#include "kernel/credentials.h"

#include "kernel/process.h"
#include "kernel/resident.h"
#include "kernel/syscall.h"

/* In an argument: leave this form as it is. As an id it is invalid. */
#define KEEP 0xffffffffu

static struct credentials *own(void)
{
    return &current_process()->credentials;
}

bool process_is_root(void)
{
    return own()->user.effective == 0;
}

bool process_in_group(uint32_t group)
{
    const struct credentials *credentials = own();

    if (credentials->group.file == group)
        return true;
    for (uint32_t i = 0; i < credentials->nr_groups; i++) {
        if (credentials->groups[i] == group)
            return true;
    }
    return false;
}

/* --- the rules, the same for users and groups ---------------------------------------------------
 */

static bool is_one_of(const struct identity *old, uint32_t id)
{
    return id == old->real || id == old->effective || id == old->saved;
}

static int identity_set(struct identity *identity, uint32_t id)
{
    if (id == KEEP)
        return -EINVAL;
    if (process_is_root())
        *identity = (struct identity){id, id, id, id};
    else if (id == identity->real || id == identity->saved)
        identity->effective = identity->file = id;
    else
        return -EPERM;
    resident_changed(current_process());
    return 0;
}

static int identity_set_two(struct identity *identity, uint32_t real, uint32_t effective)
{
    struct identity old = *identity;

    if (!process_is_root() && ((real != KEEP && real != old.real && real != old.effective) ||
                               (effective != KEEP && !is_one_of(&old, effective))))
        return -EPERM;
    if (real != KEEP)
        identity->real = real;
    if (effective != KEEP)
        identity->effective = effective;
    if (real != KEEP || (effective != KEEP && effective != old.real))
        identity->saved = identity->effective;
    identity->file = identity->effective;
    resident_changed(current_process());
    return 0;
}

static int identity_set_three(struct identity *identity, uint32_t real, uint32_t effective,
                              uint32_t saved)
{
    if (!process_is_root() && ((real != KEEP && !is_one_of(identity, real)) ||
                               (effective != KEEP && !is_one_of(identity, effective)) ||
                               (saved != KEEP && !is_one_of(identity, saved))))
        return -EPERM;
    if (real != KEEP)
        identity->real = real;
    if (effective != KEEP)
        identity->effective = effective;
    if (saved != KEEP)
        identity->saved = saved;
    identity->file = identity->effective;
    resident_changed(current_process());
    return 0;
}

/* The old one, whether it was changed or not (setfsuid(2)). */
static uint32_t identity_set_file(struct identity *identity, uint32_t id)
{
    uint32_t old = identity->file;

    if (id != KEEP && (process_is_root() || is_one_of(identity, id) || id == old))
        identity->file = id;
    return old;
}

static int identity_get_three(const struct identity *identity, unsafe_u32 real,
                              unsafe_u32 effective, unsafe_u32 saved)
{
    if (copy_object_k2u(real, &identity->real) ||
        copy_object_k2u(effective, &identity->effective) ||
        copy_object_k2u(saved, &identity->saved))
        return -EFAULT;
    return 0;
}

/* --- supplementary groups -----------------------------------------------------------------------
 */

static long groups_get(int32_t size, unsafe_bytes to, size_t width)
{
    const struct credentials *credentials = own();

    if (size < 0)
        return -EINVAL;
    if (size && (uint32_t)size < credentials->nr_groups)
        return -EINVAL;
    for (uint32_t i = 0; size && i < credentials->nr_groups; i++) {
        if (copy_k2u(unsafe_advance(to, i * width), &credentials->groups[i], width))
            return -EFAULT;
    }
    return credentials->nr_groups;
}

static long groups_set(uint32_t size, unsafe_bytes from, size_t width)
{
    struct credentials new = *own();

    if (!process_is_root())
        return -EPERM;
    if (size > GROUPS_MAX)
        return -EINVAL;
    new.nr_groups = size;
    for (uint32_t i = 0; i < size; i++) {
        new.groups[i] = 0;
        if (copy_u2k(&new.groups[i], unsafe_advance(from, i * width), width))
            return -EFAULT;
    }
    *own() = new;
    return 0;
}

SYSCALL_DEFINE2(getgroups32, int32_t, size, unsafe_u32, groups)
{
    return groups_get(size, unsafe_as_bytes(groups), sizeof(uint32_t));
}

SYSCALL_DEFINE2(setgroups32, uint32_t, size, unsafe_u32, groups)
{
    return groups_set(size, unsafe_as_bytes(groups), sizeof(uint32_t));
}

SYSCALL_DEFINE2(getgroups, int32_t, size, unsafe_bytes, groups)
{
    return groups_get(size, groups, sizeof(uint16_t));
}

SYSCALL_DEFINE2(setgroups, uint32_t, size, unsafe_bytes, groups)
{
    return groups_set(size, groups, sizeof(uint16_t));
}

/* --- the calls, for users and groups, with ids of 32 and of 16 bits ------------------------------
 */

#define OVERFLOW_ID 65534 /* what an id beyond 16 bits looks like to the old calls */

static uint32_t widen(uint16_t id)
{
    return id == 0xffff ? KEEP : id;
}

static uint16_t narrow(uint32_t id)
{
    return id > 0xffff ? OVERFLOW_ID : id;
}

static int identity_get_narrow(const struct identity *identity, unsafe_bytes real,
                               unsafe_bytes effective, unsafe_bytes saved)
{
    if (unsafe_poke16(real, narrow(identity->real)) ||
        unsafe_poke16(effective, narrow(identity->effective)) ||
        unsafe_poke16(saved, narrow(identity->saved)))
        return -EFAULT;
    return 0;
}

/* clang-format off */
#define ID_CALLS(id, form)                                                                          \
    SYSCALL_DEFINE0(get##id##32) { return own()->form.real; }                                       \
    SYSCALL_DEFINE0(gete##id##32) { return own()->form.effective; }                                 \
    SYSCALL_DEFINE1(set##id##32, uint32_t, new) { return identity_set(&own()->form, new); }         \
    SYSCALL_DEFINE2(setre##id##32, uint32_t, real, uint32_t, effective)                             \
    { return identity_set_two(&own()->form, real, effective); }                                     \
    SYSCALL_DEFINE3(setres##id##32, uint32_t, real, uint32_t, effective, uint32_t, saved)           \
    { return identity_set_three(&own()->form, real, effective, saved); }                            \
    SYSCALL_DEFINE3(getres##id##32, unsafe_u32, real, unsafe_u32, effective, unsafe_u32, saved)     \
    { return identity_get_three(&own()->form, real, effective, saved); }                            \
    SYSCALL_DEFINE1(setfs##id##32, uint32_t, new) { return identity_set_file(&own()->form, new); }  \
    SYSCALL_DEFINE0(get##id) { return narrow(own()->form.real); }                                   \
    SYSCALL_DEFINE0(gete##id) { return narrow(own()->form.effective); }                             \
    SYSCALL_DEFINE1(set##id, uint16_t, new) { return identity_set(&own()->form, widen(new)); }      \
    SYSCALL_DEFINE2(setre##id, uint16_t, real, uint16_t, effective)                                 \
    { return identity_set_two(&own()->form, widen(real), widen(effective)); }                       \
    SYSCALL_DEFINE3(setres##id, uint16_t, real, uint16_t, effective, uint16_t, saved)               \
    { return identity_set_three(&own()->form, widen(real), widen(effective), widen(saved)); }       \
    SYSCALL_DEFINE3(getres##id, unsafe_bytes, real, unsafe_bytes, effective, unsafe_bytes, saved)   \
    { return identity_get_narrow(&own()->form, real, effective, saved); }                           \
    SYSCALL_DEFINE1(setfs##id, uint16_t, new)                                                       \
    { return narrow(identity_set_file(&own()->form, widen(new))); }
/* clang-format on */

ID_CALLS(uid, user)
ID_CALLS(gid, group)
