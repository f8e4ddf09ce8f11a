/*
 * What calls may meet beside memory: descriptors of known kinds, a scratch directory with a name of
 * each kind, a terminal. It is built once, made good after each run, and each run begins with the
 * same contents and positions.
 */
#ifndef USER_FUZZ_WORLD_H
#define USER_FUZZ_WORLD_H

#include <stdbool.h>
#include <stdint.h>

enum {
    FD_FIRST = 50,
    FD_ZERO = FD_FIRST,
    FD_NULL,
    FD_FULL,
    FD_FILE,    /* of WORLD_FILE_SIZE known bytes, without a name, open for reading */
    FD_SCRATCH, /* open for both, without a name */
    FD_READER,  /* of a pipe */
    FD_WRITER,
    FD_DIRECTORY,
    FD_MASTER, /* of a terminal */
    FD_SLAVE,
    FD_RECEIVE, /* of an endpoint, on Postern */
    FD_SEND,
    FD_END,
    FD_LOOSE = 100, /* numbers that a run may open and close as it likes */
    FD_LOOSE_END = 116,
};

#define WORLD_FILE_SIZE (3 * 4096 + 1234)

/* The byte at an offset of FD_FILE. */
uint8_t world_file_byte(uint32_t offset);

/* Makes it, in a directory of its own that is the current one afterwards; an error is said, and
 * false. portable: without what only Postern has. */
bool world_build(bool portable);

/* In the run's process, before its first step. */
void world_begin(void);

/* In the other process after a run: the names are what they were. */
void world_restore(void);

/* Contents, positions and flags of the descriptors that all runs share are what they were. */
void world_restore_descriptors(void);

/* Removes the directory. */
void world_leave(void);

/* Non-blocking, and so on: what the fuzzer expects of the world's descriptors. Of that one, or if
 * it is a loose one, which may be a duplicate, of all. */
void world_reset_flags(int fd);

#endif
