/*
 * The gate page: every way into the kernel and back to the user, and nothing else.
 *
 * Assembled once for each isolation mode, from this one source:
 *
 *     split    an entry loads the kernel directory, an exit the process's own
 *     shared   the process's directory maps the kernel too, so CR3 never changes
 *
 * and of each a second one, resident, which answers some calls itself (ANSWER). The difference
 * between the two isolation modes is the three macros below. All are linked to run at GATE_TEXT with
 * their entry points at the same offsets (.org here, assertions in the linker script), and a user
 * directory maps the variant of its process: which page is mapped *is* the isolation policy.
 *
 * Rules that hold for every instruction here:
 *
 *   - ESP in the gate region: the directory may be either one; only the gate region is touched.
 *     ESP on a kernel stack: the directory is the kernel's (shared: the process's own).
 *     The one exception is the syscall door's first instruction, which has the user's ESP; where
 *     that door is open, #DB, NMI and #MC are task gates, so nothing is pushed there.
 *   - Entering, CR3 changes before ESP leaves the entry stack; leaving, after ESP is back on it.
 *     So an NMI between any two instructions finds a stack that is mapped.
 *   - Until DS and ES are loaded they are the user's, so memory is reached through ESP or %ss:
 *     only. FS and GS are never used.
 *   - TSS.cr3 is written before CR3 is: a task gate that interrupts the gap returns to code that is
 *     mapped, at the same address, in both directories. The CPU itself never writes that field.
 *   - Nothing here is an address of one CPU's data, except in the syscall landings, of which each
 *     CPU has its own (MSR STAR holds the address).
 */
#include "arch/i386/segments.h"
#include "arch/i386/trapframe.h"
#include "trampoline/cpu_gate.h"
#include "trampoline/layout.h"
#include "trampoline/slot.h"

#define GLUE_(a, b) a##b
#define GLUE(a, b)  GLUE_(a, b)
#define G(name)     GLUE(GATE_VARIANT, _gate_##name)

/* Where the pieces lie in the page: the same in every variant. */
#define AT_VECTORS   0x000
#define AT_TRAP      0x240
#define AT_INT80     0x400
#define AT_SYSENTER  0x480
#define AT_SYSCALL   0x500
#define AT_CALLGATE  0x580
#define AT_EXIT      0x600
#define AT_SYSEXIT   0x680
#define AT_SYSRET    0x700
#define AT_NULL      0x780
#define AT_ANSWERS   0x800
#define AT_BOUNCE    0xa00
#define AT_BOUNCE_CLEAR 0xa80
#define AT_SYSENTER_DIRECT 0xb80
#define AT_DIRECT    0xc00

/* The stubs are alike in all variants; one of them lists them for the IDT. */
#define GATE_LISTS_VECTORS (GATE_SPLIT && !GATE_RESIDENT)

	.section .gate.GATE_VARIANT, "ax", @progbits
	.globl	G(start)
G(start):

/* --- the three macros that isolation is made of ------------------------------------------------- */

/* On the entry stack, words \words bytes above ESP. Flags are kept: they are the user's. */
.macro ENTER_KERNEL_DIRECTORY words, scratch
#if GATE_SPLIT
	movl	CPU_KERNEL_CR3+\words(%esp), \scratch
	movl	\scratch, CPU_TSS_CR3+\words(%esp)
	movl	\scratch, %cr3
#endif
.endm

/* The same way back. */
.macro ENTER_USER_DIRECTORY words, scratch
#if GATE_SPLIT
	movl	CPU_USER_CR3+\words(%esp), \scratch
	movl	\scratch, CPU_TSS_CR3+\words(%esp)
	movl	\scratch, %cr3
#endif
.endm

/*
 * The entry's write and its exit's, so that the exit need not count: a thread that ends without an
 * exit was begun without an entry. A door's are counted by its entries, which split has counters of
 * its own for. \cpu: the register with the address of the CPU's words. Changes the flags.
 */
.macro COUNT_CR3_WRITES cpu
#if GATE_SPLIT
	addl	$2, %ss:CPU_CR3_WRITES(\cpu)
#endif
.endm

/* --- parts of every entry -------------------------------------------------------------------------- */

/*
 * From the entry stack, \words bytes below the CPU's words once eax is pushed, to the thread's kernel
 * stack on the kernel directory. eax is left pointing at the entry stack, where the user's eax is
 * first: an NMI no longer touches that, so it can be copied from.
 */
.macro TO_KERNEL_STACK words
	pushl	%eax
	ENTER_KERNEL_DIRECTORY \words, %eax
	movl	%esp, %eax
	movl	CPU_KSTACK+\words(%esp), %esp
.endm

/* Copies words of the entry stack that TO_KERNEL_STACK left, by their offsets. */
.macro COPY_WORDS offsets:vararg
	.irp	offset, \offsets
	pushl	%ss:\offset(%eax)
	.endr
.endm

/* On the kernel stack, below the vector: the rest of the trapframe; then the kernel's own segments. */
.macro PUSH_REST_OF_FRAME
	pushl	%ds
	pushl	%es
	pushal
	movl	$KERNEL_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
.endm

/* Every flag the kernel's: DF clear for string instructions, NT so that iret cannot return to a task,
 * AC so that SMAP holds, TF. */
.macro KERNEL_FLAGS flags
	pushl	$\flags
	popfl
.endm

/*
 * A door's last step: the trapframe is complete, the user's registers are in it, the thread is on
 * its kernel stack. Comes back only if the door's own exit may be taken: the frame is as it was
 * pushed but for eax, and ebx, esi, edi, ebp are still the user's, since C preserves them. Any other
 * frame leaves by the exit below, from C (gate_leave()).
 */
#if GATE_SPLIT
#define COUNTERS CPU_SPLIT
#else
#define COUNTERS 0
#endif
.macro CALL_DISPATCHER counter
	PUSH_REST_OF_FRAME
	movl	TF_CPU(%esp), %eax
	incl	COUNTERS+\counter(%eax)
	KERNEL_FLAGS EFLAGS_FIXED|EFLAGS_IF
	movl	%esp, %eax
	call	syscall_dispatch
.endm

/* A door's landing, on the entry stack and the user's directory; see "answers" below. */
.macro TRY_ANSWER door
#if GATE_RESIDENT
	jmp	.Lanswer_\door
.Lmiss_\door:
#endif
.endm

/* --- exceptions and interrupts: a stub and an IDT row for each vector ---------------------------- */

#if GATE_LISTS_VECTORS
	.section .rodata.gate_vectors, "a", @progbits
	.globl	gate_vectors
gate_vectors:
	.previous
#endif

.macro IDT_ROW vector, dpl, entry
#if GATE_LISTS_VECTORS
	.section .rodata.gate_vectors, "a", @progbits
	.long	\vector, \dpl, \entry
	.previous
#endif
.endm

/* The hardware pushed an error code / did not, so that a zero takes its place (SDM 3A 6.13). */
.macro EXCEPTION_ERROR vector, dpl=0
	IDT_ROW	\vector, \dpl, G(vector_)\vector
	.globl	G(vector_)\vector
G(vector_)\vector:
	pushl	$\vector
	jmp	G(trap)
.endm

.macro EXCEPTION vector, dpl=0
	IDT_ROW	\vector, \dpl, G(vector_)\vector
	.globl	G(vector_)\vector
G(vector_)\vector:
	pushl	$0
	pushl	$\vector
	jmp	G(trap)
.endm

	.org	AT_VECTORS
	EXCEPTION	0		/* #DE */
	EXCEPTION	1		/* #DB; a task gate where the syscall door is open */
	EXCEPTION	2		/* NMI; likewise */
	EXCEPTION	3, 3		/* #BP: int3 from ring 3 */
	EXCEPTION	4, 3		/* #OF: into from ring 3 */
	EXCEPTION	5		/* #BR */
	EXCEPTION	6		/* #UD */
	EXCEPTION	7		/* #NM */
	EXCEPTION	9		/* coprocessor segment overrun, 386 only */
	EXCEPTION_ERROR	10		/* #TS */
	EXCEPTION_ERROR	11		/* #NP */
	EXCEPTION_ERROR	12		/* #SS */
	EXCEPTION_ERROR	13		/* #GP */
	EXCEPTION_ERROR	14		/* #PF */
	EXCEPTION	15
	EXCEPTION	16		/* #MF */
	EXCEPTION_ERROR	17		/* #AC */
	EXCEPTION	18		/* #MC; a task gate where the syscall door is open */
	EXCEPTION	19		/* #XM */
	EXCEPTION	20
	EXCEPTION_ERROR	21		/* #CP */
	.irp	irq, 32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47
	EXCEPTION	\irq
	.endr
	IDT_ROW	VECTOR_INT80, 3, G(int80)
	EXCEPTION	255		/* and every vector that has no row */
#if GATE_LISTS_VECTORS
	.section .rodata.gate_vectors, "a", @progbits
	.globl	gate_vectors_end
gate_vectors_end:
	.previous
#endif

/*
 * The iret to the user refused the user's frame (bad CS, SS, EIP or EFLAGS). The trap handler sent
 * the interrupted iret here: that frame is again what the hardware would have pushed had the fault
 * come from the user's next instruction. It becomes that user's #GP.
 */
	.globl	G(exit_refused)
G(exit_refused):
	pushl	$0
	pushl	$VECTOR_GP
	jmp	.Ltrap_user

	.org	AT_TRAP
	.globl	G(trap)
G(trap):
	cmpl	$GATE_REGION, %esp
	jb	.Ltrap_kernel
	testb	$3, 12(%esp)
	jz	.Ltrap_in_gate

/* From ring 3: entry stack, the user's directory, IF=0. vector error eip cs eflags esp ss pushed. */
.Ltrap_user:
	TO_KERNEL_STACK 32
	COPY_WORDS 28, 24, 20, 16, 12, 8, 4
	movl	%ss:(%eax), %eax
	PUSH_REST_OF_FRAME
	movl	TF_CPU(%esp), %eax
	COUNT_CR3_WRITES %eax
	KERNEL_FLAGS EFLAGS_FIXED
	movl	%esp, %eax
	call	trap_dispatch
	jmp	G(exit)

/* From the kernel itself: its stack, its directory. A frame without esp and ss; no exit work. */
.Ltrap_kernel:
	PUSH_REST_OF_FRAME
	KERNEL_FLAGS EFLAGS_FIXED
	movl	%esp, %eax
	call	trap_dispatch
	popal
	popl	%es
	popl	%ds
	addl	$8, %esp
	iret

/*
 * From ring 0 on the entry stack: an interrupt before the call gate's cli or after sysexit's sti, an
 * NMI anywhere, #DB at a landing with TF set, a fault of the last iret. The directory is either one:
 * it is saved as found and exactly that is restored. The handler runs on the thread's kernel stack,
 * which is empty whenever ESP is on the entry stack; it returns without rescheduling. The frame stays
 * on the entry stack.
 */
.Ltrap_in_gate:
	PUSH_REST_OF_FRAME
	KERNEL_FLAGS EFLAGS_FIXED
	movl	%esp, %ebx
	movl	%esp, %ebp
	andl	$~(PAGE_SIZE-1), %ebp
	addl	$CPU_WORDS, %ebp
#if GATE_SPLIT
	movl	%cr3, %esi
	movl	CPU_TSS_CR3(%ebp), %edi
	movl	CPU_KERNEL_CR3(%ebp), %eax
	cmpl	%eax, %esi
	je	1f
	movl	%eax, CPU_TSS_CR3(%ebp)
	movl	%eax, %cr3
	COUNT_CR3_WRITES %ebp
1:
#endif
	movl	CPU_KSTACK(%ebp), %esp
	movl	%ebx, %eax
	call	trap_dispatch
	movl	%ebx, %esp
	/* entry stack; put the directory back */
#if GATE_SPLIT
	cmpl	CPU_KERNEL_CR3(%ebp), %esi
	je	2f
	movl	%edi, CPU_TSS_CR3(%ebp)
	movl	%esi, %cr3
2:
#endif
	popal
	popl	%es
	popl	%ds
	addl	$8, %esp
	iret

/* --- door: int $0x80 ------------------------------------------------------------------------------ */

	.org	AT_INT80
	.globl	G(int80)
G(int80):
	/* entry stack, IF=0 (interrupt gate); eip cs eflags esp ss pushed */
	TRY_ANSWER int80
	cmpl	$DIRECT_CALL, %eax
	jae	G(direct)
.Lkernel_int80:
	TO_KERNEL_STACK 24
	COPY_WORDS 20, 16, 12, 8, 4
	movl	%ss:(%eax), %eax
	pushl	%eax
	pushl	$VECTOR_INT80
	CALL_DISPATCHER CPU_INT80
	jmp	G(exit)

/* --- door: sysenter ------------------------------------------------------------------------------- */

/*
 * ESP is SYSENTER_ESP, an empty entry stack; IF, VM and RF are clear, every other flag is the user's
 * (SDM 2B SYSENTER). The user's EIP is lost: the way back is SYSENTER_RETURN. By the convention of
 * __kernel_vsyscall, ebp holds the user's ESP, where ebp, edx and ecx were pushed.
 */
	.org	AT_SYSENTER
	.globl	G(sysenter)
G(sysenter):
	TRY_ANSWER sysenter
.Lkernel_sysenter:
	pushl	%eax
	ENTER_KERNEL_DIRECTORY 4, %eax
	popl	%eax
	movl	CPU_KSTACK(%esp), %esp
	/* kernel directory, kernel stack; the hardware's five words by hand */
	pushl	$USER_DS
	pushl	%ebp
	pushfl
	pushl	$USER_CS
	pushl	$SYSENTER_RETURN
	pushl	%eax
	pushl	$VECTOR_SYSENTER
	CALL_DISPATCHER CPU_SYSENTER
	jmp	G(sysexit)

/* --- door: syscall -------------------------------------------------------------------------------- */

/*
 * ecx is the user's next EIP; ESP and every flag but IF, VM and RF are the user's (APM 3 SYSCALL).
 * By the convention of __kernel_vsyscall, ebp holds the second argument, since ecx cannot.
 */
	.org	AT_SYSCALL
	.globl	G(syscall)
G(syscall):
	.set	.Lcpu, 0
	.rept	NR_CPUS
	.balign	16
	movl	%esp, %ss:GATE_CPU(.Lcpu)+CPU_WORDS+CPU_USER_ESP
	movl	$GATE_CPU(.Lcpu)+CPU_WORDS, %esp
	.if	.Lcpu < NR_CPUS - 1
	jmp	.Lsyscall
	.endif
	.set	.Lcpu, .Lcpu + 1
	.endr
.Lsyscall:
	TRY_ANSWER syscall
	TO_KERNEL_STACK 4
	pushl	$USER_DS
	pushl	%ss:CPU_USER_ESP+4(%eax)
	movl	%ss:(%eax), %eax
	pushfl
	pushl	$USER_CS
	pushl	%ecx
	movl	%ebp, %ecx
	pushl	%eax
	pushl	$VECTOR_SYSCALL
	CALL_DISPATCHER CPU_SYSCALL
	jmp	G(sysret)

/* --- door: call gate ------------------------------------------------------------------------------ */

/*
 * The entry stack holds eip cs esp ss; every flag is the user's, IF too (SDM 3A 5.8.5). Until the
 * cli has run, an interrupt lands in .Ltrap_in_gate.
 */
	.org	AT_CALLGATE
	.globl	G(callgate)
G(callgate):
	cli
	pushfl
	TRY_ANSWER callgate
	TO_KERNEL_STACK 24
	COPY_WORDS 20, 16, 4
	orl	$EFLAGS_IF, (%esp)
	COPY_WORDS 12, 8
	movl	%ss:(%eax), %eax
	pushl	%eax
	pushl	$VECTOR_CALLGATE
	CALL_DISPATCHER CPU_CALLGATE
	jmp	G(exit)

/* --- the exit that every frame can take ----------------------------------------------------------- */

/*
 * ESP at a trapframe at the top of the kernel stack, IF=0, DF=0, the kernel's segments, all work
 * done. The five words go to the entry stack while ESP is still here, and ESP is never above what
 * is still to be read: an NMI pushes right below it.
 */
	.org	AT_EXIT
	.globl	G(exit)
G(exit):
	leal	TF_EIP(%esp), %esi
	movl	TF_EXIT_FRAME(%esp), %edi
	movsl
	movsl
	movsl
	movsl
	movsl
	popal
.Lexit_es:
	popl	%es
.Lexit_ds:
	popl	%ds
	/* at once below the five words: an NMI on an ESP above them would push over them */
	movl	TF_EXIT_FRAME-TF_VECTOR(%esp), %esp
	/* entry stack, the user's registers */
#if GATE_SPLIT
	pushl	%eax
	ENTER_USER_DIRECTORY 24, %eax
	popl	%eax
#endif
	.globl	G(iret)
G(iret):
	iret

/*
 * --- the fast exits: only for frames that are as they were pushed, but for eax ---------------------
 *
 * So IF is clear in their eflags, as sysenter and syscall left it, and popfl does not open a gap; a
 * frame that leaves by the exit above gets IF from return_work().
 */

	.org	AT_SYSEXIT
	.globl	G(sysexit)
G(sysexit):
	/* IF=0; the frame is as pushed, so eip is SYSENTER_RETURN, cs and ss are flat, TF is clear */
.Lsysexit_ds:
	mov	TF_DS(%esp), %ds
.Lsysexit_es:
	mov	TF_ES(%esp), %es
	movl	TF_EAX(%esp), %eax
	movl	TF_ESP(%esp), %ecx
	movl	TF_CPU(%esp), %edx
	addl	$TF_EFLAGS, %esp
	popfl
	movl	%edx, %esp
	/* entry stack, the user's flags but IF */
	ENTER_USER_DIRECTORY 0, %edx
	movl	$SYSENTER_RETURN, %edx
	sti
	sysexit

	.org	AT_SYSRET
	.globl	G(sysret)
G(sysret):
	/* IF=0; sysret sets it, loads eip from ecx, and leaves every other flag and ESP */
.Lsysret_ds:
	mov	TF_DS(%esp), %ds
.Lsysret_es:
	mov	TF_ES(%esp), %es
	movl	TF_EAX(%esp), %eax
	movl	TF_EDX(%esp), %edx
	movl	TF_CPU(%esp), %ecx
	pushl	TF_ESP(%esp)
	popl	%ss:CPU_USER_ESP(%ecx)
	pushl	TF_EIP(%esp)
	popl	%ss:CPU_USER_EIP(%ecx)
	addl	$TF_EFLAGS, %esp
	popfl
	movl	%ecx, %esp
	/* entry stack, the user's flags but IF */
	ENTER_USER_DIRECTORY 0, %ecx
	movl	CPU_USER_EIP(%esp), %ecx
	movl	CPU_USER_ESP(%esp), %esp
	sysretl

/*
 * A data selector that was good when it was saved may be bad now: set_thread_area empties descriptors.
 * Such a selector becomes the null selector, and the load is tried again, this time with success.
 */
.macro NULL_SELECTOR load, offset
	.section .gate_fixups.GATE_VARIANT, "a", @progbits
	.long	\load, .Lnull\@
	.previous
.Lnull\@:
	movl	$0, \offset(%esp)
	jmp	\load
.endm
	.org	AT_NULL
	.globl	G(null_selectors)
G(null_selectors):
	NULL_SELECTOR .Lsysexit_ds, TF_DS
	NULL_SELECTOR .Lsysexit_es, TF_ES
	NULL_SELECTOR .Lsysret_ds, TF_DS
	NULL_SELECTOR .Lsysret_es, TF_ES
	NULL_SELECTOR .Lexit_es, 0
	NULL_SELECTOR .Lexit_ds, 0

/* --- answers -------------------------------------------------------------------------------------- */

/*
 * With resident=on: a call whose answer lies in the CPU's page (kernel/resident.h) gets it here, on
 * the user's directory. Any other goes on at its landing. On the entry stack, \words bytes below the
 * CPU's words; changes the flags.
 */
.macro ANSWER words, miss
	cmpl	CPU_LIMIT+\words(%esp), %eax
	jae	\miss
	cmpl	$RESIDENT_NONE, CPU_RESIDENT-CPU_WORDS+\words(%esp,%eax,4)
	je	\miss
	movl	CPU_RESIDENT-CPU_WORDS+\words(%esp,%eax,4), %eax
	incl	CPU_ANSWERED+\words(%esp)
.endm

	.org	AT_ANSWERS
#if GATE_RESIDENT
	/* eip cs eflags esp ss: iret brings the flags back */
.Lanswer_int80:
	ANSWER	20, .Lmiss_int80
	jmp	G(iret)

.Lanswer_sysenter:
	pushfl
	ANSWER	4, 1f
	popfl
	movl	%ebp, %ecx
	movl	$SYSENTER_RETURN, %edx
	sti
	sysexit
1:	popfl
	jmp	.Lmiss_sysenter

	/* ecx still holds the user's EIP */
.Lanswer_syscall:
	pushfl
	ANSWER	4, 1f
	popfl
	movl	CPU_USER_ESP(%esp), %esp
	sysretl
1:	popfl
	jmp	.Lmiss_syscall

	/* eflags, without the IF that cli cleared, eip cs esp ss */
.Lanswer_callgate:
	ANSWER	20, .Lmiss_callgate
	popfl
	sti
	lret
#endif

/* --- accesses to user memory on the user's directory: the copy strategy `bounce` ----------------- */

/*
 * Called by C, on the thread's kernel stack, with eax at the CPU's words. In between, ESP is on the
 * entry stack, so the kernel stack's words move down to what it holds: a trap from here goes there,
 * and here is where ESP is found again. An access that faults ends the routine, as for any other
 * instruction with a fixup.
 */
.macro TO_USER_DIRECTORY
	pushfl
	/* AC, since SMAP would keep ring 0 from user pages otherwise */
	KERNEL_FLAGS EFLAGS_FIXED|EFLAGS_AC
	pushl	CPU_KSTACK(%eax)
	movl	%esp, CPU_KSTACK(%eax)
	movl	%eax, %esp
	/* empty entry stack, interrupts off, the kernel's segments */
	movl	%eax, %ebx
	ENTER_USER_DIRECTORY 0, %eax
.endm

.macro BACK_TO_KERNEL
	COUNT_CR3_WRITES %ebx
	ENTER_KERNEL_DIRECTORY 0, %eax
	movl	CPU_KSTACK(%ebx), %esp
	popl	CPU_KSTACK(%ebx)
	popfl
	ret
.endm

/* A fault among the words: the bytes that are left, of them and of the edx behind them. */
.macro BOUNCE_FIXUPS words, bytes, done
	.section .gate_fixups.GATE_VARIANT, "a", @progbits
	.long	\words, .Lleft\@, \bytes, \done
	.previous
.Lleft\@:
	leal	(%edx,%ecx,4), %ecx
	jmp	\done
.endm

	.org	AT_BOUNCE
	/* ecx words and then edx bytes from esi to edi; ecx: the bytes not copied; eax, ebx changed */
	.globl	G(bounce_copy)
G(bounce_copy):
	TO_USER_DIRECTORY
.Lcopy_words:
	rep movsl
	movl	%edx, %ecx
.Lcopy_bytes:
	rep movsb
.Lcopy_done:
	BACK_TO_KERNEL
	BOUNCE_FIXUPS .Lcopy_words, .Lcopy_bytes, .Lcopy_done

	/* the same with zeroes */
	.org	AT_BOUNCE_CLEAR
	.globl	G(bounce_clear)
G(bounce_clear):
	TO_USER_DIRECTORY
	xorl	%eax, %eax
.Lclear_words:
	rep stosl
	movl	%edx, %ecx
.Lclear_bytes:
	rep stosb
.Lclear_done:
	BACK_TO_KERNEL
	BOUNCE_FIXUPS .Lclear_words, .Lclear_bytes, .Lclear_done

/* --- from one user directory to another --------------------------------------------------------- */

/*
 * A call whose server waits for it, or a reply and wait whose caller waits for it: the CPU goes on
 * as the other thread, with the words of the message where they are, in ecx edx esi edi. One CR3
 * write, none between threads of one space. The kernel learns of it when it is entered next
 * (direct_settle()); what it must know is in the two slots, and everything that it must agree to it
 * has said there beforehand:
 *
 *   - The other thread's slot says that it waits, and since when it does nothing has happened to it:
 *     whatever wakes it in the kernel takes that back.
 *   - The descriptor is the one by which the kernel last let this thread through, and was not closed
 *     since. No buffer, no timeout, nobody in a queue before us, nobody who watches calls.
 *   - Both run on this variant of the gate page.
 *   - Both have flat segments, and selectors in fs and gs that were loaded with these descriptors.
 *
 * By int $0x80, whose gate saves the flags, so that comparing changes nothing; and by sysenter, which
 * lands here instead of at its own landing while there are slots (gate_map_slots()), because saving
 * the flags would cost every call four instructions. Both come back by iret, with all registers.
 *
 * The FPU's registers are switched here and now, like all others. CR0.TS may be set: a task gate's
 * return leaves it so (SDM 3A 7.3).
 */
.macro DIRECT_CHECK
	movw	%ds, %ax
	cmpw	$USER_DS, %ax
	jne	.Ldirect_refused
	movw	%es, %ax
	cmpw	$USER_DS, %ax
	jne	.Ldirect_refused
	movw	%fs, %ax
	cmpw	SLOT_FS(%ebp), %ax
	jne	.Ldirect_refused
	movw	%gs, %ax
	cmpw	SLOT_GS(%ebp), %ax
	jne	.Ldirect_refused
	cmpw	$USER_CS, 12(%esp)
	jne	.Ldirect_refused
	cmpw	$USER_DS, 24(%esp)
	jne	.Ldirect_refused
.endm

	.org	AT_SYSENTER_DIRECT
	.globl	G(sysenter_direct)
G(sysenter_direct):
#if GATE_RESIDENT
	jmp	G(sysenter)
#else
	/* entry stack, empty; IF, VM and RF are clear, NT would make the iret a task's return */
	pushfl
	cmpl	$DIRECT_CALL, %eax
	jae	1f
	popfl
	jmp	.Lkernel_sysenter
1:	popl	CPU_USER_EFLAGS(%esp)
	KERNEL_FLAGS EFLAGS_FIXED
	pushl	$USER_DS
	pushl	%ebp
	pushl	CPU_USER_EFLAGS+8(%esp)
	orl	$EFLAGS_IF, (%esp)
	pushl	$USER_CS
	pushl	$VDSO_IPC_RETURN
	incl	CPU_SYSENTER+20(%esp)
	pushl	$.Lrefused_sysenter
	jmp	.Ldirect
.Lrefused_sysenter:
	decl	CPU_SYSENTER+20(%esp)
	addl	$20, %esp
	pushl	CPU_USER_EFLAGS(%esp)
	popfl
	jmp	.Lkernel_sysenter
#endif

	.org	AT_DIRECT
	.globl	G(direct)
G(direct):
	incl	CPU_INT80+20(%esp)
	pushl	$.Lrefused_int80
.Ldirect:
	/*
	 * entry stack, the user's directory; eip cs eflags esp ss pushed, then where to go if it cannot
	 * be; eax is DIRECT_CALL or more, the call is counted
	 */
	pushl	%ebp
	movl	CPU_SLOT+28(%esp), %ebp
	testl	%ebp, %ebp
	jz	.Ldirect_impossible
	/* ebp: this thread's slot, reached through ss; ebx and eax saved in it */
	movl	%ebx, SLOT_EBX(%ebp)
	movl	%eax, SLOT_EAX(%ebp)
	cmpl	$DIRECT_CALL, %eax
	jne	.Ldirect_reply
	cmpl	SLOT_CALL_FD(%ebp), %ebx
	jne	.Ldirect_refused
	movl	SLOT_PEER(%ebp), %ebx
	movl	SLOT_CALL_ENDPOINT(%ebp), %eax
	cmpl	%eax, %ss:SLOT_WAITING(%ebx)
	jne	.Ldirect_refused
	DIRECT_CHECK
	movl	%ebx, SLOT_CALLED(%ebp)
	movl	%ebp, %ss:SLOT_CALLER(%ebx)
	movl	$0, %ss:SLOT_WAITING(%ebx)
	movl	$1, %ss:SLOT_EAX(%ebx)
	jmp	.Ldirect_switch

.Ldirect_reply:
	cmpl	$DIRECT_REPLY_AND_WAIT, %eax
	jne	.Ldirect_refused
	cmpl	SLOT_SERVE_FD(%ebp), %ebx
	jne	.Ldirect_refused
	movl	SLOT_CALLER(%ebp), %ebx
	testl	%ebx, %ebx
	jz	.Ldirect_refused
	cmpl	$0, SLOT_SERVE_ENDPOINT(%ebp)
	je	.Ldirect_refused
	DIRECT_CHECK
	movl	SLOT_SERVE_ENDPOINT(%ebp), %eax
	movl	%eax, SLOT_WAITING(%ebp)
	movl	$0, SLOT_CALLER(%ebp)
	movl	$0, %ss:SLOT_CALLED(%ebx)
	movl	$0, %ss:SLOT_EAX(%ebx)

/* ebp: the slot that is left; ebx: the one that is entered. An NMI up to the write of CPU_KSTACK uses
 * this thread's kernel stack, which is empty, and then the other's, which nobody goes back to any
 * more. It does not look at slots. */
.Ldirect_switch:
	popl	SLOT_EBP(%ebp)
	addl	$4, %esp
	popl	SLOT_EIP(%ebp)
	addl	$4, %esp
	popl	SLOT_EFLAGS(%ebp)
	popl	SLOT_ESP(%ebp)
	addl	$4, %esp
	movl	$1, SLOT_MOVED(%ebp)
	movl	$0, %ss:SLOT_MOVED(%ebx)
	/* entry stack, empty: ESP at the CPU's words */
	movl	%ss:SLOT_KSTACK(%ebx), %eax
	movl	%eax, CPU_KSTACK(%esp)
	movl	%ebx, CPU_SLOT(%esp)
	clts
	fxsave	SLOT_FPU(%ebp)
	fninit
	fxrstor	%ss:SLOT_FPU(%ebx)
	movl	%ss:SLOT_TLS(%ebx), %eax
	movl	%eax, CPU_TLS(%esp)
	movl	%ss:SLOT_TLS+4(%ebx), %eax
	movl	%eax, CPU_TLS+4(%esp)
	mov	%ss:SLOT_FS(%ebx), %fs
	mov	%ss:SLOT_GS(%ebx), %gs
	movl	%ss:SLOT_CR3(%ebx), %eax
	cmpl	CPU_USER_CR3(%esp), %eax
	je	1f
	movl	%eax, CPU_USER_CR3(%esp)
	movl	%eax, CPU_TSS_CR3(%esp)
	movl	%eax, %cr3
	incl	CPU_CR3_WRITES(%esp)
1:
	/* the other's directory */
	pushl	$USER_DS
	pushl	%ss:SLOT_ESP(%ebx)
	pushl	%ss:SLOT_EFLAGS(%ebx)
	pushl	$USER_CS
	pushl	%ss:SLOT_EIP(%ebx)
	movl	%ss:SLOT_EAX(%ebx), %eax
	movl	%ss:SLOT_EBP(%ebx), %ebp
	movl	%ss:SLOT_EBX(%ebx), %ebx
	jmp	G(iret)

.Ldirect_refused:
	movl	SLOT_EAX(%ebp), %eax
	movl	SLOT_EBX(%ebp), %ebx
.Ldirect_impossible:
	popl	%ebp
	ret
.Lrefused_int80:
	decl	CPU_INT80+20(%esp)
	jmp	.Lkernel_int80

	.globl	G(end)
G(end):
	.org	PAGE_SIZE
	.section .note.GNU-stack, "", @progbits
