/*
 * The vDSO page: a small ELF object at GATE_VDSO, the one page of the gate region that user mode may
 * read and execute. Assembled once for each door: VSYSCALL is __kernel_vsyscall with that door; the
 * other entries offer every door by name in every image.
 *
 * Convention: number in eax, arguments in ebx ecx edx esi edi ebp, result in eax; every other
 * register survives. The doors that cannot carry all registers let ecx, edx and ebp wait on the
 * user's stack, with ebp the last, so the kernel finds the sixth argument at the user's ESP.
 */
#include "arch/i386/segments.h"
#include "trampoline/layout.h"

#define DOOR_(name) vsyscall_##name
#define DOOR(name)  DOOR_(name)

	.section .text, "ax", @progbits

.macro AT address
	.org	\address - VSYSCALL
.endm

.macro PUSH register
	pushl	\register
	.cfi_adjust_cfa_offset 4
	.cfi_rel_offset \register, 0
.endm

.macro POP register
	popl	\register
	.cfi_adjust_cfa_offset -4
	.cfi_restore \register
.endm

.macro vsyscall_int80
	int	$0x80
	ret
.endm

/* ebp carries the user's ESP; sysexit comes back to SYSENTER_RETURN in the image's own
 * VSYSCALL_SYSENTER, whichever copy was entered: the two are alike from there on. */
.macro vsyscall_sysenter
	PUSH	%ecx
	PUSH	%edx
	PUSH	%ebp
	movl	%esp, %ebp
	sysenter
	POP	%ebp
	POP	%edx
	POP	%ecx
	ret
.endm

/* ebp carries the second argument: the instruction itself puts the return address into ecx. */
.macro vsyscall_syscall
	PUSH	%ecx
	PUSH	%edx
	PUSH	%ebp
	movl	%ecx, %ebp
	syscall
	POP	%ebp
	POP	%edx
	POP	%ecx
	ret
.endm

.macro vsyscall_callgate
	lcall	$SELECTOR_CALLGATE, $0
	ret
.endm

.macro ENTRY address, name, body
	AT	\address
	.globl	\name
	.type	\name, @function
\name:
	.cfi_startproc
	\body
	.cfi_endproc
	.size	\name, . - \name
.endm

	ENTRY	VSYSCALL, __kernel_vsyscall, DOOR(VDSO_DOOR)
	ENTRY	VSYSCALL_INT80, __kernel_vsyscall_int80, vsyscall_int80
	ENTRY	VSYSCALL_SYSENTER, __kernel_vsyscall_sysenter, vsyscall_sysenter
	.if	. - __kernel_vsyscall_sysenter - 4 - (SYSENTER_RETURN - VSYSCALL_SYSENTER)
	.error	"SYSENTER_RETURN is not behind the sysenter"
	.endif
	ENTRY	VSYSCALL_SYSCALL, __kernel_vsyscall_syscall, vsyscall_syscall
	ENTRY	VSYSCALL_CALLGATE, __kernel_vsyscall_callgate, vsyscall_callgate

/*
 * Where the sysenter and syscall doors come back to with a message: ebp waits on the stack as ever,
 * but ecx and edx bring words, so what waits there for them is dropped.
 */
.macro vdso_ipc_return
	.cfi_def_cfa_offset 16
	.cfi_offset %ebp, -16
	POP	%ebp
	leal	8(%esp), %esp
	.cfi_adjust_cfa_offset -8
	ret
.endm

/*
 * Where a handler returns to. The frame is on the stack, and the unwind data find the interrupted
 * registers in its sigcontext, \base bytes above ESP (kernel/abi_signal.h).
 */
.macro SAVED_AT base, number, offset
	.cfi_escape 0x10, \number, 3, 0x74, ((\base+\offset)&0x7f)|0x80, (\base+\offset)>>7
.endm

.macro SIGNAL_FRAME_AT base
	.cfi_escape 0x0f, 4, 0x74, ((\base+28)&0x7f)|0x80, (\base+28)>>7, 0x06
	SAVED_AT \base, 0, 44	/* eax */
	SAVED_AT \base, 1, 40	/* ecx */
	SAVED_AT \base, 2, 36	/* edx */
	SAVED_AT \base, 3, 32	/* ebx */
	SAVED_AT \base, 5, 24	/* ebp */
	SAVED_AT \base, 6, 20	/* esi */
	SAVED_AT \base, 7, 16	/* edi */
	SAVED_AT \base, 8, 56	/* eip */
.endm

.macro vdso_sigreturn
	.cfi_signal_frame
	SIGNAL_FRAME_AT 4
	popl	%eax
	SIGNAL_FRAME_AT 0
	movl	$119, %eax
	int	$0x80
.endm

.macro vdso_rt_sigreturn
	.cfi_signal_frame
	SIGNAL_FRAME_AT 160
	movl	$173, %eax
	int	$0x80
.endm

	ENTRY	VDSO_SIGRETURN, __kernel_sigreturn, vdso_sigreturn
	ENTRY	VDSO_RT_SIGRETURN, __kernel_rt_sigreturn, vdso_rt_sigreturn
	ENTRY	VDSO_IPC_RETURN, __kernel_ipc_return, vdso_ipc_return
	.section .note.GNU-stack, "", @progbits
