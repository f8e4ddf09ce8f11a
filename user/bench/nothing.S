/* The program that does nothing: what fork + exec + exit + wait runs. */
	.globl	_start
_start:
	movl	$1, %eax
	xorl	%ebx, %ebx
	int	$0x80
	.section .note.GNU-stack, "", @progbits
