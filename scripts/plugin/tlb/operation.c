#include "scripts/plugin/tlb/operation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "scripts/plugin/tlb/guest.h"
#include "scripts/plugin/tlb/machine.h"

static FILE *out;
static int cell = -1;

/* What the counters were when it began. */
static struct {
    bool running;
    uint64_t instructions, cr3_writes, count[MAX_MACHINES][MACHINE_EVENTS];
} begun;

bool operation_write_to(const char *path)
{
    out = fopen(path, "w");
    if (!out)
        return false;
    fprintf(out, "cell cpu instr cr3 pages pages-after-cr3");
    for (unsigned event = 0; event < MACHINE_EVENTS; event++)
        fprintf(out, " %s", machine_events[event]);
    fprintf(out, "\n");
    return true;
}

void operation_begin(uint64_t instructions)
{
    begun.running = true;
    begun.instructions = instructions;
    begun.cr3_writes = guest_cr3_writes;
    for (unsigned i = 0; i < nr_machines; i++)
        memcpy(begun.count[i], machines[i]->count, sizeof(begun.count[i]));
    guest_begin_pages();
}

void operation_end(uint64_t instructions)
{
    struct page_counts pages = guest_pages_since_begin();

    for (unsigned i = 0; begun.running && cell >= 0 && i < nr_machines; i++) {
        fprintf(out, "%d %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, cell, machines[i]->name,
                instructions - begun.instructions, guest_cr3_writes - begun.cr3_writes, pages.pages,
                pages.after_cr3);
        for (unsigned event = 0; event < MACHINE_EVENTS; event++)
            fprintf(out, " %" PRIu64, machines[i]->count[event] - begun.count[i][event]);
        fprintf(out, "\n");
    }
    begun.running = false;
}

void operation_next_cell(void)
{
    cell++;
}

void operation_write_end(void)
{
    fprintf(out, "end %" PRIu64 "\n", guest_unknown_cr3 + guest_disagreements);
    fclose(out);
}
