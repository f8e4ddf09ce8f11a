/*
 * Unsafe pointers: user addresses as the kernel holds them, and the only functions that use them.
 *
 * An unsafe pointer is a struct that carries a number and, in a member without size, the type that
 * the number points to. C cannot dereference it, add to it, or pass it where kernel memory or an
 * unsafe pointer of another type is due; sparse sees the address space as well.
 *
 *     UNSAFE_POINTER(timespec, struct timespec)      makes the type unsafe_timespec
 *
 * Every helper validates the whole range first: no wrap-around, below USER_LIMIT; then each page as
 * it comes: mapped for user mode, writable for a store, copy-on-write, demand-zero and stack growth
 * resolved on the way. They act on the calling thread's address space and may allocate, so they
 * need thread context; interrupts may be on.
 */
#ifndef MM_UNSAFE_H
#define MM_UNSAFE_H

#include "arch/i386/types.h"
#include "kernel/errno.h"
#include "trampoline/layout.h"

#ifdef __CHECKER__
#define __user __attribute__((noderef, address_space(1)))
#else
#define __user
#endif

#define UNSAFE_POINTER(name, type) \
    typedef struct {               \
        vaddr_t address;           \
        type __user *pointee[0];   \
    } unsafe_##name

/* Memory of no type: buffers. */
UNSAFE_POINTER(bytes, uint8_t);
UNSAFE_POINTER(string, char);
UNSAFE_POINTER(int, int32_t);
UNSAFE_POINTER(u32, uint32_t);

/* An array of addresses in user memory: argv. */
UNSAFE_POINTER(strings, unsafe_string);

#define unsafe_is_null(pointer) ((pointer).address == 0)

/* The same address as a buffer; for the copy helpers and their callers' arithmetic. */
#define unsafe_as_bytes(pointer) ((unsafe_bytes){.address = (pointer).address})

/* Element number index of the array that pointer points to. Wrapping is caught by the helpers'
 * check: the product is formed in 64 bits and an address beyond 2^32 becomes one that no page has.
 */
#define unsafe_element(pointer, index) \
    ((__typeof__(pointer)){            \
        .address =                     \
            unsafe_offset((pointer).address, (uint64_t)(index) * sizeof(**(pointer).pointee))})

static inline vaddr_t unsafe_offset(vaddr_t address, uint64_t offset)
{
    return address + offset > 0xffffffff ? 0xffffffff : (vaddr_t)(address + offset);
}

/* bytes further on, within a range that was checked or will be. */
static inline unsafe_bytes unsafe_advance(unsafe_bytes pointer, size_t bytes)
{
    vaddr_t address;

    if (__builtin_add_overflow(pointer.address, bytes, &address))
        address = 0xffffffff;
    return (unsafe_bytes){.address = address};
}

/* True if [pointer, pointer + size) lies in user space; an empty range only if its start does. */
static inline bool unsafe_range_ok(unsafe_bytes pointer, size_t size)
{
    return pointer.address <= USER_LIMIT && size <= USER_LIMIT - pointer.address;
}

/*
 * Copies size bytes to or from user memory. 0, or -EFAULT: copy_u2k() has then zeroed what it did
 * not copy, copy_k2u() may have written a part.
 */
int copy_u2k(void *to, unsafe_bytes from, size_t size);
int copy_k2u(unsafe_bytes to, const void *from, size_t size);

/* The same where a short count is wanted: return the bytes copied before the first bad one. */
size_t copy_u2k_partial(void *to, unsafe_bytes from, size_t size);
size_t copy_k2u_partial(unsafe_bytes to, const void *from, size_t size);

/* As copy_u2k_partial(), but what is not copied is left as it was: for memory that holds data of
 * the user's already, such as a page of a file. */
size_t copy_u2k_over(void *to, unsafe_bytes from, size_t size);

/*
 * Copies size bytes from one space to another, or within one, neither of which need be the
 * caller's. Stops at the first bad page and says whose it was; what was copied until then stays.
 */
enum copy_fault {
    COPY_DONE,
    COPY_BAD_SOURCE,
    COPY_BAD_TARGET,
};
struct space;
enum copy_fault copy_u2u(struct space *to_space, unsafe_bytes to, struct space *from_space,
                         unsafe_bytes from, size_t size);

/*
 * Copies a string with its terminator into to[size]. Returns its length without the terminator;
 * -ENAMETOOLONG if size bytes hold no terminator, -EFAULT if memory ends first. to is always
 * terminated.
 */
ssize_t copy_str_u2k(char *to, unsafe_string from, size_t size);

/* Writes size zero bytes; returns how many were written before the first bad one. */
size_t clear_user(unsafe_bytes to, size_t size);

/* Whole objects; the size comes from the type, which must be the unsafe pointer's own. */
#define copy_object_u2k(object, pointer)                                                          \
    ({                                                                                            \
        _Static_assert(                                                                           \
            __builtin_types_compatible_p(__typeof__(*(object)), __typeof__(**(pointer).pointee)), \
            "unsafe pointer to another type");                                                    \
        copy_u2k((object), unsafe_as_bytes(pointer), sizeof(*(object)));                          \
    })
#define copy_object_k2u(pointer, object)                                                          \
    ({                                                                                            \
        _Static_assert(                                                                           \
            __builtin_types_compatible_p(__typeof__(*(object)), __typeof__(**(pointer).pointee)), \
            "unsafe pointer to another type");                                                    \
        copy_k2u(unsafe_as_bytes(pointer), (object), sizeof(*(object)));                          \
    })

/*
 * Single 8, 16 or 32-bit accesses, for flags, futexes and argument vectors. Aligned ones are one
 * access of that width; a misaligned one that straddles pages is two checked copies.
 */
int unsafe_peek8(uint8_t *value, unsafe_bytes from);
int unsafe_peek16(uint16_t *value, unsafe_bytes from);
int unsafe_peek32(uint32_t *value, unsafe_bytes from);
int unsafe_poke8(unsafe_bytes to, uint8_t value);
int unsafe_poke16(unsafe_bytes to, uint16_t value);
int unsafe_poke32(unsafe_bytes to, uint32_t value);

/*
 * Where the kernel sees [to, to + size) of one page, to build an object in place that is not worth
 * being copied: stores only. NULL: user mode may not write there. By the page walk, as the peeks
 * and pokes; good until the thread sleeps.
 */
void *unsafe_view(unsafe_bytes to, size_t size);

/* One element of readv's and writev's vector, and the vector. */
struct iovec {
    unsafe_bytes base;
    uint32_t length;
};
_Static_assert(sizeof(struct iovec) == 8, "iovec: size");
UNSAFE_POINTER(iovec, struct iovec);

#define IOVEC_MAX 1024 /* elements: Linux's UIO_MAXIOV */

#endif
