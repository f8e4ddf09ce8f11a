/*
 * Operations whose misses can be derived by hand, for the model of TLBs (scripts/plugin/tlb/). The
 * derivations and what must come out are in test/boot/tlb_model.py, in this order.
 *
 * Each operation is done OPERATIONS times, so that all but the first find what the one before left.
 * They touch data at fixed addresses only, never the stack, and all code but the chain's is in one page.
 */
#include "user/bench/mark.h"

#define PAGE       4096
#define OPERATIONS 5
#define NR_exit    1
#define NR_getppid 64

#define CELL                                                                                       \
	MARK(MARK_CELL);                                                                           \
	movl	$OPERATIONS, %edi;                                                                 \
1:	MARK(MARK_BEGIN)

#define CELL_END                                                                                   \
	MARK(MARK_END);                                                                            \
	decl	%edi;                                                                              \
	jnz	1b

#define TOUCH(page) movl data + (page) * PAGE, %eax

#define NULL_CALL                                                                                  \
	movl	$NR_getppid, %eax;                                                                 \
	int	$0x80

	.section .text.main, "ax"
	.balign	PAGE
	.globl	_start
_start:
	movl	$data, %ebx
fill:
	movl	$1, (%ebx)
	addl	$PAGE, %ebx
	cmpl	$data_end, %ebx
	jb	fill

	/* 10 instructions, nothing else */
	CELL
	.rept	10
	nop
	.endr
	CELL_END

	/* 8 pages in a row */
	CELL
	.irp	page, 0, 1, 2, 3, 4, 5, 6, 7
	TOUCH(\page)
	.endr
	CELL_END

	/* 9 in a row */
	CELL
	.irp	page, 0, 1, 2, 3, 4, 5, 6, 7, 8
	TOUCH(\page)
	.endr
	CELL_END

	/* 3 pages of one set */
	CELL
	TOUCH(0)
	TOUCH(4)
	TOUCH(8)
	CELL_END

	/* which page is the oldest changes at each hit */
	CELL
	TOUCH(0)
	TOUCH(4)
	TOUCH(0)
	TOUCH(8)
	CELL_END

	/* a word that lies in page 3 and in page 4 */
	CELL
	movl	data + 4 * PAGE - 2, %eax
	TOUCH(0)
	TOUCH(8)
	CELL_END

	/* 4 pages of code: this and three */
	CELL
	movl	$returned_4, %esi
	jmp	chain_3
returned_4:
	nop
	CELL_END

	/* 5: this, two, and an instruction that lies in two */
	CELL
	movl	$returned_5, %esi
	jmp	chain_straddling
returned_5:
	nop
	CELL_END

	/* 3 lines of one set of the cache */
	CELL
	movl	data, %eax
	movl	data + 256, %eax
	movl	data + 512, %eax
	CELL_END

	/* a null call */
	CELL
	NULL_CALL
	CELL_END

	/* 4 pages and a null call */
	CELL
	.irp	page, 0, 1, 2, 3
	TOUCH(\page)
	.endr
	NULL_CALL
	CELL_END

	movl	$NR_exit, %eax
	xorl	%ebx, %ebx
	int	$0x80

	.section .text.chain, "ax"
	.balign	PAGE
chain_3:
	jmp	chain_2
	.balign	PAGE
chain_2:
	jmp	chain_1
	.balign	PAGE
chain_1:
	jmp	*%esi
	.balign	PAGE
	.skip	PAGE - 2
chain_straddling:
	.byte	0xe9 /* jmp chain_2: 2 bytes in this page, 3 in the next */
	.long	chain_2 - chain_straddled
chain_straddled:

	.bss
	.balign	PAGE
data:
	.skip	9 * PAGE
data_end:
