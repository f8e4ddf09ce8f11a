/*
 * What is written: a file whose first line names its columns; then, for each operation
 * (user/bench/mark.h) of each cell and for each CPU, a line. The last line says `end` and how often
 * the model did not understand the guest, which makes it worthless unless it is 0.
 */
#ifndef SCRIPTS_PLUGIN_TLB_OPERATION_H
#define SCRIPTS_PLUGIN_TLB_OPERATION_H

#include <stdbool.h>
#include <stdint.h>

/* Once, before anything else. False if the file cannot be written. */
bool operation_write_to(const char *path);

/* instructions: how many have been executed so far. */
void operation_begin(uint64_t instructions);
void operation_end(uint64_t instructions);

void operation_next_cell(void);
void operation_write_end(void);

#endif
