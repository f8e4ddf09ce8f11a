/*
 * The pure part of the program loader: reads and checks the headers of a static i386 ELF executable
 * (System V ABI, chapters 4 and 5; i386 supplement). Maps nothing. Thread context, as its reader
 * is.
 */
#ifndef KERNEL_ELF_H
#define KERNEL_ELF_H

#include "arch/i386/types.h"

#define ELF_MAX_SEGMENTS 16

/* Reads up to size bytes at offset of file; the bytes read, or -Exxx. */
typedef ssize_t (*elf_read)(void *file, uint32_t offset, void *buffer, size_t size);

/* A PT_LOAD. Segments ascend and share no page of memory. */
struct elf_segment {
    uint32_t address, memory_size;
    uint32_t offset, file_size;
    bool readable, writable, executable;
};

struct elf_image {
    bool relocatable; /* ET_DYN: a static PIE, whose addresses count from wherever it is put */
    bool executable_stack;
    uint32_t entry;
    uint32_t headers, nr_headers,
        header_size;    /* program headers in memory; address 0: not loaded */
    uint32_t low, high; /* first byte and first behind the last */
    unsigned nr_segments;
    struct elf_segment segments[ELF_MAX_SEGMENTS];
};

/* 0; -ENOEXEC for anything but a well-formed static i386 executable; or the reader's error. */
int elf_parse(elf_read read, void *file, uint32_t file_size, struct elf_image *image);

#endif
