/* What a benchmark must do where it is the first program of a Linux. */
#ifndef USER_BENCH_FIRST_PROGRAM_H
#define USER_BENCH_FIRST_PROGRAM_H

/* Mounts what benchmarks open. Nothing if somebody else is the first program. */
void first_program_begin(void);

/* Ends the machine, as QEMU's isa-debug-exit does it, with that status. Nothing likewise. */
void first_program_end(int status);

#endif
