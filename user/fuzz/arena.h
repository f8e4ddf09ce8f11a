/*
 * The memory that calls are given, and the model of it: pages with every kind of right, next to
 * each other so that objects can straddle two kinds, about a border of page tables. A copy of each
 * page says what must be in it, so a byte that changed where nothing may have is seen.
 *
 *     page  0    1   2   3   4     5     6     7   8   9     10  11    12    13    14    15-22  23
 *           hole rw  rw  rw  read  none  fresh rw  rw  hole  rw  file  fresh past  hole  churn hole
 *                                                | border
 *
 * fresh: never touched before the run; file: a private mapping of a file; past: one behind its end,
 * where an access is a bus error; churn: what the moves change. Two pages more, 24 and 25, end the
 * stack on which the run is made.
 * All but the fresh ones are copy-on-write in a run, which is a child of who built the arena.
 */
#ifndef USER_FUZZ_ARENA_H
#define USER_FUZZ_ARENA_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE            4096u
#define ARENA_BASE      0x303f8000u
#define ARENA_PAGES     24
#define ARENA_STACK     25 /* the stack's last page */
#define ARENA_ALL       26
#define ARENA_STACK_END 0x30c00000u
#define ARENA_CHURN     15 /* pages 15 to 22 */
#define ARENA_CHURN_END 23
#define ARENA_RW        1
#define ARENA_ZEROES    6 /* whose contents are zero */

#define ARENA_READ      1
#define ARENA_WRITE     2

/* Builds it, once; file is mapped into one page. */
void arena_build(int file);

/* Calls body(argument) on the stack below the arena's last pages; it must not return. */
void arena_run(void (*body)(const void *argument), const void *argument) __attribute__((noreturn));

uint32_t arena_address(unsigned page);
bool arena_has(uint32_t address);

/* How many of size bytes from address on can be read, or written, at once. */
uint32_t arena_reach(uint32_t address, uint32_t size, int right);

/* Rights of a page as the model knows them; ARENA_READ | ARENA_WRITE. */
int arena_rights(unsigned page);
void arena_set_rights(unsigned page, int rights);

/* What the model has of size bytes, for a reader inside of one page; NULL outside of the arena. */
uint8_t *arena_model(uint32_t address);

/* The fuzzer's own store, to memory and model; false where it cannot be written. */
bool arena_store(uint32_t address, const void *bytes, uint32_t size);

/* From now on the model has what the memory has. */
void arena_accept(uint32_t address, uint32_t size);

/* Puts the program's first strings back if size bytes from address on reach them: a time that was
 * written there would be another name in each run. */
void arena_restore_strings(uint32_t address, uint32_t size);

/* The first address from start to end that can be read and is not as the model has it, or 0. */
uint32_t arena_differs(uint32_t start, uint32_t end);
uint32_t arena_differs_anywhere(void);

/* Makes each page readable that is mapped, whatever its rights: before a last look at all. */
void arena_open(void);

/* The byte that belongs at an address: 0x40 to 0x7f, so that a word of them is no valid time,
 * length or descriptor. */
uint8_t arena_pattern(uint32_t address);

/* Writes to[0] to to[PAGE - 1] what belongs at the page at address. */
void arena_pattern_page(void *to, uint32_t address);

#endif
