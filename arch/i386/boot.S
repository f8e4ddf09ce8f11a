/*
 * From the boot loader to kernel_main().
 *
 * Both multiboot protocols enter here: flat 32-bit segments, paging off, interrupts off, eax the
 * protocol's magic number, ebx the physical address of its information. The kernel is linked at
 * KERNEL_LINK, so until paging is on every address is taken relative to KERNEL_BASE by hand.
 */
#include "arch/i386/multiboot.h"
#include "arch/i386/paging_bits.h"
#include "trampoline/layout.h"

#define PHYSICAL(symbol) (symbol - KERNEL_BASE)

/* Multiboot 1: page-aligned modules, memory information (specification 0.6.96, 3.1). */
#define MULTIBOOT1_HEADER_MAGIC 0x1badb002
#define MULTIBOOT1_FLAGS        0x00000003
/* Multiboot 2 (specification 2.0, 3.1). */
#define MULTIBOOT2_HEADER_MAGIC 0xe85250d6
#define MULTIBOOT2_I386         0

	.section .multiboot, "a", @progbits
	.balign	8
multiboot2_header:
	.long	MULTIBOOT2_HEADER_MAGIC
	.long	MULTIBOOT2_I386
	.long	multiboot2_header_end - multiboot2_header
	.long	-(MULTIBOOT2_HEADER_MAGIC + MULTIBOOT2_I386 + (multiboot2_header_end - multiboot2_header))
	.short	6, 0		/* modules page-aligned */
	.long	8
	.short	0, 0		/* end */
	.long	8
multiboot2_header_end:
	.balign	4
	.long	MULTIBOOT1_HEADER_MAGIC
	.long	MULTIBOOT1_FLAGS
	.long	-(MULTIBOOT1_HEADER_MAGIC + MULTIBOOT1_FLAGS)

	.section .text.boot, "ax", @progbits
	.globl	boot_start
boot_start:
	cli
	cld
	movl	%eax, %esi
	movl	%ebx, %ebp

	/* boot_page_tables maps physical [0, BOOT_MAPPED), writable for now */
	movl	$PHYSICAL(boot_page_tables), %edi
	movl	$PTE_PRESENT|PTE_WRITABLE, %eax
	movl	$BOOT_MAPPED >> PAGE_SHIFT, %ecx
1:	movl	%eax, (%edi)
	addl	$PAGE_SIZE, %eax
	addl	$4, %edi
	loop	1b

	/* the kernel directory maps them at KERNEL_BASE, and at 0 until we have jumped */
	movl	$PHYSICAL(kernel_directory), %edi
	movl	$PHYSICAL(boot_page_tables) + PTE_PRESENT|PTE_WRITABLE, %eax
	movl	$BOOT_MAPPED >> 22, %ecx
2:	movl	%eax, (%edi)
	movl	%eax, (KERNEL_BASE >> 22) * 4(%edi)
	addl	$PAGE_SIZE, %eax
	addl	$4, %edi
	loop	2b

	movl	$PHYSICAL(kernel_directory), %eax
	movl	%eax, %cr3
	movl	%cr0, %eax
	orl	$CR0_PG|CR0_AM|CR0_WP|CR0_NE|CR0_MP, %eax
	andl	$~(CR0_EM|CR0_TS|CR0_CD|CR0_NW), %eax
	movl	%eax, %cr0
	movl	$3f, %eax
	jmp	*%eax

3:	/* high: the identity map goes at once */
	movl	$kernel_directory, %edi
	xorl	%eax, %eax
	movl	$BOOT_MAPPED >> 22, %ecx
	rep stosl
	movl	%cr3, %eax
	movl	%eax, %cr3

	movl	$boot_stack_top, %esp
	xorl	%ecx, %ecx
	pushl	%ecx		/* ends the backtrace */
	pushl	%ecx
	movl	%esi, %eax
	movl	%ebp, %edx
	xorl	%ebp, %ebp
	call	kernel_main
4:	hlt
	jmp	4b

	.section .bss
	.balign	PAGE_SIZE
	.globl	kernel_directory
kernel_directory:
	.skip	PAGE_SIZE
	.globl	boot_page_tables
boot_page_tables:
	.skip	BOOT_MAPPED >> 10
	.balign	KSTACK_SIZE
	.skip	KSTACK_SIZE - 12
	.globl	boot_stack_top
boot_stack_top:			/* the idle thread's struct stack_top */
	.skip	12
	.section .note.GNU-stack, "", @progbits
