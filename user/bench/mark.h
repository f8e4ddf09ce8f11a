/*
 * What a measured program and a plugin of QEMU agree on: an instruction that does nothing on any
 * CPU and needs no register, `testl $0x504fNNNN, %eax`, where NNNN says what begins or ends.
 */
#ifndef USER_BENCH_MARK_H
#define USER_BENCH_MARK_H

#define MARK_BEGIN "0001" /* of one operation */
#define MARK_END   "0002" /* of one operation */
#define MARK_CELL  "0003" /* what follows is the next cell's */

/* The instruction, as text for asm(). */
#define MARK(number) "\ttestl $0x504f" number ", %eax\n"

#endif
