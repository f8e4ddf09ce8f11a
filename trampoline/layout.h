/*
 * The address map: every fixed virtual address of Postern, once. C, GAS and the linker scripts all
 * read this file, so it holds plain constants and nothing else.
 *
 *     user directory                          kernel directory
 *     00000000  never mapped                  00000000  never mapped, up to KERNEL_BASE: a user
 *     00001000  the program                             address dereferenced by mistake faults
 *     c0000000  split: nothing                c0000000  direct map of physical memory
 *               shared: the kernel's own      f8000000  kernel stacks, guard pages between
 *               entries, supervisor-only      ff800000  user windows
 *     ffc00000  gate region                   ffc00000  gate region, the same page table
 *
 *     gate region (PDE 1023)
 *     ffffe000  vDSO page       user read/execute; __kernel_vsyscall at +400
 *     ffffd000  gate page       supervisor read/execute; the one page that differs by isolation
 *     ffffc000  IDT             supervisor read-only
 *     ffffa000  CPU 0's page    supervisor read/write; an unmapped guard page below each
 *     ffff8000  message slots   supervisor read/write; only while a thread has one
 */
#ifndef TRAMPOLINE_LAYOUT_H
#define TRAMPOLINE_LAYOUT_H

#define PAGE_SHIFT        12
#define PAGE_SIZE         0x1000

#define USER_BASE         0x00001000
#define USER_LIMIT        0xc0000000 /* first address above user space */

#define KERNEL_BASE       0xc0000000 /* physical 0 in the direct map */
#define KERNEL_LINK       0xc0100000
#define KSTACK_AREA       0xf8000000
#define KSTACK_AREA_LIMIT 0xfa000000

#ifndef INSTRUMENT_KASAN
#define DIRECT_MAP_LIMIT 0xf8000000 /* 896 MiB of physical memory */
#define KSTACK_SIZE      0x2000
#define KSTACK_STRIDE    0x4000 /* the lower half of each slot stays unmapped: the guard */
#else
/* A byte of shadow for each 8 of the kernel's addresses, from KASAN_SHADOW to KSTACK_AREA: the
 * direct map is shorter by it. Redzones make stack frames larger. */
#define DIRECT_MAP_LIMIT 0xf0000000
#define KASAN_SHADOW     0xf0000000
#define KASAN_OFFSET     (KASAN_SHADOW - KERNEL_BASE / 8)
#define KSTACK_SIZE      0x4000
#define KSTACK_STRIDE    0x8000
#endif

#define LOCAL_APIC  0xfa000000 /* its registers, one page; only with sweep=on */

#define USER_WINDOW 0xff800000

#define GATE_REGION 0xffc00000
#define GATE_SLOTS  0xffff8000 /* message slots; mapped while there are any */
#define GATE_IDT    0xffffc000
#define GATE_TEXT   0xffffd000
#define GATE_VDSO   0xffffe000

/* Entry points of the vDSO page. VSYSCALL is where the i386 Linux of the textbooks had it. */
#define VSYSCALL          0xffffe400
#define VSYSCALL_INT80    0xffffe440
#define VSYSCALL_SYSENTER 0xffffe480
#define VSYSCALL_SYSCALL  0xffffe4c0
#define VSYSCALL_CALLGATE 0xffffe500
#define VDSO_SIGRETURN    0xffffe540 /* what handlers return to */
#define VDSO_RT_SIGRETURN 0xffffe580
#define VDSO_IPC_RETURN   0xffffe5c0 /* behind a fast door, with a message in ecx and edx */
#define SYSENTER_RETURN   0xffffe487 /* where sysexit lands, whatever the caller's EIP was */

#define NR_CPUS           1
#define GATE_CPU_STRIDE   0x2000
#define GATE_CPU(n)       (0xffffa000 - (n)*GATE_CPU_STRIDE)

/*
 * One CPU's page. The entry stack grows down from CPU_WORDS, which is TSS.esp0 and SYSENTER_ESP:
 * an empty entry stack points at the words, so the gate page finds them from ESP alone. At its far
 * end lie the answers of calls that the gate page itself gives (resident=on): a word for each
 * number below RESIDENT_CALLS, RESIDENT_NONE where the kernel must be asked. Behind them is room
 * for what a copy carries from one directory to the other (mm/copy_bounce.c).
 *
 * So 1 KiB is left for the entry stack. It needs less than half: a door's words, a frame of an
 * interrupt, and one of an NMI.
 */
#define CPU_RESIDENT    0x000
#define RESIDENT_CALLS  256
#define RESIDENT_NONE   0x80000000
#define CPU_BUFFER      0x400
#define CPU_BUFFER_SIZE 0x400 /* a power of two */
#define CPU_WORDS       0xc00
#define CPU_TSS         0xc80 /* five TSSs of 104 bytes, none of which crosses a page (SDM 3A 8.2.1) */
#define CPU_TSS_DF      0xd00
#define CPU_TSS_DB      0xd80
#define CPU_TSS_NMI     0xe00
#define CPU_TSS_MC      0xe80
#define CPU_GDT         0xf00
#define CPU_GDT_SLOTS   16

#endif
