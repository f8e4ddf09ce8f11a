/* One vDSO image for each door, in the order of enum postern_door, one page each. */
#include "trampoline/layout.h"

.macro IMAGE file
	.balign	PAGE_SIZE
	.incbin	"\file"
.endm

	.section .rodata.vdso, "a", @progbits
	.balign	PAGE_SIZE
	.globl	vdso_images
vdso_images:
	IMAGE	vdso-int80.so
	IMAGE	vdso-sysenter.so
	IMAGE	vdso-syscall.so
	IMAGE	vdso-callgate.so
	.balign	PAGE_SIZE
	.section .note.GNU-stack, "", @progbits
