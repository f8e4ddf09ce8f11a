/*
 * Selectors, read by C and GAS. The order KERNEL_CS, KERNEL_DS, USER_CS, USER_DS is what sysenter,
 * sysexit, syscall and sysret compute with (SDM 2B SYSENTER, APM 2 6.1.1); the user selectors are
 * those that a 64-bit Linux host gives to i386 programs.
 */
#ifndef ARCH_I386_SEGMENTS_H
#define ARCH_I386_SEGMENTS_H

#define GDT_TSS           1
#define GDT_KERNEL_CS     2
#define GDT_KERNEL_DS     3
#define GDT_USER_CS       4
#define GDT_USER_DS       5
#define GDT_TSS_DF        6
#define GDT_TSS_DB        7
#define GDT_TSS_NMI       8
#define GDT_TSS_MC        9
#define GDT_CALLGATE      10
#define GDT_TLS_MIN       12
#define GDT_TLS_MAX       14

#define SELECTOR_TSS      0x08
#define SELECTOR_TSS_DF   0x30
#define SELECTOR_TSS_DB   0x38
#define SELECTOR_TSS_NMI  0x40
#define SELECTOR_TSS_MC   0x48
#define KERNEL_CS         0x10
#define KERNEL_DS         0x18
#define USER_CS           0x23
#define USER_DS           0x2b
#define SELECTOR_CALLGATE 0x53

#endif
