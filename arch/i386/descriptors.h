/* Segment, gate and task-state descriptors (SDM 3A 3.4.5, 5.8.3, 6.11, 8.2). */
#ifndef ARCH_I386_DESCRIPTORS_H
#define ARCH_I386_DESCRIPTORS_H

#include "arch/i386/segments.h"
#include "arch/i386/types.h"

typedef struct {
    uint32_t low, high;
} descriptor_t;

_Static_assert(sizeof(descriptor_t) == 8, "descriptor: size");

/* Access bytes, bits 8-15 of a descriptor's upper half. */
#define ACCESS_PRESENT     0x80
#define ACCESS_DPL(dpl)    ((dpl) << 5)
#define ACCESS_KERNEL_CODE (ACCESS_PRESENT | 0x1b) /* execute/read, accessed */
#define ACCESS_KERNEL_DATA (ACCESS_PRESENT | 0x13) /* read/write, accessed */
#define ACCESS_USER_CODE   (ACCESS_KERNEL_CODE | ACCESS_DPL(3))
#define ACCESS_USER_DATA   (ACCESS_KERNEL_DATA | ACCESS_DPL(3))
#define ACCESS_TSS         (ACCESS_PRESENT | 0x09)
#define ACCESS_CALL_GATE   (ACCESS_PRESENT | 0x0c)
#define ACCESS_TASK_GATE   (ACCESS_PRESENT | 0x05)
#define ACCESS_INTERRUPT   (ACCESS_PRESENT | 0x0e)

/* Flags, bits 20-23. */
#define SEGMENT_32BIT 0x4
#define SEGMENT_PAGES 0x8 /* the limit counts pages */

static inline descriptor_t descriptor_segment(uint32_t base, uint32_t limit, uint32_t access,
                                              uint32_t flags)
{
    return (descriptor_t){
        .low = (base << 16) | (limit & 0xffff),
        .high = (base & 0xff000000) | (flags << 20) | (limit & 0xf0000) | (access << 8) |
                ((base >> 16) & 0xff),
    };
}

/* A call, interrupt or task gate; a task gate has no offset. Call gates copy no parameters: the CPU
 * would read them from the user's stack with supervisor rights. */
static inline descriptor_t descriptor_gate(uint32_t selector, uint32_t offset, uint32_t access)
{
    return (descriptor_t){
        .low = (selector << 16) | (offset & 0xffff),
        .high = (offset & 0xffff0000) | (access << 8),
    };
}

struct tss {
    uint32_t link;
    uint32_t esp0, ss0, esp1, ss1, esp2, ss2;
    uint32_t cr3;
    uint32_t eip, eflags, eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs;
    uint32_t ldt;
    uint16_t trap, io_map;
};

_Static_assert(sizeof(struct tss) == 104, "tss: size");
_Static_assert(offsetof(struct tss, cr3) == 28, "tss: cr3");

#define TSS_NO_IO_MAP sizeof(struct tss) /* beyond the limit: every port is refused to ring 3 */

#endif
