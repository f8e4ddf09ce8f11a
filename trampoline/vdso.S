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
	.section .note.GNU-stack, "", @progbits
